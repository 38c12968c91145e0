"""What holds of every opening: it is the level of the intervals, and nothing changes before it says so."""

import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.opening import NO_OVERRIDES, Opening, Overrides, opening
from llamafleet.planning.schedule.windows import LONGEST, open_intervals
from planning.schedule.schedules import DAY, Cron, crons, schedule, utc

MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
)
BEGIN = utc("2024-01-01 00:00")

INSTANTS = st.integers(0, 6 * 366 * 1440).map(lambda minutes: BEGIN + minutes * MINUTE)
"""Six years with two leap days and twelve changes of a clock."""

LEADS = st.integers(0, 2880).map(lambda minutes: minutes * MINUTE)


@st.composite
def schedules(draw: st.DrawFn, near: datetime) -> Schedule:
    """Up to three windows of any cron time, with exceptions around an instant."""
    starts = draw(st.lists(crons(), max_size=3))
    lengths = st.integers(5, 5000).map(lambda minutes: f"{minutes}m")
    spans = draw(
        st.lists(
            st.tuples(st.integers(-4000, 4000), st.integers(1, 5000), st.sampled_from(["Open", "Closed"])),
            min_size=0 if starts else 1,
            max_size=4,
        )
    )
    exceptions = [
        {"from": near + begin * MINUTE, "to": near + (begin + length) * MINUTE, "state": state}
        for begin, length, state in spans
    ]
    windows = [(cron.text, draw(lengths)) for cron in starts]
    return schedule(*windows, zone=draw(st.sampled_from(ZONES)), exceptions=exceptions)


def overrides(near: datetime) -> st.SearchStrategy[Overrides]:
    """None, one or both of them, ahead or over."""
    instants = st.none() | st.integers(-3000, 3000).map(lambda minutes: near + minutes * MINUTE)
    return st.builds(Overrides, instants, instants)


def level(given_schedule: Schedule, asked: Overrides, now: datetime, instant: datetime) -> bool:
    """Whether it is open at an instant, by the intervals of that second; overrides are those of now."""
    if asked.closed_until is not None and now <= instant < asked.closed_until:
        return False
    if asked.open_until is not None and now <= instant < asked.open_until:
        return True
    return bool(open_intervals(given_schedule, instant, instant + timedelta(seconds=1)))


@settings(deadline=None, max_examples=150)
@given(data=st.data(), now=INSTANTS, lead=LEADS)
def test_it_is_the_level_of_the_intervals_now_and_at_every_change_it_tells_of(
    data: st.DataObject, now: datetime, lead: timedelta
) -> None:
    here = data.draw(schedules(now))
    asked = data.draw(overrides(now))
    found = opening(here, asked, now, lead)

    def is_open(instant: datetime) -> bool:
        return level(here, asked, now, instant)

    assert found.open == is_open(now)
    if found.until is not None:
        assert not is_open(found.until)
        assert is_open(found.until - MINUTE / 60)
    if found.next_open is not None:
        assert is_open(found.next_open)
        assert not is_open(found.next_open - MINUTE / 60)
        assert found.coming
    if found.since is not None:
        assert is_open(found.since)
    later = now + data.draw(st.integers(0, 10_000)) * MINUTE
    if found.open and (found.until is None or later < found.until):
        assert is_open(later)
    if not found.open and (found.next_open is None or later < found.next_open):
        assert not is_open(later)
    assert found.warming == (found.warm_from is not None and found.warm_from <= now)
    assert found.warm_from is None or found.warm_from == found.next_open - lead


@settings(deadline=None, max_examples=150)
@given(data=st.data(), now=INSTANTS, lead=LEADS)
def test_until_it_wakes_nothing_changes(data: st.DataObject, now: datetime, lead: timedelta) -> None:
    here = data.draw(st.none() | schedules(now))
    asked = data.draw(overrides(now))
    found = opening(here, asked, now, lead)
    assert now < found.wake <= now + 32 * DAY
    between = now + (found.wake - now) * data.draw(st.integers(0, 99)) / 100
    for instant in (between, found.wake - MINUTE / 60):
        assert replace(opening(here, asked, instant, lead), wake=found.wake) == found


@settings(deadline=None, max_examples=40)
@given(data=st.data(), now=INSTANTS)
def test_the_largest_bound_of_the_open_windows_counts(data: st.DataObject, now: datetime) -> None:
    bounds = st.none() | st.integers(1, 20)
    windows = [
        {
            "name": f"w{index}",
            "start": data.draw(crons()).text,
            "duration": "30d",
            "maxReplicas": data.draw(bounds),
        }
        for index in range(4)
    ]
    here = Schedule.model_validate({"windows": windows})
    ceilings = [found.max_replicas for found in open_intervals(here, now, now + MINUTE)]
    found = opening(here, NO_OVERRIDES, now)
    assert found.open == bool(ceilings)
    assume(found.open)
    assert found.bounds.over(1, 10)[1] == max(10 if one is None else one for one in ceilings)


@settings(deadline=None, max_examples=30)
@given(cron=crons(), now=INSTANTS, late=st.integers(0, 299))
def test_an_operator_that_was_away_at_the_start_opens_later(cron: Cron, now: datetime, late: int) -> None:
    """Whoever asks for the first time inside a window finds it open with the same start and end."""
    window = schedule((cron.text, "5m"))
    start = opening(window, NO_OVERRIDES, now).next_open
    assume(start is not None)
    assert start <= now + LONGEST
    punctual = opening(window, NO_OVERRIDES, start)
    assert punctual.open
    assert punctual.since == start
    assert _known(opening(window, NO_OVERRIDES, start + timedelta(seconds=late))) == _known(punctual)


def _known(found: Opening) -> tuple[object, ...]:
    return found.open, found.window, found.since, found.until, found.next_open


@pytest.mark.parametrize(
    ("windows", "exceptions"), [(1, 0), (5, 0), (5, 20)], ids=["1 window", "5 windows", "and 20 exceptions"]
)
def test_one_schedule_is_evaluated_in_50_microseconds(windows: int, exceptions: int) -> None:
    """Also when the resource was read anew, so that the schedule is an equal one and not the same."""
    begin = utc("2026-11-01 00:00")
    days = [{"date": str((begin + index * DAY).date()), "state": "Closed"} for index in range(exceptions)]
    nights = [(f"0 {index} * * *", "4h") for index in range(windows)]
    now, calls, took = begin + DAY, 300, []
    opening(schedule(*nights, zone="Europe/Berlin", exceptions=days), NO_OVERRIDES, now)
    again = schedule(*nights, zone="Europe/Berlin", exceptions=days)
    for _ in range(7):
        began = time.process_time()
        for second in range(calls):
            opening(again, NO_OVERRIDES, now + timedelta(seconds=second))
        took.append((time.process_time() - began) / calls)
    assert min(took) < 50e-6
