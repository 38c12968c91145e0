"""The conditions of a LlamaDeployment: each with a reason for programs and a message for people."""

from typing import Any, Final

from llamafleet.api.scalars import format_duration
from llamafleet.api.status import Condition
from llamafleet.errors import CleaningUp, Conflict, Forbidden, InvalidSpec, Rejected, Unavailable
from llamafleet.planning.coldstart import startup_seconds
from llamafleet.planning.drain import drain_time
from llamafleet.planning.plan import Plan
from llamafleet.rendering import hours, money, queue
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.statement import Statement, false, true

MESSAGE_LIMIT: Final = 2000
"""Characters of one message: enough for the arithmetic, little enough for a terminal."""

STALLED: Final = "Stalled"
"""What is absent while it is not so, as kstatus wants it."""

LASTING: Final = (Conflict, Forbidden, Rejected)
"""Failures of a write that last until somebody changes an object or a right."""

KEPT: Final = (hours.WINDOW_OPEN, money.WITHIN_BUDGET, money.CEILING)
"""What stays said while a spec is refused."""


def statements(fleet: Fleet) -> list[Statement]:
    """Every condition that holds something to say about this fleet."""
    if isinstance(fleet.plan, InvalidSpec):
        return _refused(fleet, fleet.plan)
    return [
        true("Sized", "Fits", fleet.plan.explanation),
        _ready(fleet, fleet.plan),
        _progressing(fleet, fleet.plan),
        _degraded(fleet),
        *_stalled(fleet, fleet.plan),
        *([hours.window_open(fleet.plan.case)] if hours.is_used(fleet.plan.case) else []),
        *money.statements(fleet.plan),
        *queue.statements(fleet, fleet.plan),
        *_odd(fleet),
        *_not_in_effect(fleet.plan),
    ]


def _refused(fleet: Fleet, error: InvalidSpec) -> list[Statement]:
    """Nothing could be planned: what ran before goes on, and the author reads why."""
    kept, reason = _meanwhile(fleet), type(error).__name__
    return [
        false("Sized", reason, f"{error}."),
        false("Ready", reason, f"{error}.{kept}"),
        false("Progressing", reason, "The spec has to be changed first."),
        true("Degraded", reason, f"{error}.{kept}"),
        true(STALLED, reason, f"{error}."),
        *_odd(fleet),
    ]


def _meanwhile(fleet: Fleet) -> str:
    """What goes on while a spec is refused."""
    if fleet.asleep:
        return " Until then there are zero replicas."
    return f" The pods of the last valid spec keep running ({fleet.ready} ready)." if fleet.pods else ""


def _ready(fleet: Fleet, plan: Plan) -> Statement:
    if fleet.failure is not None:
        return false("Ready", _failure_reason(fleet.failure), f"{fleet.failure}.")
    if plan.replicas == 0:
        return true("Ready", "ScaledToZero", plan.reasons[-1].message)
    count = f"{min(fleet.ready, plan.replicas)} of {plan.replicas} replicas are ready."
    if fleet.rollout.is_complete(plan.replicas):
        return true("Ready", "AllReplicasReady", f"{plan.replicas} of {plan.replicas} replicas are ready.")
    if fleet.cause is not None:
        return false("Ready", fleet.cause.reason, f"{count} {fleet.cause.message}")
    return false("Ready", *_on_the_way(fleet, plan, count))


def _progressing(fleet: Fleet, plan: Plan) -> Statement:
    if fleet.failure is not None:
        return true("Progressing", "Retrying", "The step that failed is tried again.")
    if len(fleet.pods) > plan.replicas:
        message = f"{len(fleet.pods)} replicas run, {plan.replicas} are wanted.{_resting(fleet, plan)}"
        return true("Progressing", "ScalingDown", message)
    if fleet.rollout.is_complete(plan.replicas):
        return false("Progressing", "Settled", "The fleet is as it should be.")
    return true("Progressing", *_on_the_way(fleet, plan, ""))


def _resting(fleet: Fleet, plan: Plan) -> str:
    """What becomes of the pods that finish their last requests."""
    count, schedule = len(fleet.pods) - len(fleet.serving), plan.case.spec.schedule
    time = format_duration(drain_time(schedule))
    verbs = "gets no new requests and goes" if count == 1 else "get no new requests and go"
    return f" {count} {verbs} once the last ones are answered, after {time} at the latest." if count else ""


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
        return true("Degraded", _failure_reason(fleet.failure), f"{fleet.failure}.")
    if fleet.cause is not None and fleet.cause.failed:
        return true("Degraded", fleet.cause.reason, fleet.cause.message)
    return false("Degraded", "AsExpected", "Nothing is known to be wrong.")


def _stalled(fleet: Fleet, plan: Plan) -> list[Statement]:
    """What only a person can mend, of a fleet that is not ready; no condition while there is nothing.

    Flux, Helm and every other tool that reads conditions by way of kstatus give up on True, so neither an API
    server that does not answer nor a server that ended once is a reason.
    """
    failure, cause = fleet.failure, fleet.cause
    if failure is not None:
        lasting = isinstance(failure, LASTING)
        return [true(STALLED, _failure_reason(failure), f"{failure}.")] if lasting else []
    is_ready = plan.replicas == 0 or fleet.rollout.is_complete(plan.replicas)
    if is_ready or cause is None or not cause.lasting:
        return []
    return [true(STALLED, cause.reason, cause.message)]


def _odd(fleet: Fleet) -> list[Statement]:
    """An annotation that cannot be read: what it asks for is not done."""
    return [] if fleet.odd is None else [false("AnnotationsValid", "InvalidAnnotation", f"{fleet.odd}.")]


def _not_in_effect(plan: Plan) -> list[Statement]:
    """Fields that are accepted and checked, and do nothing in this release: said aloud."""
    if not plan.not_in_effect:
        return []
    fields = ", ".join(plan.not_in_effect)
    message = f"These fields are valid but do nothing in this release: {fields}."
    return [false("FieldsInEffect", "NotYetInEffect", message)]


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


def conditions(fleet: Fleet, before: tuple[Condition, ...]) -> list[dict[str, Any]]:
    """The conditions as the API wants them; the time of one moves only when its status flips.

    Of a refused spec nothing new is known of hours and money: what was said last stays.
    """
    known = {condition.type: condition for condition in before}
    made = [_condition(statement, known.get(statement.type), fleet) for statement in statements(fleet)]
    if isinstance(fleet.plan, Plan):
        return made
    if fleet.asleep:
        said = known.get(hours.WINDOW_OPEN)
        return made if said is None else [*made, _condition(hours.window_shut(), said, fleet)]
    kept = [known[name] for name in KEPT if name in known]
    return made + [one.model_dump(mode="json", by_alias=True) for one in kept]


def _condition(statement: Statement, before: Condition | None, fleet: Fleet) -> dict[str, Any]:
    status = "Unknown" if statement.holds is None else str(statement.holds)
    kept = before is not None and before.status == status
    since = before.last_transition_time if before is not None and kept else fleet.now
    return {
        "type": statement.type,
        "status": status,
        "reason": statement.reason,
        "message": statement.message[:MESSAGE_LIMIT],
        "lastTransitionTime": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "observedGeneration": fleet.metadata.generation,
    }
