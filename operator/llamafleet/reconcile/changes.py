"""What one look has changed, and the one line of the log that says so. A quiet look says nothing.

A program reads the fields, a person the message. Neither has anything of a pod's environment, arguments or
answers in it: what a decision was made of is in its reasons.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from llamafleet.api.names import APPLIED_ANNOTATION
from llamafleet.api.observed import ChildSeen
from llamafleet.api.status import StatusPlan
from llamafleet.errors import InvalidSpec
from llamafleet.planning.plan import Plan
from llamafleet.reconcile.decide import Decided
from llamafleet.reconcile.seen import Seen

SAID: Final = {
    "create": "created",
    "change": "changed",
    "repair": "repaired",
    "rest": "taken out of the Service",
    "serve": "put back into the Service",
}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Changes:
    """What was written until now.

    Attributes:
        writes: why and what, in order, such as ``("create", "Deployment")``.
        replicas: what the Deployment was told to have, when it was told.
    """

    writes: list[tuple[str, str]] = field(default_factory=list)
    replicas: int | None = None

    def child(self, intent: Mapping[str, Any], known: ChildSeen | None) -> None:
        """A child was written: it was new, or we want something else, or somebody else has changed it."""
        kind = intent["kind"]
        asked = intent["metadata"]["annotations"].get(APPLIED_ANNOTATION)
        reason = "create" if known is None else "repair" if known.applied == asked else "change"
        self.writes.append((reason, kind))
        if kind == "Deployment":
            self.replicas = intent["spec"]["replicas"]

    def pod(self, reason: str, name: str) -> None:
        """A pod was told to rest, or to serve again."""
        self.writes.append((reason, f"Pod {name}"))


def tell(seen: Seen, decided: Decided, changes: Changes) -> None:
    """Write the line, if there is anything to tell."""
    refusal = _new_refusal(seen, decided.wish)
    if not changes.writes and refusal is None:
        return
    fields = {**_replicas(seen, changes), **_why(seen, decided.wish, refusal)}
    words = [_of_replicas(fields), *_of_writes(changes), refusal or ""]
    metadata = seen.metadata
    log.info(
        "%s/%s: %s",
        metadata.namespace,
        metadata.name,
        "; ".join(part for part in words if part),
        extra={
            "object": {
                "kind": "LlamaDeployment",
                "namespace": metadata.namespace,
                "name": metadata.name,
                "uid": metadata.uid,
            },
            "generation": metadata.generation,
            "writes": [f"{why} {what}" for why, what in changes.writes],
            **fields,
        },
    )


def _replicas(seen: Seen, changes: Changes) -> dict[str, Any]:
    """How many there were to be, and how many there are to be now; nothing when that did not change."""
    deployment = seen.children.get("Deployment")
    before = None if deployment is None else orjson.loads(deployment.body)["spec"].get("replicas")
    if changes.replicas is None or changes.replicas == before:
        return {}
    return {"replicas": {"from": before, "to": changes.replicas}}


def _of_replicas(fields: Mapping[str, Any]) -> str:
    if "replicas" not in fields:
        return ""
    before, now = fields["replicas"]["from"], fields["replicas"]["to"]
    return f"replicas {now}" if before is None else f"replicas {before} → {now}"


def _of_writes(changes: Changes) -> Iterator[str]:
    for why, said in SAID.items():
        kinds = [what for reason, what in changes.writes if reason == why]
        if kinds:
            yield f"{said}: {', '.join(kinds)}"


def _why(seen: Seen, wish: Plan | InvalidSpec, refusal: str | None) -> dict[str, Any]:
    """The shape and the chain of reasons; without a plan, the refusal."""
    if isinstance(wish, InvalidSpec):
        return {} if refusal is None else {"refused": refusal}
    shape, plan = wish.shape, seen.last_status.plan
    now = _shape(shape.quantization, shape.gpus, shape.pool.gpu.key, shape.pool.name)
    before = _shape_of(plan) if plan is not None else None
    reasons = [{"step": one.step, "replicas": one.replicas, "message": one.message} for one in wish.reasons]
    return {
        "shape": now,
        **({"shape_before": before} if before not in {None, now} else {}),
        "reasons": reasons,
    }


def _shape_of(plan: StatusPlan) -> str | None:
    """The shape in a status; None when it does not tell."""
    if plan.gpus_per_replica is None:
        return None
    return _shape(plan.quantization, plan.gpus_per_replica, plan.gpu, plan.pool)


def _shape(quantization: str, gpus: int, gpu: str, pool: str) -> str:
    return f"{quantization} on {gpus} x {gpu} of pool {pool}"


def _new_refusal(seen: Seen, wish: Plan | InvalidSpec) -> str | None:
    """Why the spec is refused, when that was not said yet."""
    if not isinstance(wish, InvalidSpec):
        return None
    last = seen.last_status
    refused = any(one.type == "Sized" and one.status == "False" for one in last.conditions)
    return None if refused and last.observed_generation == seen.metadata.generation else str(wish)
