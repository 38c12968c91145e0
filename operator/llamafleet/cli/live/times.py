"""Instants and lengths of time in the words of a table. Pure."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.localtime import zone_of

WEEK: Final = timedelta(days=6)
"""Within so many days a weekday is enough to know which day is meant."""

UTC_NAME: Final = "UTC"


def zone_called(name: str) -> ZoneInfo:
    """A zone by its name; UTC where this machine does not know it."""
    try:
        return zone_of(name)
    except InvalidSpec:
        return zone_of(UTC_NAME)


def length(time: timedelta) -> str:
    """A length of time in its two largest units: ``2d3h``, ``2h13m``, ``13m``, ``40s``; at least ``0s``."""
    seconds = max(0, int(time.total_seconds()))
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days}d{hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    return f"{minutes}m" if minutes else f"{rest}s"


def clock(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """What the clock on the wall shows then, with as much of the day as it takes."""
    try:
        there, here = instant.astimezone(zone), now.astimezone(zone)
    except OverflowError:  # "for ever" has no local time in the east
        return f"{instant:%Y-%m-%d %H:%M}"
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there:%a %H:%M}" if timedelta() < instant - now < WEEK else f"{there:%Y-%m-%d %H:%M}"


def away(instant: datetime, now: datetime) -> str:
    """How far an instant is from now."""
    return f"in {length(instant - now)}" if instant > now else f"{length(now - instant)} ago"
