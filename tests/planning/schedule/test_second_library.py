"""Ten years of windows in all zones, compared with a second library: croniter.

Two differences are known. croniter takes a list with a star in any place for a star, so none is made here.
And it starts twice at a local time that exists twice, where a window opens once.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.planning.schedule.cron import read_cron
from llamafleet.planning.schedule.windows import open_intervals
from planning.schedule.schedules import DAY, Cron, Field, clock_changes, crons, moments, utc

SECOND = timedelta(seconds=1)
MIDNIGHT = time()
NIGHTLY = ("0 0 * * *", "30 1 * * *", "15,45 2 * * 0,6", "0-10/5 3 * * *", "0 23 * * *", "59 1-3 * * *")


ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/El_Aaiun",
    "Africa/Johannesburg",
    "Africa/Juba",
    "Africa/Lagos",
    "America/Anchorage",
    "America/Argentina/Ushuaia",
    "America/Asuncion",
    "America/Chihuahua",
    "America/Havana",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Almaty",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/Volgograd",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Norfolk",
    "UTC",
)
"""Forty that differ: changes of half an hour and of two hours, at midnight, in Ramadan, for good; winter
time that is the exception; and zones without any."""

HOURS = st.sampled_from([0, 1, 2, 3, 23]) | st.integers(0, 23)
"""Most clocks are changed at night."""


def expected(text: str, start: datetime, end: datetime) -> list[datetime]:
    """What croniter finds from start until end; its flag makes ``*/2`` a star among days, as in Debian."""
    starts = croniter(text, start - SECOND, ret_type=datetime, implement_cron_bug=True)
    return list(takewhile(lambda found: found < end, starts))


@settings(deadline=None)
@given(cron=crons(), first=st.dates(date(2020, 1, 1), date(2029, 12, 31)))
def test_both_name_the_same_days_and_times(cron: Cron, first: date) -> None:
    read = read_cron(cron.text)
    days = [day for day in read.days(first, first + 40 * DAY) if day >= first][:3]
    begin = datetime.combine(first, MIDNIGHT)
    end = datetime.combine(days[-1], MIDNIGHT) + DAY if days else begin + 40 * DAY
    starts = [datetime.combine(day, MIDNIGHT) + at for day in days for at in read.times]
    assert starts == expected(cron.text, begin, end)


def test_both_open_at_the_same_instants_around_every_change_of_a_clock() -> None:
    for index, (zone, noon) in enumerate(clock_changes()):
        start = NIGHTLY[index % len(NIGHTLY)]
        found = open_intervals(moments(start, zone.key), noon - 2 * DAY, noon + DAY)
        theirs = expected(start, (noon - 2 * DAY).astimezone(zone), (noon + DAY).astimezone(zone))
        once = {instant.astimezone(UTC) for instant in theirs if not instant.fold}
        assert {interval.start for interval in found} == once, f"{zone.key}, {start}, {noon}"


@pytest.mark.parametrize("zone", ZONES)
@settings(deadline=None, max_examples=3)
@given(cron=crons(), minute=st.integers(0, 59), hour=HOURS)
def test_both_open_the_same_windows_for_ten_years(zone: str, cron: Cron, minute: int, hour: int) -> None:
    at = {"minute": Field(str(minute), frozenset({minute})), "hour": Field(str(hour), frozenset({hour}))}
    text = replace(cron, **at).text
    start, end = utc("2020-01-01 00:00"), utc("2030-01-01 00:00")
    found = open_intervals(moments(text, zone), start, end)
    here = ZoneInfo(zone)
    theirs = expected(text, start.astimezone(here), end.astimezone(here))
    assert [interval.start for interval in found] == [
        instant.astimezone(UTC) for instant in theirs if not instant.fold
    ]
