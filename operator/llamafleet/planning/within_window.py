"""The rule of the hour: zero while the schedule is closed, its windows' own bounds while it is open."""

from datetime import datetime

from llamafleet.api.scalars import format_duration
from llamafleet.api.scaling import MAX_REPLICAS
from llamafleet.planning.schedule.localtime import zone_of
from llamafleet.planning.situation import Reason, Situation

STEP = "within_window"


def within_window(case: Situation, count: int) -> Reason | None:
    """What the hour allows; nothing to say without a schedule, unless a person opened or closed the fleet."""
    opening = case.opening
    if case.spec.schedule is None and opening.open and opening.until is None:
        return None
    if case.early.until is not None:
        until = local(case.early.until, case)
        return Reason(STEP, 0, f"Window {opening.window} closed early, until {until}: its queue was empty.")
    if not opening.open and not opening.warming:
        return Reason(STEP, 0, closed(case))
    low, high = opening.bounds.over(*case.bounds)
    return Reason(STEP, min(max(count, low), high), f"{_open(case)}, {_allows(low, high, case)}.")


def closed(case: Situation) -> str:
    """Why it is closed, and until when."""
    opening, by_hand = case.opening, case.seen.overrides.closed_until
    if by_hand is not None and case.seen.now < by_hand:
        until = f"Closed by its annotation until {local(by_hand, case)}"
        if opening.next_open is None or opening.next_open <= by_hand:
            return f"{until}."
        return f"{until}; it opens {local(opening.next_open, case)} ({opening.coming})."
    if opening.next_open is None:
        return "Closed, and no window is ahead."
    return f"Closed until {local(opening.next_open, case)} ({opening.coming})."


def _open(case: Situation) -> str:
    opening = case.opening
    if opening.warming and opening.next_open is not None:
        early = format_duration(case.lead)
        return f"Starting {early} before {local(opening.next_open, case)} ({opening.coming})"
    until = "" if opening.until is None else f" until {local(opening.until, case)}"
    return f"Open{until} ({opening.window})"


def _allows(low: int, high: int, case: Situation) -> str:
    """The bounds, where there are any."""
    if case.spec.scaling or high < MAX_REPLICAS:
        return f"which allows {low} to {high}"
    return f"which asks for {low} or more" if low else "which sets no bounds"


def local(instant: datetime, case: Situation) -> str:
    """An instant as the author's clock shows it: ``Sat 2026-11-21 06:00 Europe/Berlin``.

    The last hours of the calendar, which mean "for ever", have no local time in the east: then it is UTC.
    """
    name = case.spec.schedule.time_zone if case.spec.schedule else "UTC"
    try:
        there = instant.astimezone(zone_of(name))
    except OverflowError:
        there, name = instant, "UTC"
    return f"{there:%a %Y-%m-%d %H:%M} {name}"
