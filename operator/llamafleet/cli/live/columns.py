"""The columns of the table of fleets, and which of them are left out where the terminal is narrow. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from llamafleet.api.scalars import format_money
from llamafleet.cli.live.fleets import Fleet, Hours, Totals
from llamafleet.cli.live.times import clock, length, zone_called
from llamafleet.cli.printable import printable

GAP: Final = 2
"""Columns of a terminal between two of the table."""

NOT_KNOWN: Final = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        header: what stands above it.
        cell: what it shows of a fleet.
        total: what stands at its foot.
        right: whether it holds figures.
    """

    header: str
    cell: Callable[[Fleet], Text]
    total: Callable[[Totals], str] = lambda _: ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that fit.

    Attributes:
        columns: from left to right.
        left_out: the headers of those that do not.
    """

    columns: Sequence[Column]
    left_out: Sequence[str] = ()


DROPPED: Final = ("RUNNING", "PROJECTED", "$/H", "WAITING", "MONTH", "WINDOW", "TODAY", "REPLICAS")
"""What goes first, where there is not room for all; name and state always stay."""


def layout(
    fleets: Sequence[Fleet], sums: Totals, now: datetime, width: int | None, *, spread: bool
) -> Layout:
    """The columns for so many columns of a terminal; all of them without a width.

    Args:
        fleets: the rows.
        sums: the foot.
        now: the instant, UTC.
        width: columns of the terminal; None: as many as it takes.
        spread: whether fleets are of several namespaces.
    """
    for brief, gone in _attempts():
        columns = [one for one in columns_of(now, brief=brief, spread=spread) if one.header not in gone]
        if width is None or _width(columns, fleets, sums) <= width:
            break
    return Layout(columns, gone)


def _attempts() -> Iterator[tuple[bool, Sequence[str]]]:
    """First all of it; then a shorter window; then without one column more each time."""
    yield False, ()
    for count in range(len(DROPPED) + 1):
        yield True, DROPPED[:count]


def _width(columns: Sequence[Column], fleets: Sequence[Fleet], sums: Totals) -> int:
    widths = (
        max(
            cell_len(text) for text in (one.header, one.total(sums), *(one.cell(row).plain for row in fleets))
        )
        for one in columns
    )
    return sum(widths) + GAP * (len(columns) - 1)


def columns_of(now: datetime, *, brief: bool, spread: bool) -> Iterator[Column]:
    """Every column."""
    if spread:
        yield Column("NAMESPACE", lambda one: Text(printable(one.namespace)))
    yield Column("NAME", lambda one: Text(printable(one.name), "bold"), lambda sums: counted(sums.fleets))
    yield Column("STATE", lambda one: Text(printable(one.state.word), one.state.colour))
    yield Column("REPLICAS", _replicas, lambda sums: f"{sums.ready}/{sums.wanted}", right=True)
    yield Column(
        "WAITING",
        lambda one: _count(one.queue.waiting if one.queue else None),
        lambda sums: _plain(sums.waiting),
        right=True,
    )
    yield Column(
        "RUNNING",
        lambda one: _count(one.queue.running if one.queue else None),
        lambda sums: _plain(sums.running),
        right=True,
    )
    yield Column("WINDOW", lambda one: Text(printable(window(one.hours, now, brief=brief))))
    yield Column("TODAY", _today, lambda sums: usd(sums.account.today), right=True)
    yield Column(
        "MONTH", lambda one: Text(usd(one.account.month)), lambda sums: usd(sums.account.month), right=True
    )
    yield Column(
        "PROJECTED",
        lambda one: Text(usd(one.account.projected)),
        lambda sums: usd(sums.account.projected),
        right=True,
    )
    yield Column(
        "$/H", lambda one: Text(usd(one.account.hourly)), lambda sums: usd(sums.account.hourly), right=True
    )


def counted(number: int) -> str:
    """How many fleets."""
    return "1 fleet" if number == 1 else f"{number} fleets"


def usd(amount: Decimal | None) -> str:
    """US dollars with cents; a dash when nobody knows."""
    return NOT_KNOWN if amount is None else format_money(amount)


def window(hours: Hours | None, now: datetime, *, brief: bool) -> str:
    """Whether it is open, until when, and how long that is."""
    if hours is None:
        return NOT_KNOWN
    turn, level = hours.next_transition, "open" if hours.open else "closed"
    if turn is None:
        return "always" if hours.open and hours.window == "always" else level
    left = length(turn - now) if turn > now else "due"
    if brief:
        return f"{level} {left}"
    until = clock(turn, now, zone_called(hours.time_zone))
    return f"{hours.window or level} until {until} ({left})"


def _replicas(one: Fleet) -> Text:
    return Text(f"{one.ready}/{one.wanted}", "" if one.ready >= one.wanted else "yellow")


def _today(one: Fleet) -> Text:
    partial = "*" if one.account.partial_since is not None else ""
    return Text(f"{usd(one.account.today)}{partial}")


def _count(number: int | None) -> Text:
    return Text(_plain(number), "yellow" if number else "")


def _plain(number: int | None) -> str:
    return NOT_KNOWN if number is None else f"{number}"
