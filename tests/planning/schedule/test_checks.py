"""Schedules that cannot be meant as they stand, refused by field, value and rule."""

import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llamafleet.api.schedule import Schedule
from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.checks import check_schedule, shortest_period, too_short
from llamafleet.planning.schedule.cron import read_cron
from llamafleet.planning.schedule.opening import NO_OVERRIDES, opening
from llamafleet.planning.schedule.windows import open_intervals
from planning.schedule.schedules import DAY, Cron, crons, moments, schedule, utc

WEEKDAYS = ("0 1 * * 1-5", "4h")
SATURDAY = {"date": "2026-11-21", "state": "Closed"}
CLOSES_NOTHING = "must close a time in which a window or an earlier exception is open; there is none in it"


@pytest.mark.parametrize(
    ("given_schedule", "problem"),
    [
        pytest.param(
            schedule(WEEKDAYS, zone="Europe/Bonn"),
            "spec.schedule.timeZone = Europe/Bonn: "
            "must be a name of the IANA time zone database, such as UTC or Europe/Berlin",
            id="an unknown zone",
        ),
        pytest.param(
            schedule(WEEKDAYS, ("0 0 30 2 *", "1h")),
            "spec.schedule.windows[1].start = 0 0 30 2 *: "
            "must fall on a day that exists; there is no day 30 in month 2",
            id="30 February",
        ),
        pytest.param(
            schedule(("0 1 * * 1-5", "25h")),
            "spec.schedule.windows[0].duration = 1d1h: "
            "must be at most 1d, the shortest time between two starts of the window",
            id="25 hours on weekdays",
        ),
        pytest.param(
            schedule(WEEKDAYS, ("0,30 1 * * 1", "1h")),
            "spec.schedule.windows[1].duration = 1h: "
            "must be at most 30m, the shortest time between two starts of the window",
            id="an hour twice an hour",
        ),
        pytest.param(
            schedule(("0 0 29 2 *", "1462d")),
            "spec.schedule.windows[0].duration = 1462d: "
            "must be at most 1461d, the shortest time between two starts of the window",
            id="four years and a day from leap day on",
        ),
        pytest.param(
            schedule(("0 * * * *", "1h"), ("*/15 * * * 1", "15m")),
            "spec.schedule.windows = 120 times of day: must together name at most 96 times of day as starts",
            id="more starts than anybody needs",
        ),
        pytest.param(
            schedule(WEEKDAYS, zone="Europe/Berlin", exceptions=[SATURDAY]),
            f"spec.schedule.exceptions[0] = Closed on 2026-11-21: {CLOSES_NOTHING}",
            id="a Saturday off without windows on Saturdays",
        ),
        pytest.param(
            schedule(
                WEEKDAYS,
                exceptions=[
                    {"date": "2026-11-20", "state": "Closed"},
                    {"from": "2026-11-20T05:00:00Z", "to": "2026-11-23T02:00:00+01:00", "state": "Closed"},
                ],
            ),
            "spec.schedule.exceptions[1] = "
            f"Closed from 2026-11-20T05:00:00Z to 2026-11-23T01:00:00Z: {CLOSES_NOTHING}",
            id="between two nights",
        ),
        pytest.param(
            schedule(
                WEEKDAYS,
                exceptions=[SATURDAY, {"date": "2026-11-21", "state": "Open"}],
            ),
            f"spec.schedule.exceptions[0] = Closed on 2026-11-21: {CLOSES_NOTHING}",
            id="closed before an exception opens",
        ),
    ],
)
def test_it_is_refused(given_schedule: Schedule, problem: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        check_schedule(given_schedule)
    assert str(refusal.value) == problem


@pytest.mark.parametrize(
    "given_schedule",
    [
        pytest.param(schedule(("0 1 * * *", "24h")), id="a day every day, which is always"),
        pytest.param(schedule(("0 * * * *", "1h")), id="an hour every hour"),
        pytest.param(schedule(("*/15 * * * *", "5m")), id="96 starts"),
        pytest.param(
            schedule(WEEKDAYS, exceptions=[{"date": "2020-01-01", "state": "Closed"}]), id="long over"
        ),
        pytest.param(schedule(exceptions=[SATURDAY]), id="a Saturday off without windows"),
        pytest.param(
            schedule(WEEKDAYS, exceptions=[{"date": "2026-11-21", "state": "Open"}]), id="an open Saturday"
        ),
        pytest.param(
            schedule(WEEKDAYS, exceptions=[{"date": "2026-11-21", "state": "Open"}, SATURDAY]),
            id="closed what an earlier exception opens",
        ),
        pytest.param(
            schedule(
                ("0 22 * * 5", "4h"),
                exceptions=[SATURDAY],
            ),
            id="a Saturday off after a Friday night",
        ),
        pytest.param(
            schedule(
                ("0 0 29 2 */7", "4h"),
                exceptions=[
                    {"from": "2060-03-01T00:00:00Z", "to": "2088-03-01T00:00:00Z", "state": "Closed"}
                ],
            ),
            id="one leap day in 28 years",
        ),
        pytest.param(
            schedule(
                WEEKDAYS,
                exceptions=[
                    {"date": "9999-12-31", "state": "Closed"},
                    {"date": "0001-01-01", "state": "Closed"},
                    {"from": "2026-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "state": "Closed"},
                ],
            ),
            id="the ends of the calendar",
        ),
    ],
)
def test_it_is_taken(given_schedule: Schedule) -> None:
    check_schedule(given_schedule)


@settings(deadline=None, max_examples=60)
@given(cron=crons())
def test_no_two_starts_are_closer_than_the_shortest_period_and_two_are_as_close(cron: Cron) -> None:
    """In twice the 28 years after which the calendar repeats itself, by walking through all of their days."""
    assume(len(read_cron(cron.text).times) <= 4)
    first = datetime(2001, 1, 1, tzinfo=UTC)
    days = [
        day for day in (first + index * DAY for index in range(2 * 28 * 366)) if cron.falls_on(day.date())
    ]
    starts = [day + at for day in days for at in read_cron(cron.text).times]
    assume(len(starts) > 1)
    closest = min(later - earlier for earlier, later in pairwise(starts))
    assert shortest_period(read_cron(cron.text)) == closest


@settings(deadline=None, max_examples=60)
@given(cron=crons(), minutes=st.integers(5, 3000), first=st.dates(date(2020, 1, 1), date(2029, 12, 31)))
def test_a_window_that_is_taken_opens_at_each_of_its_starts(cron: Cron, minutes: int, first: date) -> None:
    """It has closed before, or closes at that instant: no start is swallowed by the window before it."""
    window = schedule((cron.text, f"{minutes}m"))
    begin = utc(f"{first} 00:00")
    if timedelta(minutes=minutes) > shortest_period(read_cron(cron.text)):
        with pytest.raises(InvalidSpec, match="the shortest time between two starts"):
            check_schedule(window)
    else:
        starts = [found.start for found in open_intervals(moments(cron.text, "UTC"), begin, begin + 40 * DAY)]
        assert all(later - earlier >= timedelta(minutes=minutes) for earlier, later in pairwise(starts[1:]))


def test_a_window_that_is_shorter_than_a_cold_start_is_named_with_both() -> None:
    given = schedule(("0 1 * * *", "10m"), ("0 3 * * *", "12m"), ("0 5 * * *", "5m"))
    assert too_short(given, timedelta(minutes=12)) == (
        "Window w0 is open for 10m, which is shorter than a cold start (12m).",
        "Window w2 is open for 5m, which is shorter than a cold start (12m).",
    )
    assert too_short(given, timedelta(seconds=299.6)) == ()


@pytest.mark.parametrize("state", ["Open", "Closed"])
def test_the_worst_schedule_that_is_taken_is_known_in_two_seconds(state: str) -> None:
    """64 windows that leave no gap, so that a year is looked through, 96 starts and 366 exceptions."""
    windows = [(f"{minute} {hour} * * *", "1h") for hour in range(24) for minute in (0, 30)]
    windows += [(f"{minute} 0,8,16 * * *", "8h") for minute in range(16)]
    begin = utc("2027-06-01 00:07")
    spans = [(begin + index * DAY / 4, begin + index * DAY / 4 + DAY / 24) for index in range(366)]
    exceptions = [{"from": start, "to": end, "state": state} for start, end in spans]
    worst = schedule(*windows, zone="Europe/Berlin", exceptions=exceptions)
    began = time.process_time()
    check_schedule(worst)
    assert opening(worst, NO_OVERRIDES, utc("2026-11-21 12:00")).open
    assert time.process_time() - began < 2
