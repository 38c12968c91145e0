"""Whether a LlamaDeployment lets a request wait, and if not, why and until when.

It is read from what the operator has said in the status. What was said of an older spec says nothing: then
the request waits.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from llamafleet.api.base import Record
from llamafleet.api.cost import Cost, OnExhausted
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.scalars import Timestamp
from llamafleet.api.status import Condition, StatusColdStart, StatusReason, StatusSchedule
from llamafleet.planning.within_budget import STEP
from llamafleet.rendering.hours import WINDOW_OPEN
from llamafleet.rendering.money import WITHIN_BUDGET

BY_HAND_SECONDS: Final = 300
"""When to try again if a person has to act first: nobody knows, so seldom."""

BUDGET_SECONDS: Final = 3600
"""When to try again if the money is spent: the month may have weeks to go, or the budget be raised today."""


@dataclass(frozen=True, slots=True)
class Shut:
    """Why no replica will come.

    Attributes:
        code: the reason in one word.
        why: the rest of a sentence that begins with the fleet's name.
        until: when it opens, UTC; None: not known.
        retry_seconds: when to try again if that is not known.
        warming: whether its replicas are on the way already.
    """

    code: str
    why: str
    until: datetime | None = None
    retry_seconds: int = BY_HAND_SECONDS
    warming: bool = False

    def holds(self, now: datetime, patience_seconds: float) -> bool:
        """Whether a request is refused for it: not when it may be open by now, nor when it soon will."""
        if self.until is None:
            return True
        wait = (self.until - now).total_seconds()
        return wait > (patience_seconds if self.warming else 0)

    def wait_seconds(self, now: datetime) -> float:
        """When to try again."""
        return self.retry_seconds if self.until is None else (self.until - now).total_seconds()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the waker keeps of one LlamaDeployment.

    Attributes:
        uid: its uid.
        resource_version: the version that this was read from.
        created: when it was created, in seconds since 1970.
        shut: why no replica will come; None: one may.
        cold_start_seconds: how long 95 of 100 of its replicas took to become ready; None: none did yet.
    """

    uid: str
    resource_version: str
    created: int = 0
    shut: Shut | None = None
    cold_start_seconds: int | None = None


class _Metadata(ObjectMeta):
    creation_timestamp: Timestamp | None = None
    """When the API server created it."""


class _Spec(Record):
    suspend: bool = False
    """As in the API."""

    replicas: int | None = None
    """As in the API."""

    cost: Cost | None = None
    """As in the API."""


class _Status(Record):
    observed_generation: int = -1
    """As in the API."""

    conditions: tuple[Condition, ...] = ()
    """As in the API."""

    reasons: tuple[StatusReason, ...] = ()
    """As in the API."""

    schedule: StatusSchedule | None = None
    """As in the API."""

    cold_start: StatusColdStart | None = None
    """As in the API."""

    def condition(self, kind: str) -> Condition | None:
        return next((one for one in self.conditions if one.type == kind), None)

    def is_false(self, kind: str) -> bool:
        said = self.condition(kind)
        return said is not None and said.status == "False"


class _Glance(Record):
    """What is read of a LlamaDeployment: no more, for there may be thousands, and each changes often."""

    metadata: _Metadata
    """As in the API."""

    spec: _Spec
    """As in the API."""

    status: _Status = _Status()
    """As in the API."""


def standing(raw: dict[str, Any]) -> Standing:
    """What an object of the API server says. One that cannot be read lets requests wait."""
    metadata = raw["metadata"]
    try:
        seen = _Glance.model_validate(raw)
    except ValidationError:
        return Standing(metadata["uid"], metadata["resourceVersion"])
    made, start = seen.metadata.creation_timestamp, seen.status.cold_start
    return Standing(
        seen.metadata.uid,
        seen.metadata.resource_version,
        0 if made is None else int(made.timestamp()),
        _shut(seen),
        None if start is None else start.p95_seconds,
    )


def _shut(seen: _Glance) -> Shut | None:
    """The first reason, in the order in which a caller would ask."""
    if seen.spec.suspend:
        return Shut("fleet_suspended", "is suspended by its owner.")
    if seen.spec.replicas == 0:
        return Shut("fleet_at_zero", "is set to zero replicas, and a request does not change that.")
    status = seen.status
    if status.observed_generation != seen.metadata.generation:
        return None
    if status.is_false("Sized"):
        return Shut("fleet_refused", "cannot run as it is specified; its owner has to change that first.")
    return _closed(status) or _unpaid(seen)


def _closed(status: _Status) -> Shut | None:
    if status.schedule is None or status.schedule.open:
        return None
    said = status.condition(WINDOW_OPEN)
    why = f"is closed. {said.message}" if said and said.message else "is closed."
    warming = said is not None and said.reason == "PreWarming"
    return Shut("fleet_closed", why, status.schedule.next_transition, warming=warming)


def _unpaid(seen: _Glance) -> Shut | None:
    """The money is spent, and that means zero replicas: told by the spec, or by the last decision."""
    if not seen.status.is_false(WITHIN_BUDGET):
        return None
    cost = seen.spec.cost
    spent = (said := seen.status.condition(WITHIN_BUDGET)) is not None and said.reason == "BudgetExhausted"
    stops = cost is not None and cost.on_exhausted is OnExhausted.SHUTDOWN
    if (spent and stops) or _to_zero_by_budget(seen.status.reasons):
        return Shut("budget_exhausted", "has no budget left to run on.", retry_seconds=BUDGET_SECONDS)
    return None


def _to_zero_by_budget(reasons: tuple[StatusReason, ...]) -> bool:
    """Whether the step of the budget took the last replica away."""
    before = 0
    for reason in reasons:
        if reason.step == STEP:
            return before > 0 and reason.replicas == 0
        before = reason.replicas
    return False
