"""Cron times: five standard fields, and the days and the times of day on which they fall.

Everything here is what a calendar and a clock on the wall show. No zone and no instant is known to it;
``localtime`` turns one into the other. The calendar is that of cronsim, which follows the cron of Debian.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from typing import Final

from cronsim import CronSim, CronSimError

_FIELDS: Final = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31"),
    ("month", "1 to 12 or JAN to DEC"),
    ("day of week", "0 to 7 or SUN to SAT, where 0, 7 and SUN are Sunday"),
)
"""Names and values of the five fields in their order, as in crontab(5) of Debian."""

_FORMS: Final = "*, a value, a range such as 1-5 that does not fall, */2, 1-5/2, or a list of these"

_RANGE: Final = r"([0-9]+-[0-9]+|[A-Za-z]{3}-[A-Za-z]{3})"
_NOT_ONE_VALUE: Final = r"(?!0*(?P<value>[0-9A-Za-z]+)-0*(?P=value)/)"
"""Keeps out ``5-5/15``: to cron this is 5 and nothing else, to cronsim every fifteenth from 5 on."""

_TERM: Final = re.compile(rf"[0-9]+|[A-Za-z]{{3}}|{_NOT_ONE_VALUE}(\*|{_RANGE})(/[0-9]+)?")
"""What cron itself knows; cronsim would also take ``L``, ``LW``, ``5L``, ``MON#2`` and ``5/15``."""

_SOME_DAY: Final = datetime.combine(date(2000, 1, 1), time())
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class CronTime:
    """A cron time in its two halves, which do not depend on each other. Identity is its hash: it is a key.

    Attributes:
        times: the times of day since midnight, ascending, at least one.
        day_fields: day of month, month and day of week. When neither the first nor the last of them begins
            with a star, one of the two is enough; else all three must match, as in Debian's cron.
    """

    times: tuple[timedelta, ...]
    day_fields: str

    def days(self, first: date, last: date) -> tuple[date, ...]:
        """The matching days from first to last, after the latest one before first if there is any."""
        return _days(self.day_fields, first, last)


@lru_cache(maxsize=256)
def read_cron(text: str) -> CronTime:
    """A cron time from its five fields.

    Raises:
        ValueError: a field is not standard, or the fields together never fall on any day.
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        message = "must have five fields: minute, hour, day of month, month and day of week"
        raise ValueError(message)
    for place, field in enumerate(fields):
        _check(place, field)
    minute, hour, day_of_month, month, day_of_week = fields
    day_fields = f"{day_of_month} {month} {day_of_week}"
    if not _readable(f"0 0 {day_fields}"):
        message = f"must fall on a day that exists; there is no day {day_of_month} in month {month}"
        raise ValueError(message)
    return CronTime(_times(f"{minute} {hour} * * *"), day_fields)


def _check(place: int, field: str) -> None:
    """Refuse a field that standard cron would not take, or would read otherwise than cronsim."""
    alone = " ".join(field if place == other else "*" for other in range(len(_FIELDS)))
    if not all(_TERM.fullmatch(term) for term in field.split(",")) or not _readable(alone):
        name, values = _FIELDS[place]
        message = f"must be five cron fields; {field} is no {name} ({values}), which is {_FORMS}"
        raise ValueError(message)


def _readable(text: str) -> bool:
    """Whether cronsim takes these five fields; it refuses days that no month has, too."""
    try:
        CronSim(text, _SOME_DAY)
    except CronSimError:
        return False
    return True


def _times(text: str) -> tuple[timedelta, ...]:
    """The times of day, at most 1440, of a cron time that falls on every day."""
    starts = takewhile(lambda start: start < _SOME_DAY + _DAY, CronSim(text, _SOME_DAY - _SECOND))
    return tuple(start - _SOME_DAY for start in starts)


@lru_cache(maxsize=256)
def _days(day_fields: str, first: date, last: date) -> tuple[date, ...]:
    """Kept, because many windows share their days, and those of the present are asked for again and again."""
    text, midnight = f"0 0 {day_fields}", datetime.combine(first, time())
    before = next(CronSim(text, midnight, reverse=True), None)
    coming = takewhile(lambda day: day.date() <= last, CronSim(text, midnight - _SECOND))
    return tuple(day.date() for day in (before, *coming) if day is not None)
