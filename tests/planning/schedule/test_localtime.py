"""Zones, and the instants at which their clocks show a time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.localtime import day_begin, first_shown, zone_of
from llamafleet.planning.schedule.windows import open_intervals
from planning.schedule.schedules import DAY, clock_changes, moments, utc

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        pytest.param("Europe/Berlin", "2026-01-15 01:00", "2026-01-15 00:00", id="a usual time"),
        pytest.param("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59", id="the last before a skip"),
        pytest.param("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00", id="the first that is skipped"),
        pytest.param("Europe/Berlin", "2026-03-29 02:59", "2026-03-29 01:00", id="the last that is skipped"),
        pytest.param("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00", id="the first after a skip"),
        pytest.param("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", id="a time that exists twice"),
        pytest.param("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", id="the first after both"),
        pytest.param(
            "Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03 15:30", id="a skip of 30 minutes"
        ),
        pytest.param("America/Havana", "2026-03-08 00:00", "2026-03-08 05:00", id="a skipped midnight"),
        pytest.param(
            "America/Havana", "2026-11-01 00:00", "2026-11-01 04:00", id="a midnight that exists twice"
        ),
        pytest.param("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00", id="a day that never was"),
        pytest.param(
            "America/St_Johns", "2010-11-07 00:00", "2010-11-07 02:30", id="a day that begins twice"
        ),
    ],
)
def test_a_local_time_is_first_shown_at(zone: str, local: str, instant: str) -> None:
    assert first_shown(datetime.fromisoformat(local), zone_of(zone)) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        pytest.param("UTC", date(2026, 3, 29), 24, id="an even day"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), 23, id="the clock goes forward"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), 25, id="the clock goes back"),
        pytest.param("America/Havana", date(2026, 3, 8), 23, id="the clock goes forward at midnight"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), 0, id="a day that never was"),
    ],
)
def test_a_day_has_as_many_hours(zone: str, day: date, hours: int) -> None:
    here = zone_of(zone)
    assert day_begin(day + DAY, here) - day_begin(day, here) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Europe/Bonn", id="a town without a zone"),
        pytest.param("Europe", id="a folder"),
        pytest.param("leapseconds", id="a file that is no zone"),
        pytest.param("right/Europe/Berlin", id="a clock that counts leap seconds"),
        pytest.param("localtime", id="the zone of the machine"),
        pytest.param("../etc/passwd", id="a way out of the database"),
    ],
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        zone_of(name)
    assert str(refusal.value) == (
        f"spec.schedule.timeZone = {name}: "
        "must be a name of the IANA time zone database, such as UTC or Europe/Berlin"
    )


def test_in_all_zones_of_ten_years_a_window_opens_when_the_clock_on_the_wall_first_shows_its_start() -> None:
    """Watched minute by minute, for the 24 hours around each change of a clock."""
    changes = clock_changes()
    assert len(changes) > 500
    for zone, noon in changes:
        every_quarter = moments("*/15 * * * *", zone.key)
        opened = {found.start for found in open_intervals(every_quarter, noon - DAY, noon)}
        latest, rung = (noon - DAY - MINUTE).astimezone(zone).replace(tzinfo=None), set()
        for minutes in range(24 * 60):
            instant = noon - DAY + minutes * MINUTE
            wall = instant.astimezone(zone).replace(tzinfo=None)
            if wall > latest:
                quarter = wall.replace(minute=wall.minute // 15 * 15)
                if quarter > latest:
                    rung.add(instant)
                latest = wall
        assert opened == rung, f"{zone.key} in the day before {noon.astimezone(UTC)}"
