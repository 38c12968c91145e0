"""Windows: when a schedule is open, told as stories."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from llamafleet.api.schedule import Schedule
from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.windows import Interval, open_intervals, open_time
from planning.schedule.schedules import DAY, opened, schedule, utc

HOUR = timedelta(hours=1)


def test_a_window_opens_in_the_zone_of_its_schedule() -> None:
    night = schedule(("0 1 * * 1-5", "4h"), zone="Europe/Berlin")
    assert opened(night, "2026-01-15 00:00", "2026-01-20 00:00") == [
        "01-15 00:00 to 01-15 04:00",
        "01-16 00:00 to 01-16 04:00",
        "01-19 00:00 to 01-19 04:00",
    ]


def test_a_window_that_has_begun_before_is_open_from_the_start_on() -> None:
    night = schedule(("0 22 * * *", "8h"))
    assert opened(night, "2026-01-15 01:07", "2026-01-15 23:00") == [
        "01-15 01:07 to 01-15 06:00",
        "01-15 22:00 to 01-15 23:00",
    ]


def test_a_window_of_many_days_is_found_from_its_middle() -> None:
    assert opened(schedule(("0 0 1 1 *", "100d")), "2026-04-10 12:00", "2026-05-01 00:00") == [
        "04-10 12:00 to 04-11 00:00"
    ]


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        pytest.param("30 2 * * *", "03-29 01:00 to 03-29 05:00", id="in the skip"),
        pytest.param("0 1 * * *", "03-29 00:00 to 03-29 04:00", id="across the skip"),
        pytest.param("0 3 * * *", "03-29 01:00 to 03-29 05:00", id="right after the skip"),
    ],
)
def test_when_clocks_go_forward_four_hours_remain_four(start: str, wanted: str) -> None:
    window = schedule((start, "4h"), zone="Europe/Berlin")
    assert opened(window, "2026-03-28 23:00", "2026-03-29 22:00") == [wanted]


def test_when_clocks_go_back_a_window_opens_once_and_four_hours_remain_four() -> None:
    window = schedule(("30 2 * * *", "4h"), zone="Europe/Berlin")
    assert opened(window, "2026-10-24 22:00", "2026-10-25 23:00") == ["10-25 00:30 to 10-25 04:30"]


def test_an_hourly_window_stays_closed_in_the_hour_that_comes_again() -> None:
    hourly = schedule(("0 * * * *", "1h"), zone="Europe/Berlin")
    assert opened(hourly, "2026-10-24 22:00", "2026-10-25 23:00") == [
        "10-24 22:00 to 10-25 01:00",
        "10-25 02:00 to 10-25 23:00",
    ]


def test_windows_overlap_with_bounds_of_their_own_and_their_time_counts_once() -> None:
    bounded = Schedule.model_validate(
        {
            "windows": [
                {"name": "night", "start": "0 0 * * *", "duration": "6h", "minReplicas": 2, "maxReplicas": 4},
                {"name": "report", "start": "0 5 * * *", "duration": "2h"},
            ]
        }
    )
    found = open_intervals(bounded, utc("2026-01-15 00:00"), utc("2026-01-16 00:00"))
    assert found == (
        Interval(utc("2026-01-15 00:00"), utc("2026-01-15 06:00"), "night", 2, 4),
        Interval(utc("2026-01-15 05:00"), utc("2026-01-15 07:00"), "report", None, None),
    )
    assert open_time(found) == 7 * HOUR


def test_a_window_longer_than_its_period_stays_open() -> None:
    found = opened(schedule(("0 0 * * *", "25h")), "2026-01-15 00:00", "2026-02-15 00:00")
    assert found == ["01-15 00:00 to 02-15 00:00"]


@pytest.mark.parametrize("start", ["2010-11-07 02:00", "2010-11-07 02:40"])
def test_a_window_is_open_while_the_clock_shows_the_day_before_again(start: str) -> None:
    """In St. John's the clock went from 00:01 back to 23:01."""
    sunday = schedule(("0 0 * * 7", "1h"), zone="America/St_Johns")
    found = opened(sunday, start, "2010-11-07 02:50")
    assert found == [f"11-07 {max(start[-5:], '02:30')} to 11-07 02:50"]


@pytest.mark.parametrize("duration", ["999999d", "999999d999999d999999d999999d"])
def test_a_window_of_centuries_is_open(duration: str) -> None:
    """29 February is a Sunday in 2088 and in 2128, and in no year between."""
    leap = schedule(("0 0 29 2 */7", duration))
    assert opened(leap, "2128-02-01 00:00", "2128-02-02 00:00") == ["02-01 00:00 to 02-02 00:00"]


OPENED = schedule(
    exceptions=[{"from": "2026-01-15T01:00:00Z", "to": "2026-01-15T02:00:00Z", "state": "Open"}]
)


@pytest.mark.parametrize("given_schedule", [schedule(("* * * * *", "1h")), OPENED])
def test_no_time_holds_no_interval(given_schedule: Schedule) -> None:
    assert opened(given_schedule, "2026-01-15 01:00", "2026-01-15 01:00") == []


@pytest.mark.parametrize(
    ("given_schedule", "problem"),
    [
        pytest.param(
            schedule(("0 1 * * *", "4h"), ("0 0 31 2 *", "1h")),
            "spec.schedule.windows[1].start = 0 0 31 2 *: "
            "must fall on a day that exists; there is no day 31 in month 2",
            id="a start that never comes",
        ),
        pytest.param(
            schedule(("70 0 * * *", "4h")),
            "spec.schedule.windows[0].start = 70 0 * * *: must be five cron fields; 70 is no minute "
            "(0 to 59), which is *, a value, a range such as 1-5 that does not fall, */2, 1-5/2, "
            "or a list of these",
            id="no cron time",
        ),
        pytest.param(
            schedule(("0 1 * * *", "4h"), zone="Europe/Bonn"),
            "spec.schedule.timeZone = Europe/Bonn: "
            "must be a name of the IANA time zone database, such as UTC or Europe/Berlin",
            id="no zone",
        ),
    ],
)
def test_a_schedule_is_refused_by_field_value_and_rule(given_schedule: Schedule, problem: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        open_intervals(given_schedule, utc("2026-01-15 00:00"), utc("2026-01-15 00:00"))
    assert str(refusal.value) == problem


def test_a_start_in_every_minute_is_one_interval() -> None:
    busy = schedule(("* * * * *", "5m"))
    assert opened(busy, "2026-01-01 00:00", "2027-01-01 00:00") == ["01-01 00:00 to 01-01 00:00"]


def test_intervals_are_in_utc_and_sorted() -> None:
    here = ZoneInfo("Asia/Tokyo")
    start = datetime(2026, 1, 15, tzinfo=here)
    found = open_intervals(schedule(("0 5 * * *", "1h"), ("0 3 * * *", "1h")), start, start + 2 * DAY)
    assert [interval.window for interval in found] == ["w1", "w0", "w1", "w0"]
    assert all(interval.start.tzinfo is UTC and interval.end.tzinfo is UTC for interval in found)
