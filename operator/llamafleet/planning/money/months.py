"""Months of the calendar, as a clock on the wall of a time zone shows them."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from llamafleet.planning.schedule.localtime import day_begin

NAMES: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """One month.

    Attributes:
        label: its number, such as 2026-11; labels sort as the months do.
        begin: its first instant, UTC.
        end: the first instant after it, UTC.
    """

    label: str
    begin: datetime
    end: datetime

    @property
    def name(self) -> str:
        """What people call it."""
        return NAMES[int(self.label[5:]) - 1]


def month_of(now: datetime, zone: ZoneInfo) -> CalendarMonth:
    """The month in which an instant lies."""
    local = now.astimezone(zone)
    return _month(local.year, local.month, zone)


def month_called(label: str, zone: ZoneInfo) -> CalendarMonth:
    """The month with a label."""
    return _month(int(label[:4]), int(label[5:]), zone)


def month_before(month: CalendarMonth, zone: ZoneInfo) -> CalendarMonth:
    """The month that ends where another one begins."""
    year, number = int(month.label[:4]), int(month.label[5:])
    return _month(year, number - 1, zone) if number > 1 else _month(year - 1, len(NAMES), zone)


@lru_cache(maxsize=256)
def _month(year: int, number: int, zone: ZoneInfo) -> CalendarMonth:
    following = date(year, number + 1, 1) if number < len(NAMES) else date(year + 1, 1, 1)
    return CalendarMonth(
        f"{year:04}-{number:02}", day_begin(date(year, number, 1), zone), day_begin(following, zone)
    )
