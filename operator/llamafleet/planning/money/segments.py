"""Segments: the open time of a schedule as parts that do not overlap, each with its bounds in numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.windows import Interval, open_intervals

_TICK: Final = timedelta(microseconds=1)
_TICKS_PER_HOUR: Final = timedelta(hours=1) // _TICK


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in which the fleet is open with the same bounds.

    Attributes:
        start: its first instant, UTC.
        end: the first instant after it, UTC.
        min_replicas: the fewest replicas.
        max_replicas: the most replicas; never fewer than the fewest.
        opens: whether the fleet is closed right before it, so that its replicas have to be started.
    """

    start: datetime
    end: datetime
    min_replicas: int
    max_replicas: int
    opens: bool = True

    @property
    def hours(self) -> Decimal:
        """How long it is."""
        return hours(self.end - self.start)

    def clamp(self, replicas: int) -> int:
        """A count, moved into the bounds."""
        return max(self.min_replicas, min(replicas, self.max_replicas))


def hours(length: timedelta) -> Decimal:
    """A length of time in hours."""
    return Decimal(length // _TICK) / _TICKS_PER_HOUR


def segments(
    schedule: Schedule | None, start: datetime, end: datetime, low: int, high: int
) -> tuple[Segment, ...]:
    """When a fleet is open from start until end; without a schedule, always.

    Args:
        schedule: its windows.
        start: the first instant, UTC.
        end: the first instant after the time, UTC.
        low: spec.scaling.minReplicas, for windows without a bound of their own.
        high: spec.scaling.maxReplicas, likewise.

    Raises:
        InvalidSpec: the schedule cannot be evaluated; see ``open_intervals``.
    """
    if schedule is None:
        return flat([Interval(start, end)] if start < end else [], low, high)
    return flat(open_intervals(schedule, start, end), low, high)


def flat(intervals: Iterable[Interval], low: int, high: int) -> tuple[Segment, ...]:
    """Intervals as segments, ascending. Where they overlap, the larger bounds count, and the time once.

    Args:
        intervals: the open time; each may overlap others.
        low: the lower bound of intervals without one of their own.
        high: the upper bound of intervals without one of their own.
    """
    changes: dict[datetime, list[tuple[tuple[int, int], int]]] = {}
    for interval in intervals:
        bounds = _bounds(interval, low, high)
        changes.setdefault(interval.start, []).append((bounds, 1))
        changes.setdefault(interval.end, []).append((bounds, -1))
    found: list[Segment] = []
    counts: dict[tuple[int, int], int] = {}
    for start, end in pairwise(sorted(changes)):
        for bounds, change in changes[start]:
            counts[bounds] = counts.get(bounds, 0) + change
            if not counts[bounds]:
                del counts[bounds]
        if counts:
            _append(found, start, end, tuple(counts))
    return tuple(found)


def open_hours(parts: Iterable[Segment]) -> Decimal:
    """For how long the fleet is open."""
    return sum((part.hours for part in parts), Decimal(0))


def openings(parts: Iterable[Segment], now: datetime) -> int:
    """How often it opens after an instant."""
    return sum(part.opens and part.start > now for part in parts)


def _bounds(interval: Interval, low: int, high: int) -> tuple[int, int]:
    """The bounds of one interval. A lower bound of its own lifts an upper one that it does not have.

    Without spec.scaling ``high`` is only what is asked for, and a window may ask for more.
    """
    fewest = low if interval.min_replicas is None else interval.min_replicas
    most = max(high, fewest) if interval.max_replicas is None else interval.max_replicas
    return fewest, most


def _append(
    found: list[Segment], start: datetime, end: datetime, bounds: tuple[tuple[int, int], ...]
) -> None:
    """One segment more, or the last one longer."""
    most = max(high for _, high in bounds)
    fewest = min(max(low for low, _ in bounds), most)
    last = found[-1] if found else None
    touches = last is not None and last.end == start
    if last and touches and (last.min_replicas, last.max_replicas) == (fewest, most):
        found[-1] = replace(last, end=end)
    else:
        found.append(Segment(start, end, fewest, most, not touches))
