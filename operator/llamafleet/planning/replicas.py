"""How many replicas: a chain of rules, each of which maps a count to a count and says why.

The order is the policy: a later rule has the last word. Nothing here reads a queue, a clock or a budget.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.sizing.shape import RunningShape


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule of the chain decided.

    Attributes:
        step: the rule's name.
        replicas: the count after it.
        message: why, in plain words.
    """

    step: str
    replicas: int
    message: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen when the decision was made.

    Attributes:
        now: the instant, UTC.
        replicas: how many replicas were wanted last; None when there is no Deployment yet.
        running: the shape of the replicas that run; None when none were wanted last.
    """

    now: datetime
    replicas: int | None
    running: RunningShape | None = None


Rule = Callable[[LlamaDeploymentSpec, Observation, int], Reason | None]
"""A rule says nothing when its field is not used."""


def demand(spec: LlamaDeploymentSpec, seen: Observation, _count: int) -> Reason:
    """What is asked for: spec.replicas, else what there is, because no queue is read yet."""
    if spec.replicas is not None:
        return Reason("demand", spec.replicas, f"spec.replicas asks for {spec.replicas}.")
    if spec.scaling is None:
        return Reason("demand", 1, "One replica, because neither spec.replicas nor spec.scaling is given.")
    if not seen.replicas:
        # Zero is no demand either: a fleet that was suspended must come back.
        return Reason("demand", 1, "There is no queue reading, so the fleet starts with 1.")
    return Reason(
        "demand", seen.replicas, f"There is no queue reading, so the fleet stays at {seen.replicas}."
    )


def within_bounds(spec: LlamaDeploymentSpec, _seen: Observation, count: int) -> Reason | None:
    """What spec.scaling allows."""
    if spec.scaling is None:
        return None
    low, high = spec.scaling.min_replicas, spec.scaling.max_replicas
    return Reason("within_bounds", min(max(count, low), high), f"spec.scaling allows {low} to {high}.")


def suspended(spec: LlamaDeploymentSpec, _seen: Observation, _count: int) -> Reason | None:
    """Zero while the author suspends the fleet."""
    return Reason("suspended", 0, "spec.suspend is true.") if spec.suspend else None


CHAIN: tuple[Rule, ...] = (
    demand,  # what is asked for
    within_bounds,  # what the author insists on
    suspended,  # zero
)


def decide(spec: LlamaDeploymentSpec, seen: Observation) -> tuple[Reason, ...]:
    """The reasons of every rule that had something to say; the last one carries the decision."""
    count, reasons = 0, []
    for rule in CHAIN:
        reason = rule(spec, seen, count)
        if reason is not None:
            count = reason.replicas
            reasons.append(reason)
    return tuple(reasons)
