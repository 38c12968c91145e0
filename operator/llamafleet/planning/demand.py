"""What is asked for: by the author, by an external autoscaler, or by the queue."""

from dataclasses import dataclass, replace
from datetime import timedelta

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.scaling import Scaling
from llamafleet.planning.scaling.pace import pace
from llamafleet.planning.scaling.policy import decide
from llamafleet.planning.scaling.signals import Signals, Terms
from llamafleet.planning.scaling.slots import slots
from llamafleet.planning.schedule.opening import Opening
from llamafleet.planning.situation import Demand, Observation, Reason
from llamafleet.planning.sizing.shape import Shape

STEP = "demand"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the queue is judged by.

    Attributes:
        shape: one replica.
        opening: whether the schedule is open.
        cold_start: how long a replica takes from its node to its first answer.
    """

    shape: Shape
    opening: Opening
    cold_start: timedelta


def demand(spec: LlamaDeploymentSpec, seen: Observation, ground: Ground) -> Demand:
    """What is asked for, before any bound."""
    if spec.replicas is not None:
        reason = Reason(STEP, spec.replicas, f"spec.replicas asks for {spec.replicas}.")
    elif spec.scaling is None:
        reason = Reason(STEP, 1, "One replica, because neither spec.replicas nor spec.scaling is given.")
    else:
        return _of_queue(spec.scaling, seen, ground)
    return Demand(reason, seen.memory)


def _of_queue(scaling: Scaling, seen: Observation, ground: Ground) -> Demand:
    """What the queue asks for, as far as there are GPUs."""
    signals = _expected(seen, ground)
    if signals is None:
        return Demand(_unread(seen), seen.memory)
    verdict = decide(signals, seen.memory, _terms(scaling, seen, ground))
    reason = Reason(STEP, verdict.replicas, verdict.message)
    room = seen.room
    if room is not None and room.replicas < verdict.replicas:
        reason = Reason(STEP, room.replicas, f"{verdict.message} {room.message}")
    return Demand(reason, verdict.memory)


def _unread(seen: Observation) -> Reason:
    """Without a reading the count is held.

    Zero is held only where the queue itself had asked for it: a fleet that was closed must come back.
    """
    if not seen.replicas and not seen.slept:
        return Reason(STEP, 1, "There is no queue reading, so the fleet starts with 1.")
    count = seen.replicas or 0
    return Reason(STEP, count, f"There is no queue reading, so the fleet stays at {count}.")


def _terms(scaling: Scaling, seen: Observation, ground: Ground) -> Terms:
    low, _ = ground.opening.bounds.over(scaling.min_replicas, scaling.max_replicas)
    return Terms(
        now=seen.now,
        replicas=seen.replicas,
        low=low,
        queue_depth=scaling.queue_depth,
        scale_down_delay_seconds=_seconds(scaling.scale_down_delay),
        idle_timeout_seconds=_seconds(scaling.idle_timeout),
        cold_start_seconds=ground.cold_start.total_seconds(),
        slots=slots(ground.shape),
        can_wake=seen.can_wake,
        pace=pace(ground.shape),
    )


def _seconds(delay: timedelta | None) -> float | None:
    return None if delay is None else delay.total_seconds()


def _expected(seen: Observation, ground: Ground) -> Signals | None:
    """What was read. An opening counts as a request until a replica is ready: a window wakes its fleet."""
    signals, opening = seen.signals, ground.opening
    if signals is None or signals.ready or signals.waiting or not _opens(seen, opening):
        return signals
    return replace(signals, waiting=1)


def _opens(seen: Observation, opening: Opening) -> bool:
    """Whether a window has just opened, or will in a moment, or the replicas for it are on their way."""
    if opening.warming:
        return True
    return opening.open and opening.since is not None and (seen.was_closed or bool(seen.replicas))
