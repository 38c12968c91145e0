"""The answer of ``llamafleet windows`` for people: every open time, a week, and the hours and dollars.

Every figure comes from the answer; this module arranges them and decides nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from llamafleet.api.scalars import format_duration
from llamafleet.cli.manifests import full_name
from llamafleet.cli.screen import INDENT, draw_below, draw_heading, draw_list, in_columns
from llamafleet.cli.windows_answer import Calendar, Open
from llamafleet.cli.windows_hours import hours_text, shown_money
from llamafleet.cli.windows_week import draw_week
from llamafleet.planning.schedule.localtime import DAY
from llamafleet.planning.sizing.words import per_hour, placed

HEADERS: Final = ("from (UTC)", "until", "from (local)", "until", "hours", "pods", "window")

NARROWEST: Final = 80
"""Columns of the view at the least."""

BETWEEN: Final = 2
"""Columns between two columns of a table."""

SHORT_NAME: Final = 8
"""Columns for the name of a window, which may be wrapped."""


def draw(calendar: Calendar, console: Console) -> None:
    """Draw all of it."""
    days = calendar.days
    console.print(Text(f"{full_name(calendar.fleet.question.llama)}, {days.first} until {days.end}", "bold"))
    _draw_intervals(calendar, console)
    draw_week(calendar.fleet, days, console)
    _draw_money(calendar, console)
    if calendar.warnings:
        draw_heading(console, "What to know")
        draw_list(console, calendar.warnings)


def narrowest(calendar: Calendar) -> int:
    """Columns that the view cannot do without."""
    rows = [HEADERS, *_rows(calendar)]
    figures = sum(max(map(len, column)) + BETWEEN for column in [*zip(*rows, strict=True)][:-1])
    return max(NARROWEST, INDENT[-1] + figures + SHORT_NAME)


def _draw_intervals(calendar: Calendar, console: Console) -> None:
    if not calendar.intervals:
        draw_heading(console, "Never open")
        return
    zone = calendar.fleet.time_zone
    draw_heading(console, f"Open, by the clocks of UTC and of {zone}" if zone != "UTC" else "Open, in UTC")
    right = len(HEADERS) - 2
    draw_below(console, in_columns(_rows(calendar), HEADERS, right=right, whole={0}))


def _rows(calendar: Calendar) -> list[tuple[str, ...]]:
    """Every open time in a line; with the year where the days are of more than one."""
    zone, days = calendar.fleet.zone, calendar.days
    year = "" if days.first.year == (days.end - DAY).year else "%Y-"
    return [_row(one, zone, year) for one in calendar.intervals]


def _row(one: Open, zone: ZoneInfo, year: str) -> tuple[str, ...]:
    start, end = one.start.astimezone(zone), one.end.astimezone(zone)
    return (
        f"{one.start:{year}%m-%d} {_clock(one.start)}",
        f"{one.end:%m-%d} {_clock(one.end)}",
        f"{start:%a %m-%d} {_clock(start)}",
        f"{end:%m-%d} {_clock(end)}",
        hours_text(one.end - one.start),
        counts(one.min_replicas, one.max_replicas),
        one.window,
    )


def _clock(instant: datetime) -> str:
    """The time of day; seconds only where there are any."""
    return f"{instant:%H:%M:%S}" if instant.second else f"{instant:%H:%M}"


def counts(fewest: int, most: int) -> str:
    """How many replicas: ``1``, or ``1-4``."""
    return str(fewest) if fewest == most else f"{fewest}-{most}"


def _draw_money(calendar: Calendar, console: Console) -> None:
    shape = calendar.fleet.shape
    replica = f": one replica, {placed(shape)}, {per_hour(shape.hourly_usd)}" if shape else ""
    draw_heading(console, f"Hours and US dollars{replica}")
    draw_below(console, in_columns(_money(calendar), ("", "hours", "replicas", "USD"), right=3))


def _money(calendar: Calendar) -> Iterator[tuple[str, str, str, str]]:
    hours, lead = calendar.hours, calendar.fleet.lead
    opened = hours_text(hours.open)
    yield (
        "open, at minReplicas",
        opened,
        counts(hours.fewest, hours.most),
        shown_money(calendar.usd(hours.floor)),
    )
    yield "open, at maxReplicas", opened, f"{hours.highest}", shown_money(calendar.usd(hours.ceiling))
    if hours.openings and lead is not None:
        early = f"opening early, {hours.openings} times {format_duration(_whole(lead))}"
        replicas = counts(hours.fewest, hours.most)
        yield early, "on top", replicas, shown_money(calendar.usd(hours.early))
    for habit in calendar.habits:
        yield f"instead: {habit.name}", hours_text(habit.length), f"{hours.most}", shown_money(habit.usd)


def _whole(length: timedelta) -> timedelta:
    return timedelta(seconds=round(length.total_seconds()))
