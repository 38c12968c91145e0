"""How long it takes to know whether a fleet is open, and when it was and will be."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from statistics import median
from typing import Final

from cronsim import CronSim

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.opening import NO_OVERRIDES, opening
from llamafleet.planning.schedule.windows import open_intervals

CALLS: Final = 1000
MONTHS: Final = 50
BEGIN: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONTH: Final = timedelta(days=30)
SECOND: Final = timedelta(seconds=1)


def level(windows: int, exceptions: int) -> float:
    """Microseconds for one instant of a schedule that was asked for before, and was read anew since then."""
    opening(_schedule(windows, exceptions), NO_OVERRIDES, BEGIN)
    asked = _schedule(windows, exceptions)
    return _microseconds(lambda now: opening(asked, NO_OVERRIDES, now, MONTH / 3600), _every(SECOND), CALLS)


def same_month(windows: int, exceptions: int) -> float:
    """Microseconds for the intervals of a month that was asked for before by another reading."""
    open_intervals(_schedule(windows, exceptions), BEGIN, BEGIN + MONTH)
    asked = _schedule(windows, exceptions)
    return _microseconds(lambda _: open_intervals(asked, BEGIN, BEGIN + MONTH), _every(SECOND), CALLS)


def new_month(windows: int, exceptions: int) -> float:
    """Microseconds for the intervals of one month after the other."""
    asked = _schedule(windows, exceptions)
    return _microseconds(lambda start: open_intervals(asked, start, start + MONTH), _every(MONTH), MONTHS)


def cron_step() -> float:
    """Microseconds in which the cron library finds one start, from each second anew: the floor."""
    local = BEGIN.replace(tzinfo=None)
    return _microseconds(
        lambda now: next(CronSim("0 1 * * 1-5", local + (now - BEGIN))), _every(SECOND), CALLS
    )


def cron_month(windows: int) -> float:
    """Microseconds in which the cron library finds the starts of so many windows in a month: the floor."""

    def starts(begin: datetime) -> None:
        local = begin.replace(tzinfo=None)
        for hour in range(windows):
            for start in CronSim(f"0 {hour} * * 1-5", local):
                if start >= local + MONTH:
                    break

    return _microseconds(starts, _every(MONTH), MONTHS)


def _schedule(windows: int, exceptions: int) -> Schedule:
    """Nights of four hours in Berlin, and days off."""
    nights = [{"name": f"w{hour}", "start": f"0 {hour} * * 1-5", "duration": "4h"} for hour in range(windows)]
    days = [
        {"date": str((BEGIN + index * MONTH / 30).date()), "state": "Open"} for index in range(exceptions)
    ]
    return Schedule.model_validate({"timeZone": "Europe/Berlin", "windows": nights, "exceptions": days})


def _every(step: timedelta) -> Iterator[datetime]:
    return (BEGIN + index * step for index in count())


def _microseconds(work: Callable[[datetime], object], instants: Iterator[datetime], calls: int) -> float:
    """The median of many calls, after one that nobody counts."""
    work(next(instants))
    times: list[int] = []
    for now in (next(instants) for _ in range(calls)):
        started = time.perf_counter_ns()
        work(now)
        times.append(time.perf_counter_ns() - started)
    return median(times) / 1000
