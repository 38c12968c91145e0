"""The conditions of a LlamaDeployment: each with a reason for programs and a message for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import PodSeen
from llamafleet.api.status import Condition
from llamafleet.errors import CleaningUp, Conflict, Forbidden, InvalidSpec, Unavailable
from llamafleet.planning.diagnosis import Cause
from llamafleet.planning.plan import Plan
from llamafleet.planning.rollout import Rollout
from llamafleet.rendering.probes import startup_seconds

MESSAGE_LIMIT: Final = 2000
"""Characters of one message: enough for the arithmetic, little enough for a terminal."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One condition before it gets its times."""

    type: str
    holds: bool
    reason: str
    message: str


def _true(type_: str, reason: str, message: str) -> Statement:
    return Statement(type_, holds=True, reason=reason, message=message)


def _false(type_: str, reason: str, message: str) -> Statement:
    return Statement(type_, holds=False, reason=reason, message=message)


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the conditions speak about.

    Attributes:
        metadata: the resource's own metadata.
        plan: what should be, or why nothing could be planned.
        failure: what went wrong while the plan was applied, or None.
        pods: the pods that are not on their way out.
        rollout: how far the Deployment has come.
        cause: why pods are not well, or None.
    """

    metadata: ObjectMeta
    plan: Plan | InvalidSpec
    failure: Unavailable | None
    pods: tuple[PodSeen, ...]
    rollout: Rollout
    cause: Cause | None

    @property
    def ready(self) -> int:
        """How many pods answer requests."""
        return sum(pod.ready for pod in self.pods)


def statements(fleet: Fleet) -> list[Statement]:
    """Every condition that holds something to say about this fleet."""
    if isinstance(fleet.plan, InvalidSpec):
        return _refused(fleet, fleet.plan)
    return [
        _true("Sized", "Fits", fleet.plan.explanation),
        _ready(fleet, fleet.plan),
        _progressing(fleet, fleet.plan),
        _degraded(fleet),
        *_not_in_effect(fleet.plan),
    ]


def _refused(fleet: Fleet, error: InvalidSpec) -> list[Statement]:
    """Nothing could be planned: what ran before goes on, and the author reads why."""
    kept = f" The pods of the last valid spec keep running ({fleet.ready} ready)." if fleet.pods else ""
    reason = type(error).__name__
    return [
        _false("Sized", reason, f"{error}."),
        _false("Ready", reason, f"{error}.{kept}"),
        _false("Progressing", reason, "The spec has to be changed first."),
        _true("Degraded", reason, f"{error}.{kept}"),
    ]


def _ready(fleet: Fleet, plan: Plan) -> Statement:
    if fleet.failure is not None:
        return _false("Ready", _failure_reason(fleet.failure), f"{fleet.failure}.")
    if plan.replicas == 0:
        return _true("Ready", "ScaledToZero", plan.reasons[-1].message)
    count = f"{min(fleet.ready, plan.replicas)} of {plan.replicas} replicas are ready."
    if fleet.rollout.is_complete(plan.replicas):
        return _true("Ready", "AllReplicasReady", f"{plan.replicas} of {plan.replicas} replicas are ready.")
    if fleet.cause is not None:
        return _false("Ready", fleet.cause.reason, f"{count} {fleet.cause.message}")
    return _false("Ready", *_on_the_way(fleet, plan, count))


def _progressing(fleet: Fleet, plan: Plan) -> Statement:
    if fleet.failure is not None:
        return _true("Progressing", "Retrying", "The step that failed is tried again.")
    if len(fleet.pods) > plan.replicas:
        message = f"{len(fleet.pods)} replicas run, {plan.replicas} are wanted."
        return _true("Progressing", "ScalingDown", message)
    if fleet.rollout.is_complete(plan.replicas):
        return _false("Progressing", "Settled", "The fleet is as it should be.")
    return _true("Progressing", *_on_the_way(fleet, plan, ""))


def _on_the_way(fleet: Fleet, plan: Plan, count: str) -> tuple[str, str]:
    """Reason and message while pods of the present template are still to come."""
    minutes = -(-startup_seconds(plan.shape) // 60)
    patience = f"A replica may take up to {minutes} minutes to load its weights."
    rollout = fleet.rollout
    if fleet.pods and (not rollout.current or rollout.updated < plan.replicas):
        updated = rollout.updated if rollout.current else 0
        message = f"{count} {updated} of {plan.replicas} run the present spec. {patience}"
        return "RollingOut", message.lstrip()
    return "Starting", f"{count} {patience}".lstrip()


def _degraded(fleet: Fleet) -> Statement:
    if fleet.failure is not None and not isinstance(fleet.failure, CleaningUp):
        return _true("Degraded", _failure_reason(fleet.failure), f"{fleet.failure}.")
    if fleet.cause is not None and fleet.cause.failed:
        return _true("Degraded", fleet.cause.reason, fleet.cause.message)
    return _false("Degraded", "AsExpected", "Nothing is known to be wrong.")


def _not_in_effect(plan: Plan) -> list[Statement]:
    """Fields that are accepted and checked, and do nothing in this release: said aloud."""
    if not plan.not_in_effect:
        return []
    fields = ", ".join(plan.not_in_effect)
    message = f"These fields are valid but do nothing in this release: {fields}."
    return [_false("FieldsInEffect", "NotYetInEffect", message)]


def _failure_reason(failure: Unavailable) -> str:
    match failure:
        case CleaningUp():
            return "CleaningUp"
        case Conflict():
            return "NameConflict"
        case Forbidden():
            return "Forbidden"
        case _:
            return "ApplyFailed"


def conditions(fleet: Fleet, before: tuple[Condition, ...], now: datetime) -> list[dict[str, Any]]:
    """The conditions as the API wants them; the time of one moves only when its status flips."""
    known = {condition.type: condition for condition in before}
    return [_condition(statement, known.get(statement.type), fleet, now) for statement in statements(fleet)]


def _condition(statement: Statement, before: Condition | None, fleet: Fleet, now: datetime) -> dict[str, Any]:
    status = str(statement.holds)
    kept = before is not None and before.status == status
    since = before.last_transition_time if before is not None and kept else now
    return {
        "type": statement.type,
        "status": status,
        "reason": statement.reason,
        "message": statement.message[:MESSAGE_LIMIT],
        "lastTransitionTime": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "observedGeneration": fleet.metadata.generation,
    }
