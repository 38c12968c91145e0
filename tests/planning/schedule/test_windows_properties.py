"""What holds of every schedule: it is open when a clock on the wall says so, and this is known at once."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.planning.schedule.windows import Interval, open_intervals, open_time
from planning.schedule.schedules import DAY, Cron, crons, schedule, utc

MINUTE = timedelta(minutes=1)


CLOCKS = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2027-11-07"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("America/St_Johns", "2010-11-07"),
    ("America/Havana", "2026-11-01"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Pacific/Apia", "2011-12-30"),
    ("Asia/Kathmandu", "2028-02-29"),
]


@settings(deadline=None, max_examples=60)
@given(
    starts=st.lists(crons(), min_size=1, max_size=2),
    duration=st.integers(5, 2000),
    clock=st.sampled_from(CLOCKS),
    late=st.integers(-1440, 1440),
    exceptions=st.lists(
        st.tuples(st.integers(-2000, 4000), st.integers(1, 3000), st.sampled_from(["Open", "Closed"])),
        max_size=3,
    ),
)
def test_it_is_open_in_the_minutes_in_which_a_clock_on_the_wall_says_so(
    starts: list[Cron],
    duration: int,
    clock: tuple[str, str],
    late: int,
    exceptions: list[tuple[int, int, str]],
) -> None:
    zone, start = ZoneInfo(clock[0]), utc(clock[1]) - DAY + late * MINUTE
    spans = [
        (start + begin * MINUTE, start + (begin + length) * MINUTE, state)
        for begin, length, state in exceptions
    ]
    listed = [{"from": begin, "to": end, "state": state} for begin, end, state in spans]
    windows = [(start.text, f"{duration}m") for start in starts]
    asked = schedule(*windows, zone=zone.key, exceptions=listed)
    found = open_intervals(asked, start, start + 3 * DAY)

    wanted = set()
    for cron in starts:
        wanted |= _watched(cron, duration, zone, start)
    for begin, end, state in spans:
        minutes = {minute for minute in range(3 * 1440) if begin <= start + minute * MINUTE < end}
        wanted = wanted | minutes if state == "Open" else wanted - minutes
    assert _minutes(found, start) == wanted
    assert open_time(found) == len(wanted) * MINUTE


def _watched(cron: Cron, duration: int, zone: ZoneInfo, start: datetime) -> set[int]:
    """The minutes of three days in which a window is open, by watching a clock from two days before on.

    When the clock shows a minute for the first time, every minute since the last such one has its turn.
    """
    latest = (start - 2 * DAY).astimezone(zone).replace(tzinfo=None)
    closes, found = -10_000, set()
    for minute in range(-2 * 1440 + 1, 3 * 1440):
        wall = (start + minute * MINUTE).astimezone(zone).replace(tzinfo=None)
        while latest < wall:
            latest += MINUTE
            if cron.starts_at(latest):
                closes = minute + duration
        if 0 <= minute < closes:
            found.add(minute)
    return found


def _minutes(found: tuple[Interval, ...], start: datetime) -> set[int]:
    return {
        minute
        for interval in found
        for minute in range((interval.start - start) // MINUTE, (interval.end - start) // MINUTE)
    }


def test_64_windows_of_a_month_take_milliseconds() -> None:
    windows = [(f"{index % 60} {index % 24} * * 1-5", "4h") for index in range(64)]
    fleet = schedule(*windows, zone="Europe/Berlin")
    open_intervals(fleet, utc("2026-03-15 00:00"), utc("2026-04-14 00:00"))
    took = []
    for _ in range(5):
        began = time.process_time()
        assert len(open_intervals(fleet, utc("2026-03-15 00:00"), utc("2026-04-14 00:00"))) > 64 * 20
        took.append(time.process_time() - began)
    assert min(took) < 0.02
