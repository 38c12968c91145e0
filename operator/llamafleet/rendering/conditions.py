"""The conditions of a LlamaDeployment: each with a reason for programs and a message for people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import PodSeen
from llamafleet.api.status import Condition
from llamafleet.errors import Conflict, Forbidden, InvalidSpec, Unavailable
from llamafleet.planning.diagnosis import Cause
from llamafleet.planning.plan import Plan
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


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the conditions speak about.

    Attributes:
        metadata: the resource's own metadata.
        plan: what should be, or why nothing could be planned.
        failure: what went wrong while the plan was applied, or None.
        pods: the pods that are not on their way out.
        cause: why pods are not well, or None.
    """

    metadata: ObjectMeta
    plan: Plan | InvalidSpec
    failure: Unavailable | None
    pods: tuple[PodSeen, ...]
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
        Statement("Sized", holds=True, reason="Fits", message=fleet.plan.explanation),
        _ready(fleet, fleet.plan),
        _progressing(fleet, fleet.plan),
        _degraded(fleet),
        *_not_in_effect(fleet.plan),
    ]


def _refused(fleet: Fleet, error: InvalidSpec) -> list[Statement]:
    """Nothing could be planned: what ran before goes on, and the author reads why."""
    kept = f" {fleet.ready} replicas of the last valid spec keep running." if fleet.pods else ""
    reason = type(error).__name__
    return [
        Statement("Sized", holds=False, reason=reason, message=f"{error}."),
        Statement("Ready", holds=False, reason=reason, message=f"{error}.{kept}"),
        Statement("Progressing", holds=False, reason=reason, message="The spec has to be changed first."),
        Statement("Degraded", holds=True, reason=reason, message=f"{error}.{kept}"),
    ]


def _ready(fleet: Fleet, plan: Plan) -> Statement:
    count = f"{fleet.ready} of {plan.replicas} replicas are ready"
    if fleet.failure is not None:
        return Statement(
            "Ready", holds=False, reason=_failure_reason(fleet.failure), message=f"{fleet.failure}."
        )
    if plan.replicas == 0:
        return Statement("Ready", holds=True, reason="ScaledToZero", message=f"{plan.reasons[-1].message}")
    if fleet.ready >= plan.replicas:
        return Statement("Ready", holds=True, reason="AllReplicasReady", message=f"{count}.")
    if fleet.cause is not None:
        return Statement(
            "Ready", holds=False, reason=fleet.cause.reason, message=f"{count}. {fleet.cause.message}"
        )
    return Statement("Ready", holds=False, reason="Starting", message=f"{count}. {_patience(plan)}")


def _progressing(fleet: Fleet, plan: Plan) -> Statement:
    settled = len(fleet.pods) == plan.replicas and fleet.ready == plan.replicas
    if settled and fleet.failure is None:
        return Statement(
            "Progressing", holds=False, reason="Settled", message="The fleet is as it should be."
        )
    if len(fleet.pods) > plan.replicas:
        message = f"{len(fleet.pods)} replicas run, {plan.replicas} are wanted."
        return Statement("Progressing", holds=True, reason="ScalingDown", message=message)
    return Statement("Progressing", holds=True, reason="Starting", message=_patience(plan))


def _degraded(fleet: Fleet) -> Statement:
    if fleet.failure is not None:
        return Statement(
            "Degraded", holds=True, reason=_failure_reason(fleet.failure), message=f"{fleet.failure}."
        )
    if fleet.cause is not None and fleet.cause.failed:
        return Statement("Degraded", holds=True, reason=fleet.cause.reason, message=fleet.cause.message)
    return Statement("Degraded", holds=False, reason="AsExpected", message="Nothing is known to be wrong.")


def _not_in_effect(plan: Plan) -> list[Statement]:
    """Fields that are accepted and checked, and do nothing in this release: said aloud."""
    if not plan.not_in_effect:
        return []
    fields = ", ".join(plan.not_in_effect)
    message = f"These fields are valid but do nothing in this release: {fields}."
    return [Statement("FieldsInEffect", holds=False, reason="NotYetInEffect", message=message)]


def _patience(plan: Plan) -> str:
    minutes = -(-startup_seconds(plan.shape) // 60)
    return f"A replica may take up to {minutes} minutes to load its weights."


def _failure_reason(failure: Unavailable) -> str:
    match failure:
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
