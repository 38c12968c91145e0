"""Ten years of cron times in all zones, compared with a second library: croniter.

Two differences are known. croniter takes a list with a star in any place for a star, so none is made here.
And it starts twice at a local time that exists twice, where a window opens once.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile

from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.planning.schedule.cron import read_cron
from llamafleet.planning.schedule.windows import open_intervals
from planning.schedule.schedules import DAY, Cron, clock_changes, crons, schedule

SECOND = timedelta(seconds=1)
MIDNIGHT = time()
NIGHTLY = ("0 0 * * *", "30 1 * * *", "15,45 2 * * 0,6", "0-10/5 3 * * *", "0 23 * * *", "59 1-3 * * *")


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
        found = open_intervals(schedule((start, "30s"), zone=zone.key), noon - 2 * DAY, noon + DAY)
        theirs = expected(start, (noon - 2 * DAY).astimezone(zone), (noon + DAY).astimezone(zone))
        once = {instant.astimezone(UTC) for instant in theirs if not instant.fold}
        assert {interval.start for interval in found} == once, f"{zone.key}, {start}, {noon}"
