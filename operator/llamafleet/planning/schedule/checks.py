"""What a schedule must be beyond its types: a zone that exists, starts that come, windows that close.

A schedule that is good stays good: nothing here asks for the present time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from llamafleet.api.scalars import format_duration, format_timestamp
from llamafleet.api.schedule import Schedule, ScheduleException, Window, WindowState
from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.cron import CronTime
from llamafleet.planning.schedule.localtime import DAY, day_begin, zone_of
from llamafleet.planning.schedule.windows import LONGEST, WINDOWS, Span, cron_of, find_intervals

EXCEPTIONS: Final = "spec.schedule.exceptions"

MOST_STARTS: Final = 96
"""How many times of day all windows together may name: every quarter of an hour, which is about a cold start.
It keeps the time in which any schedule is evaluated below a second."""

_CYCLE: Final = range(2001, 2029)
"""28 years, after which the calendar repeats itself, until 2100."""

_ONE_YEAR: Final = range(2001, 2002)
_EVERY_DATE: Final = "* * "
"""Day fields that begin so look at the weekday alone; every year is like the others."""

_FIRST_SEARCH: Final = timedelta(days=32)
_LATER_SEARCHES: Final = timedelta(days=400)

_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2900, 1, 1, tzinfo=UTC)
"""Exceptions are looked at between these; no author means others, and the calendar ends in the year 9999."""


@lru_cache(maxsize=512)
def check_schedule(schedule: Schedule) -> None:
    """Refuse a schedule that cannot be meant as it stands. Equal schedules are checked once.

    Raises:
        InvalidSpec: the zone is unknown; a start is no cron time or never comes; a window is longer than the
            time from one start to the next; all windows together name too many starts; or an exception closes
            nothing.
    """
    zone_of(schedule.time_zone)
    starts = 0
    for index, window in enumerate(schedule.windows):
        cron = cron_of(window, index)
        _check_length(window, index, shortest_period(cron))
        starts += len(cron.times)
    if starts > MOST_STARTS:
        rule = f"must together name at most {MOST_STARTS} times of day as starts"
        raise InvalidSpec(WINDOWS, f"{starts} times of day", rule)
    for index, exception in enumerate(schedule.exceptions):
        if exception.state is WindowState.CLOSED and not _closes(schedule, index):
            field = f"{EXCEPTIONS}[{index}]"
            rule = "must close a time in which a window or an earlier exception is open; there is none in it"
            raise InvalidSpec(field, _told(exception), rule)


@lru_cache(maxsize=256)
def shortest_period(cron: CronTime) -> timedelta:
    """The shortest time from one start to the next, by the calendar: no clock is changed in it."""
    overnight = _fewest_days(cron) * DAY + cron.times[0] - cron.times[-1]
    return min([overnight, *(later - earlier for earlier, later in pairwise(cron.times))])


def too_short(schedule: Schedule, cold_start: timedelta) -> tuple[str, ...]:
    """A sentence for each window that is over before a replica that starts with it is ready.

    Args:
        schedule: the windows.
        cold_start: from a pod that is bound to a node until it is ready.
    """
    took = format_duration(timedelta(seconds=round(cold_start.total_seconds())))
    return tuple(
        f"Window {window.name} is open for {format_duration(window.duration)}, which is shorter than a cold "
        f"start ({took})."
        for window in schedule.windows
        if window.duration < cold_start
    )


def _fewest_days(cron: CronTime) -> int:
    """The fewest days from one day with a start to the next."""
    fewest = LONGEST // DAY
    for year in _ONE_YEAR if cron.day_fields.startswith(_EVERY_DATE) else _CYCLE:
        days = cron.days(date(year, 1, 1), date(year, 12, 31))
        fewest = min([fewest, *((later - earlier).days for earlier, later in pairwise(days))])
        if fewest == 1:
            break
    return fewest


def _check_length(window: Window, index: int, period: timedelta) -> None:
    if window.duration > period:
        field = f"{WINDOWS}[{index}].duration"
        rule = (
            f"must be at most {format_duration(period)}, the shortest time between two starts of the window"
        )
        raise InvalidSpec(field, format_duration(window.duration), rule)


def _closes(schedule: Schedule, index: int) -> bool:
    """Whether a window, or an exception listed before, is open at any time of an exception."""
    zone = zone_of(schedule.time_zone)
    begin, end = _span(schedule.exceptions[index], zone)
    if not schedule.windows or begin >= end:
        return True
    opened = (_span(one, zone) for one in schedule.exceptions[:index] if one.state is WindowState.OPEN)
    if any(start < end and begin < stop for start, stop in opened):
        return True
    return any(
        find_intervals(schedule.model_copy(update={"windows": (window,), "exceptions": ()}), *piece)
        for piece in _pieces(begin, min(end, begin + LONGEST))
        for window in schedule.windows
    )


def _pieces(begin: datetime, end: datetime) -> Iterator[Span]:
    """A time in pieces of which the first is short, because most windows open every week."""
    length = _FIRST_SEARCH
    while begin < end:
        yield begin, min(begin + length, end)
        begin, length = begin + length, _LATER_SEARCHES


def _span(exception: ScheduleException, zone: ZoneInfo) -> Span:
    """The time of an exception, within the years that are looked at."""
    if exception.date is None:
        begin, end = exception.from_ or _FIRST, exception.to or _LAST
    elif _FIRST.year < exception.date.year < _LAST.year:
        begin, end = day_begin(exception.date, zone), day_begin(exception.date + DAY, zone)
    else:
        begin, end = _LAST, _LAST
    return max(begin, _FIRST), min(end, _LAST)


def _told(exception: ScheduleException) -> str:
    """An exception in one line."""
    if exception.from_ and exception.to:
        return f"Closed from {format_timestamp(exception.from_)} to {format_timestamp(exception.to)}"
    return f"Closed on {exception.date}"
