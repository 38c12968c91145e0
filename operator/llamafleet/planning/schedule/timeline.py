"""The timeline of a schedule: which windows hold it open at an instant, and when that changes.

It is made for a time that is fixed beforehand, so that every instant of it finds the same answer by one look
into a sorted list. Nothing here knows of overrides or of opening early.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.windows import LONGEST, Interval, find_intervals

EXCEPTION: Final = "exception"
ALWAYS: Final = "always"

CELL: Final = timedelta(days=32)
"""The time that shares one timeline: a little more than a month, so that one is made about once a month."""

YEAR: Final = timedelta(days=400)
"""How far to look for the end or the beginning of an open time, in days: whoever is open for more than a year
is always open. Also the step in which the next opening is looked for."""

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

Holder = tuple[str, int | None, int | None]
"""What holds the fleet open: its name and its two bounds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of everything that is open together; None stands for those of spec.scaling.

    Attributes:
        floors: the minReplicas of each.
        ceilings: the maxReplicas of each.
    """

    floors: tuple[int | None, ...] = ()
    ceilings: tuple[int | None, ...] = ()

    def over(self, low: int, high: int) -> tuple[int, int]:
        """The larger bounds, given those of spec.scaling; where both contradict, the ceiling counts."""
        floor = max((low if one is None else one for one in self.floors), default=low)
        ceiling = max((high if one is None else one for one in self.ceilings), default=high)
        return min(floor, ceiling), ceiling


@dataclass(frozen=True, slots=True)
class Level:
    """The fleet is open.

    Attributes:
        window: the names of the windows that hold it open, joined; ``exception`` when only one of these does,
            ``always`` when there are no windows.
        bounds: their bounds.
    """

    window: str
    bounds: Bounds


OPEN: Final = Bounds((None,), (None,))
"""The bounds of an exception, and of a fleet without windows: those of spec.scaling."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the level is the same. All instants in UTC.

    Attributes:
        end: the first instant after it.
        level: what holds the fleet open; None while it is closed.
        since: the start of the whole open time; None when closed, and when it lies more than a year back.
        until: the end of the whole open time; None when closed, and when it lies more than a year ahead.
        next_open: the start of the next open time after this one; None when none is ahead.
        coming: the level at next_open.
    """

    end: datetime
    level: Level | None
    since: datetime | None = None
    until: datetime | None = None
    next_open: datetime | None = None
    coming: Level | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Stretches without a gap.

    Attributes:
        starts: the first instant of each, ascending.
        stretches: what they are.
    """

    starts: tuple[datetime, ...]
    stretches: tuple[Stretch, ...]

    def at(self, instant: datetime) -> Stretch:
        """The stretch of an instant within."""
        return self.stretches[bisect_right(self.starts, instant) - 1]

    def part(self, begin: datetime, end: datetime) -> "Timeline":
        """The stretches of a time within."""
        first, last = bisect_right(self.starts, begin) - 1, bisect_right(self.starts, end)
        return Timeline(self.starts[first:last], self.stretches[first:last])


def cell_of(instant: datetime) -> int:
    """The number of the cell in which an instant lies."""
    return (instant - _EPOCH) // CELL


def cell_end(cell: int) -> datetime:
    """The first instant after a cell."""
    return _EPOCH + (cell + 1) * CELL


@lru_cache(maxsize=256)
def timeline(schedule: Schedule, cell: int) -> Timeline:
    """The timeline that tells of every instant of a cell, also what comes next.

    It reaches back to the beginning of the open time, but at most a year, and ahead to the next opening, but
    at most :data:`LONGEST`. Equal schedules share it; one of five windows takes about 30 KB.

    Raises:
        InvalidSpec: as ``open_intervals``.
    """
    end = cell_end(cell)
    begin, ahead = end - 2 * CELL, end + CELL
    found = list(find_intervals(schedule, begin, ahead))
    made = _made(schedule, found, begin, ahead)
    if _began_before(made.at(end - CELL)):
        found += find_intervals(schedule, end - YEAR, begin)
        begin = end - YEAR
        made = _made(schedule, found, begin, ahead)
    while not _reaches(made.at(end), ahead - end) and ahead < end + LONGEST:
        found += find_intervals(schedule, ahead, ahead + YEAR)
        ahead += YEAR
        made = _made(schedule, found, begin, ahead)
    return made.part(end - CELL, end)


def _began_before(stretch: Stretch) -> bool:
    return stretch.level is not None and stretch.since is None


def _reaches(last: Stretch, ahead: timedelta) -> bool:
    """Whether the next opening is known, or not to be waited for, because it is open for more than a year."""
    return last.next_open is not None or (last.level is not None and last.until is None and ahead >= YEAR)


def _made(schedule: Schedule, found: Iterable[Interval], begin: datetime, end: datetime) -> Timeline:
    """The stretches from begin until end; found are all the intervals in it."""
    levels = _levels(schedule, found, begin, end)
    return Timeline(tuple(start for start, _ in levels), tuple(_stretches(levels, end)))


def _stretches(levels: list[tuple[datetime, Level | None]], end: datetime) -> list[Stretch]:
    """What each level comes to, from the last one back to the first, as what comes next is then known."""
    since = _since(levels)
    until, next_open, coming = None, None, None
    made: list[Stretch] = []
    for index in reversed(range(len(levels))):
        start, level = levels[index]
        if level is None:
            made.append(Stretch(end, None, next_open=next_open, coming=coming))
            until = start
        else:
            made.append(Stretch(end, level, since[index], until, next_open, coming))
            if index and levels[index - 1][1] is None:
                next_open, coming = start, level
        end = start
    return made[::-1]


def _since(levels: list[tuple[datetime, Level | None]]) -> list[datetime | None]:
    """Where the open time of each level begins; None when it is not open, and when that is not known."""
    found: list[datetime | None] = []
    before: Level | None = None
    for index, (start, level) in enumerate(levels):
        if level is None:
            found.append(None)
        elif index == 0 or before is not None:
            found.append(found[-1] if found else None)
        else:
            found.append(start)
        before = level
    return found


def _levels(
    schedule: Schedule, found: Iterable[Interval], begin: datetime, end: datetime
) -> list[tuple[datetime, Level | None]]:
    """Where the level changes, and what it is from there on; the first one from begin on."""
    changes: dict[datetime, list[tuple[Holder, int]]] = {begin: []}
    unnamed = EXCEPTION if schedule.windows else ALWAYS
    for interval in found:
        holder = (interval.window or unnamed, interval.min_replicas, interval.max_replicas)
        changes.setdefault(interval.start, []).append((holder, 1))
        changes.setdefault(interval.end, []).append((holder, -1))
    counts: dict[Holder, int] = {}
    levels: list[tuple[datetime, Level | None]] = []
    for instant in sorted(changes):
        for holder, change in changes[instant]:
            counts[holder] = counts.get(holder, 0) + change
            if not counts[holder]:
                del counts[holder]
        level = _level(frozenset(counts))
        if instant < end and (not levels or levels[-1][1] != level):
            levels.append((instant, level))
    return levels


@lru_cache(maxsize=256)
def _level(holders: frozenset[Holder]) -> Level | None:
    """What so many hold open together, in the order of their names."""
    if not holders:
        return None
    names, floors, ceilings = zip(*sorted(holders, key=str), strict=True)
    return Level(", ".join(names), Bounds(floors, ceilings))
