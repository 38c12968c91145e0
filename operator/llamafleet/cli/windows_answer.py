"""What ``llamafleet windows`` answers: when a fleet is open, and what that costs. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from llamafleet.cli.fleet import Fleet
from llamafleet.cli.windows_hours import Hours, hours_of, usd
from llamafleet.errors import InvalidSpec
from llamafleet.planning.money.segments import flat
from llamafleet.planning.schedule.localtime import DAY, day_begin
from llamafleet.planning.schedule.timeline import ALWAYS, EXCEPTION
from llamafleet.planning.schedule.windows import Interval, open_intervals

TO: Final = "--to"

LONGEST: Final = 3660 * DAY
"""Ten years: more than anybody reads, and still a matter of seconds."""

HABITS: Final = (("8 hours a day", timedelta(hours=8)), ("4 hours a night", timedelta(hours=4)))
"""What many fleets without a schedule are switched on for: an office day, and a batch at night."""


@dataclass(frozen=True, slots=True)
class Days:
    """Some days of a time zone.

    Attributes:
        first: the first one.
        end: the first one after them.
        within: their first instant, and the first one after them, UTC.
    """

    first: date
    end: date
    within: tuple[datetime, datetime]

    @property
    def count(self) -> int:
        """How many they are."""
        return (self.end - self.first).days


@dataclass(frozen=True, slots=True)
class Open:
    """A time in which a window, or an exception, holds the fleet open.

    Attributes:
        start: its first instant, UTC.
        end: the first instant after it, UTC.
        window: the name of the window; ``exception`` or ``always`` without one.
        min_replicas: the fewest replicas.
        max_replicas: the most replicas.
    """

    start: datetime
    end: datetime
    window: str
    min_replicas: int
    max_replicas: int


@dataclass(frozen=True, slots=True)
class Habit:
    """What the same fleet would cost with other opening hours.

    Attributes:
        name: which hours.
        length: how much time of the days that is.
        usd: US dollars; None when no price is known.
    """

    name: str
    length: timedelta
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is answered.

    Attributes:
        fleet: whose windows these are.
        days: the days that were asked for.
        intervals: every open time of them, ascending; those of two windows may overlap.
        hours: what those come to.
        habits: the same fleet with other opening hours, always as many replicas as at the most of its floor.
        warnings: sentences.
    """

    fleet: Fleet
    days: Days
    intervals: Sequence[Open]
    hours: Hours
    habits: Sequence[Habit]
    warnings: Sequence[str]

    def usd(self, length: timedelta) -> Decimal | None:
        """What a time of replicas costs, US dollars; None when no price is known."""
        price = self.fleet.hourly_usd
        return None if price is None else usd(price, length)


def calendar(fleet: Fleet, days: Days) -> Calendar:
    """When a fleet is open on some days, and what that costs.

    Raises:
        InvalidSpec: the schedule cannot be evaluated; see ``open_intervals``.
    """
    lead = fleet.lead or timedelta()
    hours = hours_of(fleet.schedule, days.within, (fleet.low, fleet.high), lead)
    return Calendar(
        fleet=fleet,
        days=days,
        intervals=tuple(_opened(fleet, days)),
        hours=hours,
        habits=tuple(_habits(fleet, days, hours)),
        warnings=(*fleet.warnings, *_never_open(days, hours)),
    )


def asked_days(first: date | None, end: date | None, now: datetime, zone: ZoneInfo) -> Days:
    """The days from ``--from`` until ``--to``; what is left out makes them a month, else the present one.

    Raises:
        InvalidSpec: the second is not later than the first, or they are too far apart.
    """
    if first is None:
        first = (end - DAY if end else now.astimezone(zone).date()).replace(day=1)
    if end is None:
        end = (first.replace(day=1) + 32 * DAY).replace(day=1)
    if first >= end:
        raise InvalidSpec(TO, end, f"must be a day after --from, which is {first}")
    if end - first > LONGEST:
        raise InvalidSpec(TO, end, f"must be at most {LONGEST.days} days after --from, which is {first}")
    return Days(first, end, (day_begin(first, zone), day_begin(end, zone)))


def _opened(fleet: Fleet, days: Days) -> Iterator[Open]:
    if fleet.schedule is None:
        yield Open(*days.within, ALWAYS, fleet.low, fleet.high)
        return
    unnamed = EXCEPTION if fleet.schedule.windows else ALWAYS
    for interval in open_intervals(fleet.schedule, *days.within):
        fewest, most = _bounds(interval, fleet)
        yield Open(interval.start, interval.end, interval.window or unnamed, fewest, most)


def _bounds(interval: Interval, fleet: Fleet) -> tuple[int, int]:
    """The bounds of an interval as if there were no other."""
    (alone,) = flat([interval], fleet.low, fleet.high)
    return alone.min_replicas, alone.max_replicas


def _habits(fleet: Fleet, days: Days, hours: Hours) -> Iterator[Habit]:
    price = fleet.hourly_usd
    lengths = [("continuously", hours.length), *((name, days.count * daily) for name, daily in HABITS)]
    for name, length in lengths:
        yield Habit(name, length, None if price is None else usd(hours.most * price, length))


def _never_open(days: Days, hours: Hours) -> Iterator[str]:
    if not hours.open:
        yield f"The fleet is never open from {days.first} until {days.end}."
