"""The level of a schedule at an instant, told as stories."""

from datetime import datetime, timedelta

import pytest

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.opening import NO_OVERRIDES, Opening, Overrides, opening
from planning.schedule.schedules import schedule, utc

NIGHT = schedule(("0 1 * * 1-5", "4h"), zone="Europe/Berlin")
COLD_START = timedelta(minutes=12)


def at(given: Schedule | None, now: str, lead: timedelta = COLD_START, **overrides: str) -> Opening:
    """The opening at an instant, with overrides as ``open_until="2026-01-16 20:00"``."""
    asked = Overrides(**{name: utc(until) for name, until in overrides.items()})
    return opening(given, asked, utc(now), lead)


def told(found: Opening) -> str:
    """An opening in one line, to the minute."""
    state = f"open by {found.window}" if found.open else "warming" if found.warming else "closed"
    return f"{state}, {_short(found.since)} to {_short(found.until)}, then {_short(found.next_open)}"


def _short(instant: datetime | None) -> str:
    return f"{instant:%m-%d %H:%M}" if instant else "-"


@pytest.mark.parametrize(
    ("now", "wanted", "wake"),
    [
        pytest.param("2026-01-14 23:47", "closed, - to -, then 01-15 00:00", "01-14 23:48", id="before"),
        pytest.param("2026-01-14 23:48", "warming, - to -, then 01-15 00:00", "01-15 00:00", id="warming"),
        pytest.param(
            "2026-01-15 00:00",
            "open by w0, 01-15 00:00 to 01-15 04:00, then 01-16 00:00",
            "01-15 04:00",
            id="at the start",
        ),
        pytest.param(
            "2026-01-15 00:07",
            "open by w0, 01-15 00:00 to 01-15 04:00, then 01-16 00:00",
            "01-15 04:00",
            id="when the operator was away at the start",
        ),
        pytest.param("2026-01-15 04:00", "closed, - to -, then 01-16 00:00", "01-15 23:48", id="at the end"),
        pytest.param("2026-01-16 04:00", "closed, - to -, then 01-19 00:00", "01-18 23:48", id="on a Friday"),
        pytest.param(
            "2026-03-27 05:00",
            "closed, - to -, then 03-29 23:00",
            "03-29 22:48",
            id="across a change of time",
        ),
    ],
)
def test_four_hours_a_night_in_berlin(now: str, wanted: str, wake: str) -> None:
    found = at(NIGHT, now)
    assert (told(found), _short(found.wake)) == (wanted, wake)


def test_without_a_schedule_it_is_always_open() -> None:
    found = at(None, "2026-01-15 12:00")
    assert told(found) == "open by always, - to -, then -"
    assert found.bounds.over(1, 10) == (1, 10)
    assert found.next_transition is None


def test_while_closed_nothing_is_bounded_and_while_warming_the_coming_window_bounds() -> None:
    given = Schedule.model_validate(
        {"windows": [{"name": "night", "start": "0 1 * * *", "duration": "1h", "minReplicas": 3}]}
    )
    closed, warming = at(given, "2026-01-15 00:40"), at(given, "2026-01-15 00:48")
    assert (closed.bounds.floors, closed.warming, closed.coming) == ((), False, "night")
    assert (warming.bounds.over(1, 10), warming.warming, warming.open) == ((3, 10), True, False)
    assert warming.next_transition == utc("2026-01-15 01:00")


@pytest.mark.parametrize(
    ("night", "report", "wanted"),
    [
        pytest.param((2, 4), (3, 6), (3, 6), id="both bounds of the other"),
        pytest.param((5, 20), (3, 6), (5, 20), id="both bounds of one"),
        pytest.param((2, 12), (None, None), (2, 12), id="those of spec.scaling are smaller"),
        pytest.param((0, 4), (None, None), (1, 10), id="those of spec.scaling are larger"),
        pytest.param((0, 4), (0, 2), (0, 4), id="both are smaller than those of spec.scaling"),
        pytest.param((12, None), (None, None), (10, 10), id="a floor above every ceiling"),
    ],
)
def test_where_windows_overlap_the_larger_bounds_count(
    night: tuple[int | None, ...], report: tuple[int | None, ...], wanted: tuple[int, int]
) -> None:
    starts = {"night": ("0 0 * * *", night), "report": ("0 5 * * *", report)}
    windows = [
        {"name": name, "start": start, "duration": "6h", "minReplicas": low, "maxReplicas": high}
        for name, (start, (low, high)) in starts.items()
    ]
    found = at(Schedule.model_validate({"windows": windows}), "2026-01-15 05:30")
    assert found.window == "night, report"
    assert found.bounds.over(1, 10) == wanted
    assert (found.since, found.until) == (utc("2026-01-15 00:00"), utc("2026-01-15 11:00"))
    assert found.wake == utc("2026-01-15 06:00")


@pytest.mark.parametrize(
    ("zone", "start", "now", "wanted"),
    [
        pytest.param(
            "UTC",
            "0 22 * * *",
            "2026-01-15 01:00",
            "open by w0, 01-14 22:00 to 01-15 02:00, then 01-15 22:00",
            id="across midnight",
        ),
        pytest.param(
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-29 01:00",
            "open by w0, 03-29 01:00 to 03-29 05:00, then 03-30 00:30",
            id="a start that is skipped",
        ),
        pytest.param(
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-25 01:30",
            "open by w0, 10-25 00:30 to 10-25 04:30, then 10-26 01:30",
            id="a start that comes twice",
        ),
        pytest.param(
            "UTC", "0 0 29 2 *", "2026-01-15 00:00", "closed, - to -, then 02-29 00:00", id="a leap day"
        ),
    ],
)
def test_calendars_and_clocks(zone: str, start: str, now: str, wanted: str) -> None:
    assert told(at(schedule((start, "4h"), zone=zone), now)) == wanted


def test_a_leap_day_that_is_a_sunday_is_found_decades_ahead() -> None:
    leap = schedule(("0 0 29 2 */7", "1d"))
    assert at(leap, "2088-03-01 00:00").next_open == utc("2128-02-29 00:00")


def test_an_hourly_window_is_closed_in_the_hour_that_comes_again() -> None:
    hourly = schedule(("0 * * * *", "1h"), zone="Europe/Berlin")
    assert (
        told(at(hourly, "2026-10-24 12:00", timedelta()))
        == "open by w0, 10-26 02:00 to 10-25 01:00, then 10-25 02:00"
    )
    assert told(at(hourly, "2026-10-25 01:00", timedelta())) == "closed, - to -, then 10-25 02:00"


def test_two_windows_that_touch_are_one_open_time() -> None:
    shifts = schedule(("0 0 * * *", "12h"), ("0 12 * * *", "12h"))
    found = at(shifts, "2026-01-15 06:00")
    assert told(found) == "open by w0, - to -, then -"
    assert found.wake == utc("2026-01-15 12:00")


@pytest.mark.parametrize(
    ("state", "now", "wanted"),
    [
        pytest.param(
            "Closed", "2026-01-15 00:30", "closed, - to -, then 01-15 01:00", id="an exception closes"
        ),
        pytest.param(
            "Closed",
            "2026-01-15 02:00",
            "open by w0, 01-15 01:00 to 01-15 04:00, then 01-16 00:00",
            id="it opens after the exception",
        ),
        pytest.param(
            "Open",
            "2026-01-14 23:10",
            "open by exception, 01-14 23:00 to 01-15 04:00, then 01-16 00:00",
            id="an exception opens before a window",
        ),
        pytest.param(
            "Open",
            "2026-01-14 22:48",
            "warming, - to -, then 01-14 23:00",
            id="it opens early for an exception",
        ),
    ],
)
def test_an_exception_changes_the_night(state: str, now: str, wanted: str) -> None:
    times = {"from": "2026-01-14T23:00:00Z", "to": "2026-01-15T01:00:00Z", "state": state}
    given = schedule(("0 1 * * 1-5", "4h"), zone="Europe/Berlin", exceptions=[times])
    assert told(at(given, now, timedelta(minutes=12))) == wanted


def test_closed_for_ever_has_no_next_opening() -> None:
    forever = {"from": "2026-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "state": "Closed"}
    found = at(schedule(("0 1 * * *", "4h"), exceptions=[forever]), "2026-01-15 02:00")
    assert told(found) == "closed, - to -, then -"
    assert (found.warm_from, found.next_transition) == (None, None)


def test_a_pause_that_is_shorter_than_a_cold_start_is_warm_throughout() -> None:
    given = schedule(("0 1 * * *", "1h"), ("10 2 * * *", "1h"))
    found = at(given, "2026-01-15 02:00")
    assert (found.open, found.warming, found.warm_from) == (False, True, utc("2026-01-15 01:58"))


def test_what_is_asked_for_on_the_spot_needs_no_schedule() -> None:
    assert (
        told(at(None, "2026-01-15 12:00", closed_until="2026-01-15 13:00"))
        == "closed, - to -, then 01-15 13:00"
    )
    assert (
        told(at(None, "2026-01-15 12:00", open_until="2026-01-15 13:00")) == "open by always, - to -, then -"
    )
    assert opening(None, NO_OVERRIDES, utc("2026-01-15 12:00")).open


@pytest.mark.parametrize(
    ("now", "overrides", "wanted"),
    [
        pytest.param(
            "2026-01-15 12:00",
            {"open_until": "2026-01-15 20:00"},
            "open by override, - to 01-15 20:00, then 01-16 00:00",
            id="open by day",
        ),
        pytest.param(
            "2026-01-15 20:00",
            {"open_until": "2026-01-15 20:00"},
            "closed, - to -, then 01-16 00:00",
            id="its end",
        ),
        pytest.param(
            "2026-01-15 12:00",
            {"open_until": "2026-01-16 02:00"},
            "open by override, - to 01-16 04:00, then 01-19 00:00",
            id="open into a window",
        ),
        pytest.param(
            "2026-01-15 02:00",
            {"open_until": "2026-01-15 06:00"},
            "open by w0, 01-15 00:00 to 01-15 06:00, then 01-16 00:00",
            id="open beyond a window",
        ),
        pytest.param(
            "2026-01-15 02:00",
            {"closed_until": "2026-01-15 03:00"},
            "closed, - to -, then 01-15 03:00",
            id="closed inside a window",
        ),
        pytest.param(
            "2026-01-15 03:30",
            {"closed_until": "2026-01-15 03:00"},
            "open by w0, 01-15 03:00 to 01-15 04:00, then 01-16 00:00",
            id="the rest of that window",
        ),
        pytest.param(
            "2026-01-15 02:00",
            {"closed_until": "2026-01-15 12:00"},
            "closed, - to -, then 01-16 00:00",
            id="closed beyond a window",
        ),
        pytest.param(
            "2026-01-15 12:00",
            {"closed_until": "2026-01-15 13:00", "open_until": "2026-01-15 20:00"},
            "closed, - to -, then 01-15 13:00",
            id="closed beats open",
        ),
        pytest.param(
            "2026-01-15 12:50",
            {"closed_until": "2026-01-15 13:00", "open_until": "2026-01-15 20:00"},
            "warming, - to -, then 01-15 13:00",
            id="and its end is opened early for",
        ),
        pytest.param(
            "2026-01-15 12:00",
            {"closed_until": "2026-01-15 20:00", "open_until": "2026-01-15 13:00"},
            "closed, - to -, then 01-16 00:00",
            id="an open time that is over by then",
        ),
        pytest.param(
            "2026-01-15 02:00",
            {"closed_until": "9999-12-31 23:59"},
            "closed, - to -, then -",
            id="closed until the end of the calendar",
        ),
        pytest.param(
            "2026-01-15 12:00",
            {"open_until": "9999-12-31 23:59"},
            "open by override, - to -, then -",
            id="open until the end of the calendar",
        ),
    ],
)
def test_annotations_have_the_last_word(now: str, overrides: dict[str, str], wanted: str) -> None:
    assert told(at(NIGHT, now, **overrides)) == wanted
