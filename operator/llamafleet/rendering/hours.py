"""What people are told of the schedule: the condition WindowOpen, and the events of opening and closing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from llamafleet.api.scalars import format_duration, format_timestamp
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.schedule.checks import too_short
from llamafleet.planning.schedule.opening import OVERRIDE
from llamafleet.planning.situation import Situation
from llamafleet.planning.within_window import closed, local
from llamafleet.rendering.notice import Notice
from llamafleet.rendering.statement import Statement, false, true

WINDOW_OPEN: Final = "WindowOpen"

SHUT: Final = "Closed, and it stays so until its spec is valid again."


def is_used(case: Situation) -> bool:
    """Whether there is anything to say: a schedule, or a person who opened or closed the fleet."""
    return case.spec.schedule is not None or case.opening.window == OVERRIDE.window or not case.opening.open


def figures(case: Situation) -> dict[str, Any]:
    """The level as ``status.schedule`` shows it, and what the next decision has to remember."""
    opening, early, is_open = case.opening, case.early, is_open_now(case)
    instants = {
        "nextTransition": opening.until if is_open else opening.next_open,
        "idleSince": early.idle_since,
        "closedEarlyUntil": early.until,
    }
    told = {name: format_timestamp(instant) for name, instant in instants.items() if instant is not None}
    return {"open": is_open, "window": opening.window if is_open else "", **told}


def window_open(case: Situation) -> Statement:
    """The condition, with what is odd about the schedule."""
    message = " ".join([_told(case), *_warnings(case)])
    if is_open_now(case):
        return true(WINDOW_OPEN, "OpenedByHand" if _opened_by_hand(case) else "Open", message)
    return false(WINDOW_OPEN, _why_closed(case), message)


def window_shut() -> Statement:
    """The condition of a fleet whose spec is refused, and that sleeps: its hours are not known."""
    return false(WINDOW_OPEN, "SpecRefused", SHUT)


def _told(case: Situation) -> str:
    opening = case.opening
    if case.early.until is not None:
        until = local(case.early.until, case)
        return f"The queue was empty, so it closed early; it stays closed until {until}."
    if opening.open:
        until = "It never closes" if opening.until is None else f"It closes {local(opening.until, case)}"
        return f"{until} ({opening.window})."
    if opening.warming:
        early = format_duration(case.lead)
        return f"{closed(case)} Replicas start {early} early, to be ready in time."
    return closed(case)


def _why_closed(case: Situation) -> str:
    if case.early.until is not None:
        return "ClosedEarly"
    if case.opening.warming:
        return "PreWarming"
    return "ClosedByHand" if case.seen.overrides.closed(case.seen.now) else "Closed"


def _opened_by_hand(case: Situation) -> bool:
    return case.opening.window == OVERRIDE.window


def _warnings(case: Situation) -> tuple[str, ...]:
    """Windows that are over before a replica is ready."""
    return too_short(case.spec.schedule, case.cold_start) if case.spec.schedule else ()


def notices(case: Situation, before: LlamaDeploymentStatus) -> Iterator[Notice]:
    """An opening or a closing since the last status. One that came and went unseen is not told."""
    was = _was_open(before)
    is_open, is_told = is_open_now(case), is_used(case) or before.schedule is not None
    if is_open and not was and is_told:
        opening = case.opening
        until = "" if opening.until is None else f" until {local(opening.until, case)}"
        began = opening.since or opening.until
        yield Notice("Normal", "WindowOpened", f"Open{until} ({opening.window}).", _apart(began, before))
    if was and not is_open:
        ends = _known_end(before) or case.seen.overrides.closed_until
        yield Notice("Normal", "WindowClosed", _told(case), _apart(ends, before))


def _was_open(before: LlamaDeploymentStatus) -> bool:
    """Whether it was open. A fleet that was decided on, and of whose hours nothing was said, always was."""
    return before.plan is not None if before.schedule is None else before.schedule.open


def asleep(before: LlamaDeploymentStatus) -> Iterator[Notice]:
    """The closing of a fleet whose spec is refused, where it was open."""
    if before.schedule is not None and before.schedule.open:
        yield Notice("Normal", "WindowClosed", SHUT, _apart(_known_end(before), before))


def _known_end(before: LlamaDeploymentStatus) -> datetime | None:
    return before.schedule.next_transition if before.schedule else None


def _apart(instant: datetime | None, before: LlamaDeploymentStatus) -> str:
    """What sets a turn apart: a person may close and open one window many times, each after another turn.

    Whoever saw the same status says the same.
    """
    when = f"generation {before.observed_generation}" if instant is None else format_timestamp(instant)
    turned = next((one.last_transition_time for one in before.conditions if one.type == WINDOW_OPEN), None)
    return when if turned is None else f"{when} after {format_timestamp(turned)}"


def is_open_now(case: Situation) -> bool:
    """Whether it is open, and was not closed early."""
    return case.opening.open and case.early.until is None
