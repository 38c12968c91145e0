"""What the tests of windows start from: schedules, zones, and cron times whose meaning is known."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.windows import open_intervals

DAY = timedelta(days=1)


def schedule(*windows: tuple[str, str], zone: str = "UTC", **fields: object) -> Schedule:
    """A schedule from starts and durations; its windows are called w0, w1, and so on."""
    listed = [
        {"name": f"w{index}", "start": start, "duration": duration}
        for index, (start, duration) in enumerate(windows)
    ]
    return Schedule.model_validate({"timeZone": zone, "windows": listed, **fields})


def moments(start: str, zone: str) -> Schedule:
    """A schedule that is open for one second from each start, so that no two starts become one interval.

    No author can have it: the least duration is five minutes.
    """
    usual = schedule((start, "5m"), zone=zone)
    short = usual.windows[0].model_copy(update={"duration": timedelta(seconds=1)})
    return usual.model_copy(update={"windows": (short,)})


def utc(text: str) -> datetime:
    """An instant from ``2026-03-29 01:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def opened(given: Schedule, start: str, end: str) -> list[str]:
    """When a schedule is open, as ``03-29 01:00 to 03-29 05:00``, UTC."""
    found = open_intervals(given, utc(start), utc(end))
    return [f"{interval.start:%m-%d %H:%M} to {interval.end:%m-%d %H:%M}" for interval in found]


@cache
def clock_changes() -> tuple[tuple[ZoneInfo, datetime], ...]:
    """Every change of a clock from 2020 to 2029 in all zones, as the noon (UTC) that follows within a day.

    Zones that agree at every noon of these years are looked at once.
    """
    noons = [datetime(2020, 1, 1, 12, tzinfo=UTC) + days * DAY for days in range(3653)]
    zones = {}
    for zone in map(ZoneInfo, sorted(available_timezones())):
        zones[tuple(noon.astimezone(zone).utcoffset() for noon in noons)] = zone
    return tuple(
        (zone, noons[index])
        for offsets, zone in zones.items()
        for index in range(1, len(noons))
        if offsets[index] != offsets[index - 1]
    )


@dataclass(frozen=True)
class Field:
    """One cron field and the values that it means."""

    text: str
    values: frozenset[int]

    @property
    def star(self) -> bool:
        """Whether it begins with a star; then the other of the two day fields must match as well."""
        return self.text.startswith("*")


@dataclass(frozen=True)
class Cron:
    """A cron time as text, and as a predicate that uses no library."""

    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field

    @property
    def text(self) -> str:
        """The five fields."""
        return " ".join(field.text for field in (self.minute, self.hour, self.day, self.month, self.weekday))

    def falls_on(self, day: date) -> bool:
        """Whether it starts on a day at all."""
        enough = all if self.day.star or self.weekday.star else any
        weekday = {day.isoweekday(), day.isoweekday() % 7}
        matches = (day.day in self.day.values, not weekday.isdisjoint(self.weekday.values))
        return day.month in self.month.values and enough(matches)

    def starts_at(self, local: datetime) -> bool:
        """Whether it starts at a minute of local time."""
        minute, hour = local.minute in self.minute.values, local.hour in self.hour.values
        return minute and hour and self.falls_on(local.date())


MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "mon", "TUE", "WED", "THU", "FRI", "sat")
LONGEST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def crons() -> st.SearchStrategy[Cron]:
    """Cron times that fall on some day."""
    month = _fields(1, 12) | _fields(1, 12, lambda value: MONTHS[value - 1])
    weekday = _fields(0, 7) | _fields(0, 6, lambda value: WEEKDAYS[value])
    found = st.builds(Cron, _fields(0, 59), _fields(0, 23), _fields(1, 31), month, weekday)
    return found.filter(_comes)


def _comes(cron: Cron) -> bool:
    """Whether a day of the month that must match exists in one of the months."""
    longest = max(LONGEST_DAYS[month - 1] for month in cron.month.values)
    return not (cron.day.star or cron.weekday.star) or min(cron.day.values) <= longest


def _fields(low: int, high: int, name: Callable[[int], str] = str) -> st.SearchStrategy[Field]:
    """Every form of a field: star, value, range, step, and lists of these without a star."""
    star = st.just(Field("*", frozenset(range(low, high + 1))))
    value = st.integers(low, high).map(lambda value: Field(name(value), frozenset({value})))
    ends = st.lists(st.integers(low, high), min_size=2, max_size=2, unique=True).map(sorted)
    span = ends.map(lambda two: Field(f"{name(two[0])}-{name(two[1])}", frozenset(range(two[0], two[1] + 1))))
    listed = st.lists(value | span | _stepped(span), min_size=1, max_size=3).map(_list)
    return value | star | _stepped(star) | listed


def _stepped(fields: st.SearchStrategy[Field]) -> st.SearchStrategy[Field]:
    return st.builds(
        lambda field, step: Field(f"{field.text}/{step}", frozenset(sorted(field.values)[::step])),
        fields,
        st.integers(1, 70),
    )


def _list(terms: list[Field]) -> Field:
    values = frozenset(value for term in terms for value in term.values)
    return Field(",".join(term.text for term in terms), values)
