"""Local time: what a clock on the wall of a time zone shows, and at which instant it shows it.

Every instant is aware and in UTC, every local time is naive. The zones are those of the IANA database, as
Python's zoneinfo finds them. Nothing here knows of windows.
"""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from llamafleet.errors import InvalidSpec

TIME_ZONE: Final = "spec.schedule.timeZone"
DAY: Final = timedelta(days=1)

_NO_ZONES: Final = ("posix/", "posixrules", "right/", "localtime")
"""Files that some systems keep beside the zones of the database: copies, the zone of the machine itself, and
clocks that count leap seconds."""


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name in the IANA database.

    Raises:
        InvalidSpec: the database has no zone of this name.
    """
    try:
        if not name.startswith(_NO_ZONES):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such file; not the file of a zone; a folder
        pass
    raise InvalidSpec(
        TIME_ZONE, name, "must be a name of the IANA time zone database, such as UTC or Europe/Berlin"
    )


def first_shown(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock on the wall shows this local time or a later one.

    A time that exists twice is thus its first instant; one that is skipped, the instant after the skip.
    """
    # PEP 495: fold 0 reads a skipped time by the offset before the skip, fold 1 by the one after it, which is
    # earlier. Of a time that exists twice fold 0 is the first; of any other both are the same.
    instant, other = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if instant <= other:
        return instant
    between = range(int((instant - other).total_seconds()))
    return other + timedelta(seconds=bisect_left(between, local, key=lambda s: _shown(other, s, zone)))


@lru_cache(maxsize=4096)
def day_begin(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day; 23, 24 or 25 hours later the next one begins."""
    return first_shown(datetime.combine(day, time()), zone)


def _shown(instant: datetime, seconds: int, zone: ZoneInfo) -> datetime:
    """What the clock shows so many seconds after an instant."""
    return (instant + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)
