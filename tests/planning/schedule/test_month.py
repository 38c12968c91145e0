"""Hours and dollars of a month of 30 days."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.api.scalars import format_money
from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.month import month
from planning.schedule.schedules import schedule, utc

A100 = Decimal("1.19")
NIGHT = schedule(("0 1 * * *", "4h"))
WEEKDAYS = schedule(("0 1 * * 1-5", "4h"), zone="Europe/Berlin")


def test_without_a_schedule_all_720_hours_are_paid() -> None:
    found = month(A100, None, utc("2026-11-21 12:34"))
    assert (found.start, found.end) == (utc("2026-11-21 00:00"), utc("2026-12-21 00:00"))
    assert (found.always_on_usd, found.open_hours, found.open_usd) == (
        Decimal("856.80"),
        Decimal(720),
        Decimal("856.80"),
    )


@pytest.mark.parametrize(
    ("given_schedule", "now", "start", "hours", "usd"),
    [
        pytest.param(NIGHT, "2026-11-21 12:00", "2026-11-21 00:00", "120", "142.80", id="four hours a night"),
        pytest.param(WEEKDAYS, "2026-06-01 12:00", "2026-05-31 22:00", "88", "104.72", id="22 weekdays"),
        pytest.param(
            # 30 x 24 hours from 16 March 00:00 end on 15 April 01:00, when that Wednesday's window opens.
            WEEKDAYS,
            "2026-03-16 12:00",
            "2026-03-15 23:00",
            "88",
            "104.72",
            id="clocks go forward",
        ),
        pytest.param(
            # They end on 10 November 23:00.
            WEEKDAYS,
            "2026-10-12 12:00",
            "2026-10-11 22:00",
            "88",
            "104.72",
            id="clocks go back",
        ),
        pytest.param(
            schedule(("0 1 * * 0", "4h"), zone="Europe/Berlin"),
            "2026-03-01 12:00",
            "2026-02-28 23:00",
            "20",
            "23.80",
            id="five Sundays, one of 23 hours",
        ),
        pytest.param(
            schedule(("0 0 29 2 *", "1d")),
            "2028-02-01 12:00",
            "2028-02-01 00:00",
            "24",
            "28.56",
            id="a leap day",
        ),
        pytest.param(
            schedule(("0 0 29 2 *", "1d")),
            "2027-02-01 12:00",
            "2027-02-01 00:00",
            "0",
            "0.00",
            id="no leap day",
        ),
        pytest.param(
            schedule(
                ("0 1 * * *", "4h"),
                exceptions=[
                    {"date": "2026-12-24", "state": "Closed"},
                    {"from": "2026-12-25T02:00:00Z", "to": "2026-12-25T02:20:00Z", "state": "Closed"},
                    {"date": "2026-12-31", "state": "Open"},
                ],
            ),
            "2026-12-10 12:00",
            "2026-12-10 00:00",
            "135.6666666666666666666666667",
            "161.44",
            id="holidays and a full day",
        ),
        pytest.param(
            schedule(("0 0 * * *", "6h"), ("0 3 * * *", "6h")),
            "2026-06-01 12:00",
            "2026-06-01 00:00",
            "270",
            "321.30",
            id="an overlap is paid once",
        ),
    ],
)
def test_inside_its_windows_a_replica_costs(
    given_schedule: Schedule, now: str, start: str, hours: str, usd: str
) -> None:
    found = month(A100, given_schedule, utc(now))
    assert (found.start, found.end) == (utc(start), utc(start) + timedelta(hours=720))
    assert found.always_on_usd == Decimal("856.80")
    assert (str(found.open_hours), format_money(found.open_usd)) == (hours, usd)


def test_a_third_of_an_hour_costs_whole_cents() -> None:
    found = month(Decimal("0.30"), schedule(("0 0 1 1 *", "20m")), utc("2026-12-31 00:00"))
    assert found.open_usd == Decimal("0.10")


@pytest.mark.parametrize(
    ("now", "start"),
    [
        pytest.param("2026-11-21 22:59", "2026-11-20 23:00", id="a minute before midnight"),
        pytest.param("2026-11-21 23:00", "2026-11-21 23:00", id="midnight"),
    ],
)
def test_it_begins_with_the_day_of_the_schedules_zone(now: str, start: str) -> None:
    assert month(A100, WEEKDAYS, utc(now)).start == utc(start)


@settings(deadline=None)
@given(
    hourly=st.decimals(0, 1000, places=6),
    minutes=st.integers(5, 3000),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31)),  # noqa: DTZ001 - utc() makes it aware
)
def test_windows_never_cost_more_than_always_and_longer_ones_never_less(
    hourly: Decimal, minutes: int, now: datetime
) -> None:
    instant = utc(str(now))
    less, more = (
        month(hourly, schedule(("30 2 * * *", f"{length}m"), zone="Europe/Berlin"), instant)
        for length in (minutes, minutes + 1)
    )
    assert 0 < less.open_hours <= more.open_hours <= 720
    assert less.open_usd <= more.open_usd <= more.always_on_usd == hourly * 720
