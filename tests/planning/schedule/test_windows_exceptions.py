"""Exceptions: days and spans of time that the windows do not decide."""

import pytest

from llamafleet.planning.schedule.windows import Interval, open_intervals
from planning.schedule.schedules import opened, schedule, utc


def test_without_windows_it_is_open_but_for_its_exceptions() -> None:
    closed = {"date": "2026-12-24", "state": "Closed"}
    holidays = schedule(zone="Europe/Berlin", exceptions=[closed])
    assert open_intervals(holidays, utc("2026-12-23 00:00"), utc("2026-12-26 00:00")) == (
        Interval(utc("2026-12-23 00:00"), utc("2026-12-23 23:00")),
        Interval(utc("2026-12-24 23:00"), utc("2026-12-26 00:00")),
    )


@pytest.mark.parametrize(
    ("exceptions", "wanted"),
    [
        pytest.param([("09:00", "12:00", "Closed")], ["01:00 to 09:00", "12:00 to 13:00"], id="a hole"),
        pytest.param([("00:00", "02:00", "Closed")], ["02:00 to 13:00"], id="a late beginning"),
        pytest.param([("12:00", "20:00", "Closed")], ["01:00 to 12:00"], id="an early end"),
        pytest.param([("01:00", "13:00", "Closed")], [], id="no window at all"),
        pytest.param([("14:00", "15:00", "Closed")], ["01:00 to 13:00"], id="closed when it is closed"),
        pytest.param(
            [("14:00", "15:00", "Open")], ["01:00 to 13:00", "14:00 to 15:00"], id="a time of its own"
        ),
        pytest.param([("12:00", "15:00", "Open")], ["01:00 to 13:00", "12:00 to 15:00"], id="an overlap"),
        pytest.param(
            [("00:00", "23:00", "Closed"), ("03:00", "04:00", "Open")],
            ["03:00 to 04:00"],
            id="Open listed last",
        ),
        pytest.param([("03:00", "04:00", "Open"), ("00:00", "23:00", "Closed")], [], id="Closed listed last"),
    ],
)
def test_exceptions_decide_in_their_order(exceptions: list[tuple[str, str, str]], wanted: list[str]) -> None:
    listed = [
        {"from": f"2026-01-15T{begin}:00Z", "to": f"2026-01-15T{end}:00Z", "state": state}
        for begin, end, state in exceptions
    ]
    found = open_intervals(
        schedule(("0 1 * * *", "12h"), exceptions=listed), utc("2026-01-15 00:00"), utc("2026-01-16 00:00")
    )
    assert [f"{interval.start:%H:%M} to {interval.end:%H:%M}" for interval in found] == wanted


def test_an_exception_of_another_offset_and_beyond_the_time_in_question_is_cut_to_it() -> None:
    listed = [{"from": "2026-01-15T07:00:00+05:30", "to": "9999-12-31T23:59:59Z", "state": "Closed"}]
    always = schedule(exceptions=listed)
    assert opened(always, "2026-01-15 00:00", "2026-01-16 00:00") == ["01-15 00:00 to 01-15 01:30"]


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        pytest.param("2026-03-29", ["03-28 23:00 to 03-29 22:00"], id="a day of 23 hours"),
        pytest.param("2026-10-25", ["10-24 22:00 to 10-25 23:00"], id="a day of 25 hours"),
        pytest.param("9999-12-31", [], id="the last day of the calendar"),
        pytest.param("0001-01-01", [], id="the first day of the calendar"),
    ],
)
def test_a_date_is_a_whole_day_of_the_zone(date: str, wanted: list[str]) -> None:
    never = schedule(("0 0 1 1 *", "5m"), zone="Europe/Berlin", exceptions=[{"date": date, "state": "Open"}])
    assert opened(never, "2026-03-01 00:00", "2026-12-01 00:00") == wanted
