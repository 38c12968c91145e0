"""How long a fleet is open in a time, and for how much time of replicas that is paid. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from llamafleet.api.scalars import format_money
from llamafleet.api.schedule import Schedule
from llamafleet.planning.money.segments import Segment, segments

_TICK: Final = timedelta(microseconds=1)
_TICKS_PER_HOUR: Final = timedelta(hours=1) // _TICK

_A_MOMENT: Final = timedelta(seconds=1)
"""So much before the time is looked at, at the least, to tell an opening from a fleet that is open."""


@dataclass(frozen=True, slots=True)
class Hours:
    """What the open hours of a time come to; overlaps of windows count once, with the larger bounds.

    Attributes:
        length: all of the time.
        open: how much of it is open.
        floor: the time of all replicas together at minReplicas, at least one.
        ceiling: likewise at maxReplicas, at least one.
        openings: how often it opens.
        early: the time of all replicas together that start before those openings.
        fewest: how many replicas the floor has where it has the fewest.
        most: how many it has where it has the most.
        highest: how many replicas the ceiling has where it has the most.
    """

    length: timedelta
    open: timedelta
    floor: timedelta
    ceiling: timedelta
    openings: int
    early: timedelta
    fewest: int
    most: int
    highest: int


def usd(hourly_usd: Decimal, length: timedelta) -> Decimal:
    """US dollars for a time; multiplied before it is divided, so that whole cents stay whole."""
    return hourly_usd * (length // _TICK) / _TICKS_PER_HOUR


def hours_text(length: timedelta) -> str:
    """A time in hours with two decimals, rounded as money is."""
    return format_money(usd(Decimal(1), length))


def money_text(amount: Decimal | None) -> str | None:
    """An amount for programs: cents, and None where it is not known."""
    return None if amount is None else format_money(amount)


def shown_money(amount: Decimal | None) -> str:
    """An amount for people."""
    return "unknown" if amount is None else format_money(amount)


def hours_of(
    schedule: Schedule | None,
    within: tuple[datetime, datetime],
    bounds: tuple[int, int],
    lead: timedelta = timedelta(),
) -> Hours:
    """The sums of a time.

    Args:
        schedule: when the fleet is open; None: always.
        within: the first instant, and the first one after the time, UTC.
        bounds: the fewest and the most replicas where a window has no bound of its own.
        lead: how long before an opening its replicas start; never before the fleet closes.

    Raises:
        InvalidSpec: the schedule cannot be evaluated; see ``open_intervals``.
    """
    start, end = within
    before = start - lead - _A_MOMENT
    looked = segments(schedule, before, end, *bounds)
    parts = [part for part in looked if part.end > start]
    lengths = [part.end - max(part.start, start) for part in parts]
    floors = [max(1, part.min_replicas) for part in parts]
    ceilings = [max(1, part.max_replicas) for part in parts]
    early = _early(looked, start, lead, before)
    fallback = max(1, bounds[0])
    return Hours(
        length=end - start,
        open=sum(lengths, timedelta()),
        floor=_times(floors, lengths),
        ceiling=_times(ceilings, lengths),
        openings=len(early),
        early=sum(early, timedelta()),
        fewest=min(floors, default=fallback),
        most=max(floors, default=fallback),
        highest=max(ceilings, default=max(1, bounds[1])),
    )


def _times(counts: list[int], lengths: list[timedelta]) -> timedelta:
    return sum((count * length for count, length in zip(counts, lengths, strict=True)), timedelta())


def _early(
    looked: tuple[Segment, ...], start: datetime, lead: timedelta, before: datetime
) -> list[timedelta]:
    """For each opening from a start on, the time of replicas before it."""
    ends = [before, *(part.end for part in looked)]
    return [
        max(1, part.min_replicas) * min(lead, part.start - closed)
        for closed, part in zip(ends, looked, strict=False)
        if part.opens and part.start >= start
    ]


def open_spans(parts: tuple[Segment, ...]) -> list[tuple[datetime, datetime]]:
    """From each opening to the closing after it."""
    opened = [part.start for part in parts if part.opens]
    closed = [part.end for part, after in pairwise(parts) if after.opens] + [part.end for part in parts[-1:]]
    return [*zip(opened, closed, strict=True)]
