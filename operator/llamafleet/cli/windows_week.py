"""A calendar week in half hours, by the clock on the wall: seven rows of 48 cells.

A half hour that the clock skips is an empty cell; one that it shows twice is a cell for both.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

from rich.console import Console
from rich.text import Text

from llamafleet.cli.fleet import Fleet
from llamafleet.cli.screen import draw_below, draw_heading, draws_blocks
from llamafleet.cli.windows_answer import Days
from llamafleet.cli.windows_hours import open_spans
from llamafleet.planning.money.segments import segments
from llamafleet.planning.schedule.localtime import DAY, first_shown

WEEK: Final = 7 * DAY
CELL: Final = timedelta(minutes=30)
CELLS: Final = DAY // CELL
HOURS_OF_THE_AXIS: Final = range(0, 24, 3)

Span = tuple[datetime, datetime]


class Cell(Enum):
    """What a half hour is: its block, its letter where blocks cannot be shown, its colour, and its words."""

    OPEN = ("█", "#", "green", "open")
    PARTLY = ("▒", "+", "green", "open for a part of the half hour")
    STARTING = ("░", "-", "yellow", "closed, and replicas start")
    CLOSED = ("·", ".", "bright_black", "closed")
    SKIPPED = (" ", " ", "", "")

    def drawn(self, *, blocks: bool) -> tuple[str, str]:
        """The glyph and its colour."""
        block, letter, colour, _ = self.value
        return block if blocks else letter, colour


def draw_week(fleet: Fleet, days: Days, console: Console) -> None:
    """The first full week of some days; where they have none, the week of the first one."""
    monday, full = week_of(days)
    note = "the first full week of these days" if full else "the week of the first day, which is not full"
    draw_heading(console, f"The week from {monday:%a %Y-%m-%d} in {fleet.time_zone}, {note}")
    rows, blocks = week(fleet, monday), draws_blocks(console)
    drawn = [_axis()]
    for number, cells in enumerate(rows):
        glyphs = (cell.drawn(blocks=blocks) for cell in cells)
        drawn.append(Text.assemble(f"{monday + number * DAY:%a %m-%d}  ", *glyphs))
    shown = {cell for cells in rows for cell in cells}
    legend = [cell for cell in Cell if cell in shown and cell is not Cell.SKIPPED]
    drawn.append(Text())
    drawn += [Text.assemble(cell.drawn(blocks=blocks), f"  {cell.value[-1]}") for cell in legend]
    draw_below(console, Text("\n").join(drawn))


def _axis() -> Text:
    """The hours of a day over their cells."""
    width = HOURS_OF_THE_AXIS.step * (timedelta(hours=1) // CELL)
    return Text(" " * len("Mon 03-02  ") + "".join(f"{hour:<{width}}" for hour in HOURS_OF_THE_AXIS).rstrip())


def week_of(days: Days) -> tuple[date, bool]:
    """The Monday of the week that is drawn, and whether all of it belongs to the days."""
    monday = days.first + -days.first.weekday() % 7 * DAY
    if monday + WEEK <= days.end:
        return monday, True
    return days.first - days.first.weekday() * DAY, False


def week(fleet: Fleet, monday: date) -> Sequence[Sequence[Cell]]:
    """The cells of a week, by day."""
    edges = [
        first_shown(datetime.combine(monday, time()) + number * CELL, fleet.zone)
        for number in range(7 * CELLS + 1)
    ]
    lead = fleet.lead or timedelta()
    parts = segments(fleet.schedule, edges[0] - lead, edges[-1] + lead, fleet.low, fleet.high)
    opened = open_spans(parts)
    warmed = [(start - lead, start) for start, _ in opened]
    cells = [_cell((edges[number], edges[number + 1]), opened, warmed) for number in range(7 * CELLS)]
    return [cells[number : number + CELLS] for number in range(0, len(cells), CELLS)]


def _cell(span: Span, opened: Iterable[Span], warmed: Iterable[Span]) -> Cell:
    length = span[1] - span[0]
    if not length:
        return Cell.SKIPPED
    open_for = sum(_shared(span, opened), timedelta())
    if open_for:
        return Cell.OPEN if open_for == length else Cell.PARTLY
    return Cell.STARTING if any(_shared(span, warmed)) else Cell.CLOSED


def _shared(span: Span, others: Iterable[Span]) -> Iterator[timedelta]:
    """How long each of the others lies within a span."""
    for start, end in others:
        yield max(timedelta(), min(span[1], end) - max(span[0], start))
