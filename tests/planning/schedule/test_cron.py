"""Cron times: what is read, what is refused, and on which days and at which times of day they fall."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.planning.schedule.cron import read_cron
from planning.schedule.schedules import DAY, Cron, crons

FORMS = "which is *, a value, a range such as 1-5 that does not fall, */2, 1-5/2, or a list of these"
MINUTE = f"minute (0 to 59), {FORMS}"
DAY_OF_MONTH = f"day of month (1 to 31), {FORMS}"
DAY_OF_WEEK = f"day of week (0 to 7 or SUN to SAT, where 0, 7 and SUN are Sunday), {FORMS}"
COUNT = "must have five fields: minute, hour, day of month, month and day of week"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("70 0 * * *", f"must be five cron fields; 70 is no {MINUTE}", id="no such minute"),
        pytest.param("*/0 0 * * *", f"must be five cron fields; */0 is no {MINUTE}", id="a step of zero"),
        pytest.param(
            "5/15 0 * * *", f"must be five cron fields; 5/15 is no {MINUTE}", id="a step of nothing"
        ),
        pytest.param(
            "5-5/15 * * * *", f"must be five cron fields; 5-5/15 is no {MINUTE}", id="a step of one"
        ),
        pytest.param(
            "05-5/15 * * * *", f"must be five cron fields; 05-5/15 is no {MINUTE}", id="a hidden one"
        ),
        pytest.param("1,,2 0 * * *", f"must be five cron fields; 1,,2 is no {MINUTE}", id="a gap in a list"),
        pytest.param(
            "30-10 0 * * *", f"must be five cron fields; 30-10 is no {MINUTE}", id="a falling range"
        ),
        pytest.param("-5 0 * * *", f"must be five cron fields; -5 is no {MINUTE}", id="half a range"),
        pytest.param("** 0 * * *", f"must be five cron fields; ** is no {MINUTE}", id="two stars"),
        pytest.param("0 0 L * *", f"must be five cron fields; L is no {DAY_OF_MONTH}", id="the last day"),
        pytest.param(
            "0 0 LW * *", f"must be five cron fields; LW is no {DAY_OF_MONTH}", id="the last weekday"
        ),
        pytest.param("0 0 0 * *", f"must be five cron fields; 0 is no {DAY_OF_MONTH}", id="day zero"),
        pytest.param("0 0 * * 5L", f"must be five cron fields; 5L is no {DAY_OF_WEEK}", id="the last Friday"),
        pytest.param("0 0 * * 8", f"must be five cron fields; 8 is no {DAY_OF_WEEK}", id="an eighth day"),
        pytest.param("0 0 * * JAN", f"must be five cron fields; JAN is no {DAY_OF_WEEK}", id="a month"),
        pytest.param(
            "0 0 * * FRI-SUN", f"must be five cron fields; FRI-SUN is no {DAY_OF_WEEK}", id="FRI-SUN"
        ),
        pytest.param("0 0 * * SUN-0/2", f"must be five cron fields; SUN-0/2 is no {DAY_OF_WEEK}", id="SUN-0"),
        pytest.param("0 0 * * * *", COUNT, id="seconds"),
        pytest.param("@daily", COUNT, id="a nickname"),
        pytest.param("", COUNT, id="nothing"),
        pytest.param(
            "0 0 30 2 *", "must fall on a day that exists; there is no day 30 in month 2", id="30 February"
        ),
        pytest.param(
            "0 0 31 4,6,9,11 *",
            "must fall on a day that exists; there is no day 31 in month 4,6,9,11",
            id="a 31st of short months",
        ),
        pytest.param(
            "0 0 31 2 */2",
            "must fall on a day that exists; there is no day 31 in month 2",
            id="31 February, when both days must match",
        ),
    ],
)
def test_a_cron_time_is_refused(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refusal:
        read_cron(text)
    assert str(refusal.value) == rule


@pytest.mark.parametrize(
    ("text", "days"),
    [
        pytest.param(
            "0 0 31 * *", ["2026-01-31", "2026-03-31", "2026-05-31"], id="the 31st, where there is one"
        ),
        pytest.param("0 0 29 2 *", ["2024-02-29", "2028-02-29", "2032-02-29"], id="leap days"),
        pytest.param(
            "0 0 29 2 */7", ["2004-02-29", "2032-02-29", "2060-02-29"], id="leap days that are Sundays"
        ),
        pytest.param("0 0 13 * 5", ["2026-01-30", "2026-02-06", "2026-02-13"], id="a 13th or a Friday"),
        pytest.param("0 0 */13 * 5", ["2025-11-14", "2026-02-27", "2026-03-27"], id="1, 14, 27 and a Friday"),
        pytest.param("0 0 * * SAT,7", ["2026-01-31", "2026-02-01", "2026-02-07"], id="weekends"),
        pytest.param("0 0 * * 5-7", ["2026-01-31", "2026-02-01", "2026-02-06"], id="Friday to Sunday"),
        pytest.param("0 0 30 2 1", ["2025-02-24", "2026-02-02", "2026-02-09"], id="Mondays of February"),
        pytest.param("0 0 1-7/3 JAN-mar *", ["2026-01-07", "2026-02-01", "2026-02-04"], id="every third day"),
    ],
)
def test_a_cron_time_falls_on_its_last_day_before_february_and_those_after(
    text: str, days: list[str]
) -> None:
    before, first, second, *_ = read_cron(text).days(date(2026, 2, 1), date(2060, 12, 31))
    assert [str(before), str(first), str(second)] == days


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        pytest.param("0 1 * * *", [60], id="one o'clock"),
        pytest.param("00 01 * * *", [60], id="leading zeros"),
        pytest.param("15,45 0,23 * * *", [15, 45, 23 * 60 + 15, 23 * 60 + 45], id="four times"),
        pytest.param("*/90 8-18/5 * * *", [8 * 60, 13 * 60, 18 * 60], id="a step beyond its field"),
        pytest.param("* * * * *", list(range(1440)), id="every minute"),
    ],
)
def test_a_cron_time_has_the_same_times_on_every_day(text: str, minutes: list[int]) -> None:
    assert read_cron(text).times == tuple(timedelta(minutes=minute) for minute in minutes)


@settings(deadline=None)
@given(cron=crons(), first=st.dates(date(2020, 1, 1), date(2029, 12, 31)), length=st.integers(0, 400))
def test_its_days_and_times_are_what_the_fields_say(cron: Cron, first: date, length: int) -> None:
    read = read_cron(cron.text)
    falls = [day for day in (first + days * DAY for days in range(length + 1)) if cron.falls_on(day)]
    before, found = _split(read.days(first, first + length * DAY), first)
    assert found == falls
    assert before is None or cron.falls_on(before)
    between = (first - days * DAY for days in range(1, (first - before).days if before else 400))
    assert not any(cron.falls_on(day) for day in between)
    assert read.times == tuple(
        timedelta(hours=hour, minutes=minute)
        for hour in sorted(cron.hour.values)
        for minute in sorted(cron.minute.values)
    )


def _split(days: tuple[date, ...], first: date) -> tuple[date | None, list[date]]:
    """The day before first, and the others."""
    before = [day for day in days if day < first]
    assert len(before) <= 1
    return (before[0] if before else None), [day for day in days if day >= first]
