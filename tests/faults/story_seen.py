"""What the API server shows of fleets, and of each what does not depend on its name or on the second."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from llamafleet.api.names import (
    APPLIED_ANNOTATION,
    DELETION_COST_ANNOTATION,
    DEPLOYMENT_LABEL,
    NAME_LABEL,
    TEMPLATE_SEAL_ANNOTATION,
)
from llamafleet.api.observed import Key
from llamafleet.planning.within_budget import STEP as BUDGET
from testbed.cluster import Cluster

Json = dict[str, Any]

CHILDREN: Final = ("Deployment", "Service", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget")
KINDS: Final = "llama,deployment,service,serviceaccount,networkpolicy,poddisruptionbudget,pod,event"
NAME: Final = "fleet"
"""What every fleet of a story is called, in a namespace of its own."""

DIGESTS: Final = frozenset({APPLIED_ANNOTATION, TEMPLATE_SEAL_ANNOTATION})
"""Annotations that differ where name, namespace or uid does."""

MOVING: Final = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:]+Z?|\d\d:\d\d|\d+\.\d+")
"""Instants and sums in a sentence."""


@dataclass(slots=True)
class Seen:
    """One fleet at one look.

    Attributes:
        llama: the resource; None: there is none.
        children: by kind.
        pods: of the fleet, by name.
        events: about the resource.
    """

    llama: Json | None = None
    children: dict[str, Json] = field(default_factory=dict)
    pods: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)

    @property
    def status(self) -> Json:
        """Of the resource; empty while there is none."""
        found: Json = (self.llama or {}).get("status", {})
        return found

    @property
    def ledger(self) -> Json:
        """Of the resource; empty while there is none."""
        found: Json = self.status.get("cost", {}).get("ledger", {})
        return found

    def holds(self, kind: str, reason: str) -> bool:
        """Whether a condition of the present generation has this reason."""
        generation = (self.llama or {}).get("metadata", {}).get("generation")
        return any(
            (one["type"], one["reason"], one.get("observedGeneration")) == (kind, reason, generation)
            for one in self.status.get("conditions", [])
        )

    def take(self, one: Json) -> None:
        """File an object where it belongs."""
        kind = one["kind"]
        if kind == "LlamaDeployment":
            self.llama = one
        elif kind in CHILDREN:
            self.children[kind] = one
        elif kind == "Pod":
            self.pods.append(one)
        elif kind == "Event" and one["involvedObject"]["kind"] == "LlamaDeployment":
            self.events.append(one)


def look(cluster: Cluster) -> dict[Key, Seen]:
    """Every fleet, by namespace and name; pods by name."""
    found: dict[Key, Seen] = {}
    items = json.loads(cluster.kubectl("get", KINDS, "--all-namespaces", "-o", "json"))["items"]
    for one in sorted(items, key=lambda item: str(item["metadata"]["name"])):
        found.setdefault(Key(one["metadata"]["namespace"], _fleet(one)), Seen()).take(one)
    return found


def _fleet(one: Json) -> str:
    """The name of the fleet that an object is of, or would be of."""
    metadata = one["metadata"]
    if one["kind"] == "Event":
        return str(one["involvedObject"].get("name"))
    return str(metadata.get("labels", {}).get(DEPLOYMENT_LABEL, metadata["name"]))


def left(seen: Seen, namespace: str) -> Json:
    """What must be the same in every run of a story."""
    found = {
        "children": {kind: _child(one) for kind, one in sorted(seen.children.items())},
        "status": _status(seen.status),
        "events": sorted((one["type"], one["reason"], one.get("count")) for one in seen.events),
        "pods": sorted(_pod(pod) for pod in seen.pods),
    }
    same: Json = json.loads(json.dumps(found).replace(namespace, "here"))
    return same


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where two of these differ, one line each."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in sorted(wanted.keys() | found.keys()):
            yield from differences(wanted.get(name), found.get(name), f"{path}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, pair in enumerate(zip(wanted, found, strict=True)):
            yield from differences(*pair, f"{path}[{number}]")
    elif wanted != found:
        yield f"{path}: {found!r} instead of {wanted!r}"


def _child(raw: Json) -> Json:
    metadata = raw["metadata"]
    ours = {
        name: "" if name in DIGESTS else value
        for name, value in metadata.get("annotations", {}).items()
        if "llamafleet" in name
    }
    owners = [{**one, "uid": ""} for one in metadata.get("ownerReferences", [])]
    spec = {name: value for name, value in raw.get("spec", {}).items() if not name.startswith("clusterIP")}
    return {
        "spec": spec,
        "token": raw.get("automountServiceAccountToken"),
        "labels": metadata.get("labels"),
        "annotations": ours,
        "owners": owners,
    }


def _pod(raw: Json) -> tuple[str, str, str, bool]:
    metadata = raw["metadata"]
    conditions = raw.get("status", {}).get("conditions", [])
    return (
        metadata["labels"].get(NAME_LABEL, ""),
        metadata.get("annotations", {}).get(DELETION_COST_ANNOTATION, "0"),  # as a ReplicaSet reads it
        raw["spec"]["containers"][0]["image"],
        any(one["type"] == "Ready" and one["status"] == "True" for one in conditions),
    )


def _status(status: Json) -> Json:
    kept = {name: status[name] for name in status if name not in {"cost", "queue", "scaling", "coldStart"}}
    told = status.get("cost", {}).get("ledger", {}).get("told", {}).get("percent")
    text = json.dumps(
        {
            **kept,
            "conditions": [_timeless(one) for one in status.get("conditions", [])],
            "reasons": [_timeless(one) for one in status.get("reasons", [])],
            "cost": (status.get("cost", {}).get("hourlyRate"), told, len(_meters(status))),
        }
    )
    masked: Json = json.loads(MOVING.sub("#", text))
    return masked


def _timeless(said: Json) -> Json:
    """A condition or a reason without its instant, and without words of money.

    Those are not written again when only they have changed, and say what was so when the rest was new.
    """
    of_money = "Budget" in said.get("type", "") or said.get("step") == BUDGET
    words = {"message": ""} if of_money or said.get("reason") == "ScaledToZero" else {}
    return {**said, "lastTransitionTime": "", **words}


def _meters(status: Json) -> list[Json]:
    found: list[Json] = status.get("cost", {}).get("ledger", {}).get("meters", [])
    return found
