"""Windows: at which times a schedule is open.

Only the level is known here: whether a time lies in a window, never that one has just begun or ended.
Starting early, draining and money are the business of others.
"""

import dataclasses
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from llamafleet.api.schedule import Schedule, ScheduleException, Window, WindowState
from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.cron import CronTime, read_cron
from llamafleet.planning.schedule.localtime import DAY, day_begin, first_shown, zone_of

WINDOWS: Final = "spec.schedule.windows"

LONGEST: Final = timedelta(days=50 * 366)
"""A window of this length never closes, nor does a longer one: two starts of a cron time are at most 40 years
apart, as 29 February is from one Sunday to the next around 2100, which is no leap year."""

Span = tuple[datetime, datetime]
"""The first instant of a time and the first one after it; no time at all when the second is not later."""

Point = TypeVar("Point", datetime, timedelta)


@dataclass(frozen=True, slots=True)
class Interval:
    """A time in which the fleet is open.

    Attributes:
        start: its first instant, UTC.
        end: the first instant after it, UTC.
        window: the name of the window; None when an exception opens, or the schedule has no windows.
        min_replicas: the window's own bound; None: that of spec.scaling.
        max_replicas: the window's own bound; None: that of spec.scaling.
    """

    start: datetime
    end: datetime
    window: str | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None


def open_intervals(schedule: Schedule, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """Every interval in which the schedule is open, cut to the time from start until end, and sorted.

    A window opens when the clock on the wall first shows its start or a later time, and stays open for its
    duration of elapsed time; while it would open again before it closes, it stays open. Intervals of one
    window never touch, but those of two may overlap. Of two exceptions at the same time the later listed
    counts.

    Raises:
        InvalidSpec: the zone is unknown, or a start is no cron time or never comes.
    """
    return _kept_intervals(schedule, start.astimezone(UTC), end.astimezone(UTC))


@lru_cache(maxsize=256)
def _kept_intervals(schedule: Schedule, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """Kept by content, because the same month is asked for at every decision about money."""
    return find_intervals(schedule, start, end)


def find_intervals(schedule: Schedule, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """What ``open_intervals`` gives, without keeping it; both bounds are in UTC."""
    within, zone = (start, end), zone_of(schedule.time_zone)
    crons = [cron_of(window, index) for index, window in enumerate(schedule.windows)]
    last = _last_word(schedule, zone, within)
    if last is not None:
        return last
    found = [
        Interval(*span, window.name, window.min_replicas, window.max_replicas)
        for window, cron in zip(schedule.windows, crons, strict=True)
        for span in _opened(cron, min(window.duration, LONGEST), zone, within)
    ]
    if not schedule.windows and within[0] < within[1]:
        found = [Interval(*within)]
    found = _with_exceptions(found, [(one.state, _span(one, zone, within)) for one in schedule.exceptions])
    return tuple(sorted(found, key=lambda interval: (interval.start, interval.end)))


def _last_word(schedule: Schedule, zone: ZoneInfo, within: Span) -> tuple[Interval, ...] | None:
    """No interval, when the last exception of this time closes all of it; None when more must be known."""
    for exception in reversed(schedule.exceptions):
        span = _span(exception, zone, within)
        if span[0] < span[1]:
            return () if span == within and exception.state is WindowState.CLOSED else None
    return None


def open_time(intervals: Iterable[Interval]) -> timedelta:
    """For how long at least one of the intervals is open."""
    joined = _joined((interval.start, interval.end) for interval in intervals)
    return sum((end - start for start, end in joined), timedelta())


def cron_of(window: Window, index: int) -> CronTime:
    """The start of a window; errors name the place of the window in the list."""
    try:
        return read_cron(window.start)
    except ValueError as error:
        field = f"{WINDOWS}[{index}].start"
        raise InvalidSpec(field, window.start, str(error)) from error


def _opened(cron: CronTime, duration: timedelta, zone: ZoneInfo, within: Span) -> list[Span]:
    """When one window is open."""
    # Of the days before, the latest is enough: what starts on an earlier one ends earlier. The day after the
    # end counts too: in St. John's clocks went back from 00:01 until 2011, when its first minute was over.
    days = cron.days(within[0].astimezone(zone).date(), within[1].astimezone(zone).date() + DAY)
    spans: list[Span] = []
    for day in days:
        begin = day_begin(day, zone)
        if day_begin(day + DAY, zone) - begin == DAY:
            spans += [(begin + opens, begin + closes) for opens, closes in _even_day(cron, duration)]
        else:
            spans += [(start, start + duration) for start in _uneven_day(cron, day, zone)]
    return [span for span in (_cut(span, within) for span in _joined(spans)) if span[0] < span[1]]


@lru_cache(maxsize=256)
def _even_day(cron: CronTime, duration: timedelta) -> tuple[tuple[timedelta, timedelta], ...]:
    """When a window opens and closes, since midnight, on a day whose clock runs on without a change."""
    return tuple(_joined((start, start + duration) for start in cron.times))


@lru_cache(maxsize=64)
def _uneven_day(cron: CronTime, day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When a window opens, UTC, on a day on which the clock is changed."""
    midnight = datetime.combine(day, time())
    return tuple(first_shown(midnight + start, zone) for start in cron.times)


def _span(exception: ScheduleException, zone: ZoneInfo, within: Span) -> Span:
    """The part of an exception that lies within; a bound that is not given is none."""
    start, end = within
    if exception.date is None:
        return _cut((exception.from_ or start, exception.to or end), within)
    if not start.date() - 2 * DAY <= exception.date <= end.date() + 2 * DAY:
        return start, start  # far away; and the last day of the calendar has no next one
    return _cut((day_begin(exception.date, zone), day_begin(exception.date + DAY, zone)), within)


def _with_exceptions(found: list[Interval], exceptions: list[tuple[WindowState, Span]]) -> list[Interval]:
    """The intervals of the windows after all exceptions, of which each leaves its mark on those before it."""
    opened: list[Interval] = []
    closed: list[Span] = []
    for state, span in reversed(exceptions):
        if span[0] >= span[1]:
            continue
        if state is WindowState.OPEN:
            opened += _outside(Interval(*span), closed)
        else:
            closed = _joined([*closed, span])
    return [part for interval in found for part in _outside(interval, closed)] + opened


def _outside(interval: Interval, spans: list[Span]) -> Iterator[Interval]:
    """What is left of an interval outside of spans that ascend and do not touch."""
    start = interval.start
    for begin, end in islice(spans, bisect_right(spans, start, key=itemgetter(1)), None):
        if begin >= interval.end:
            break
        if start < begin:
            yield dataclasses.replace(interval, start=start, end=begin)
        start = end
    if start == interval.start:
        yield interval
    elif start < interval.end:
        yield dataclasses.replace(interval, start=start)


def _cut(span: Span, within: Span) -> Span:
    """What two spans share, UTC."""
    return max(span[0], within[0]).astimezone(UTC), min(span[1], within[1]).astimezone(UTC)


def _joined(spans: Iterable[tuple[Point, Point]]) -> list[tuple[Point, Point]]:
    """The same time as spans that neither overlap nor touch, ascending."""
    joined: list[tuple[Point, Point]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
