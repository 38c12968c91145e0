"""Whether a resource is as it should be: its status speaks of this spec and adds up, its children follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from exploration.mending import Json
from exploration.rendering import differences, plain, wish
from llamafleet.api.names import RESTING_ANNOTATION
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.plan import Plan

BUDGET: Final = "spec.cost.monthlyBudget"
"""A budget that pays for nothing ends a fleet that runs, by its own spec, and is refused from then on."""


@dataclass(frozen=True, slots=True)
class View:
    """What there is of one resource.

    Attributes:
        raw: the resource.
        children: by kind.
        pods: those that are not on their way out.
        pools: every GpuPool.
        now: when this was looked at, UTC.
    """

    raw: Json
    children: Mapping[str, Json]
    pods: Sequence[Json]
    pools: Sequence[Json]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def status(self) -> Json:
        """The status of the resource."""
        found: Json = self.raw.get("status", {})
        return found

    @property
    def wish(self) -> Plan | InvalidSpec:
        """The plan, or why there is none."""
        return wish(self.raw, self.pools, self.now, deployed="Deployment" in self.children)

    @property
    def relevant(self) -> str:
        """The pools that it may use, as they stand now."""
        named = self.raw["spec"].get("gpu", {}).get("pools")
        there = {pool["metadata"]["name"]: pool["spec"] for pool in self.pools}
        return repr(sorted((name, spec) for name, spec in there.items() if not named or name in named))

    def condition(self, kind: str) -> Json:
        """One condition; empty while there is none."""
        return next((one for one in self.status.get("conditions", ()) if one["type"] == kind), {})


def problems(view: View, before: View | None) -> list[str]:
    """What is not as it should be, or not yet.

    Args:
        view: what there is.
        before: what there was when the last step began; None: nothing.
    """
    late = _late(view)
    if late:
        return late
    found = view.wish
    if isinstance(found, InvalidSpec):
        return _refused(view, found, before) + inconsistencies(view)
    if view.condition("Sized").get("status") != "True":
        return [f"there is a plan, yet Sized says {view.condition('Sized')}"]
    if view.condition("Progressing").get("reason") == "Retrying":
        return [f"a step failed and is tried again: {view.condition('Ready')['message']}"]
    resting = sum(RESTING_ANNOTATION in pod["metadata"].get("annotations", {}) for pod in view.pods)
    return differences(view.raw, found, dict(view.children), resting) + inconsistencies(view)


def _late(view: View) -> list[str]:
    """Whatever speaks of an older spec."""
    generation = view.raw["metadata"]["generation"]
    seen = {"status": view.status.get("observedGeneration", -1)}
    seen |= {one["type"]: one["observedGeneration"] for one in view.status.get("conditions", ())}
    if isinstance(view.status.get("conditions"), list) and view.condition("Sized").get("status") != "True":
        # What was said of hours and money before a spec was refused stays said, of that spec.
        seen = {
            name: at
            for name, at in seen.items()
            if name not in {"WindowOpen", "WithinBudget", "CeilingWithinBudget"}
        }
    return [
        f"{name} speaks of generation {at} of {generation}" for name, at in seen.items() if at != generation
    ]


def _refused(view: View, error: InvalidSpec, before: View | None) -> list[str]:
    """A refused spec is said aloud, with field, value and rule, and changes nothing but to sleep."""
    sized, text = view.condition("Sized"), f"{error}."[:2000]
    found = []
    if (sized.get("status"), sized.get("reason")) != ("False", type(error).__name__):
        found.append(f"the spec is refused ({error}), yet Sized says {sized}")
    elif sized["message"] != text:
        found.append(f"the spec is refused ({error}), yet Sized says {sized['message']}")
    is_spent = error.field == BUDGET and not view.status.get("desiredReplicas")
    if before is None or before.relevant != view.relevant or is_spent:
        return found
    sleeps = view.status.get("desiredReplicas") == 0 != before.status.get("desiredReplicas")
    was, now = (plain(dict(one.children), counts=not sleeps) for one in (before, view))
    return found + [f"{kind} changed with a refused spec" for kind in was if was[kind] != now.get(kind)]


def comparable(first: View, again: View) -> bool:
    """Whether the children of both times must be the same: not without a plan, nor among other pools."""
    is_planned = all(isinstance(one.wish, Plan) for one in (first, again))
    return is_planned and first.relevant == again.relevant


def keeps_its_shape(first: View, again: View) -> bool:
    """Whether a fleet that runs came back from B in another shape than it left in, as it may.

    It keeps its shape while that fits, though another is cheaper, until it is at zero.
    """
    return comparable(first, again) and _shape(first) != _shape(again)


def _shape(view: View) -> list[Any]:
    plan = view.status.get("plan", {})
    return [
        plan.get(name)
        for name in ("pool", "quantization", "tensorParallel", "pipelineParallel", "checkpoint")
    ]


def came_back(first: View, again: View) -> list[str]:
    """What is not as it was at the first A."""
    counts = first.status.get("desiredReplicas") == again.status.get("desiredReplicas")
    was, now = (plain(dict(one.children), counts=counts) for one in (first, again))
    return [
        f"{kind} was {was.get(kind)}, is {now.get(kind)}"
        for kind in {*was, *now}
        if was.get(kind) != now.get(kind)
    ]


def inconsistencies(view: View) -> list[str]:
    """Numbers of the status that contradict each other or the schema."""
    status = view.status
    try:
        LlamaDeploymentStatus.model_validate(
            status, strict=False, extra="forbid", by_alias=True, by_name=False
        )
    except ValidationError as error:
        return [f"the status is not of its schema: {error}"]
    return [text for text, holds in _sums(status).items() if not holds]


def _sums(status: Json) -> dict[str, bool]:
    """Statements about a status, and whether each holds."""
    desired, reasons = status.get("desiredReplicas", 0), status.get("reasons", [])
    cost, plan = status.get("cost", {}), status.get("plan", {})
    types = [one["type"] for one in status.get("conditions", [])]
    is_planned = any(
        one["type"] == "Sized" and one["status"] == "True" for one in status.get("conditions", [])
    )
    each, rate = plan.get("hourlyUsdPerReplica"), cost.get("hourlyRate")
    due = None if each is None else Decimal(each) * desired
    cents = Decimal("0.01") * (desired + 1)  # each of both is rounded to what people read
    meters = cost.get("ledger", {}).get("meters", [])
    return {
        "readyReplicas > replicas": status.get("readyReplicas", 0) <= status.get("replicas", 0),
        "the last reason is not desiredReplicas": not is_planned
        or [one["replicas"] for one in reasons[-1:]] == [desired],
        f"hourlyRate {rate} is not {desired} x {each}": not is_planned
        or rate == due
        or (rate is not None and due is not None and abs(Decimal(rate) - due) <= cents),
        "a condition is there twice": len(types) == len(set(types)),
        "a pod is paid for twice": len(meters) == len({one["uid"] for one in meters}),
        "there is no condition": bool(types),
    }


def explained(error: Any) -> str:
    """One line for a list of problems."""
    return "; ".join(str(one) for one in error)
