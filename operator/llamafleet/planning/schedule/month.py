"""A month of 30 days: what a fleet costs in it when it is always on, and inside its windows.

This is what a price means, before anything runs. What was spent, and what calendar months will cost, is not
known here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.localtime import day_begin, zone_of
from llamafleet.planning.schedule.windows import open_intervals, open_time

LENGTH: Final = timedelta(days=30)
"""30 x 24 hours of elapsed time, also when clocks are changed: 1.19 USD per hour are 856.80 USD."""

_TICK: Final = timedelta(microseconds=1)
_TICKS_PER_HOUR: Final = timedelta(hours=1) // _TICK


@dataclass(frozen=True, slots=True)
class Month:
    """What one hourly price comes to. Nothing is rounded here, but for an hour that 28 digits do not hold.

    Attributes:
        start: where it begins, UTC: the first instant of a local day.
        end: the first instant after it, UTC: 720 hours later.
        always_on_usd: US dollars for all of it.
        open_hours: hours in which the schedule is open, overlaps counted once.
        open_usd: US dollars for those.
    """

    start: datetime
    end: datetime
    always_on_usd: Decimal
    open_hours: Decimal
    open_usd: Decimal


def month(hourly_usd: Decimal, schedule: Schedule | None, now: datetime) -> Month:
    """The 30 days that begin with the present day of the schedule's zone; without a schedule, of UTC.

    Args:
        hourly_usd: US dollars per hour of what runs, such as one replica.
        schedule: when it runs; None: always.
        now: the instant, aware.

    Raises:
        InvalidSpec: the schedule cannot be evaluated; see ``open_intervals``.
    """
    zone = zone_of(schedule.time_zone if schedule else "UTC")
    start = day_begin(now.astimezone(zone).date(), zone)
    end = start + LENGTH
    opened = open_time(open_intervals(schedule, start, end)) if schedule else LENGTH
    return Month(
        start=start,
        end=end,
        always_on_usd=_usd(hourly_usd, LENGTH),
        open_hours=Decimal(opened // _TICK) / _TICKS_PER_HOUR,
        open_usd=_usd(hourly_usd, opened),
    )


def _usd(hourly_usd: Decimal, length: timedelta) -> Decimal:
    """Multiplies before it divides, so that whole cents stay whole."""
    return hourly_usd * (length // _TICK) / _TICKS_PER_HOUR
