"""The table of fleets for people. Every figure comes from the values; this module arranges them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from llamafleet.cli.live.columns import GAP, Layout, counted, layout
from llamafleet.cli.live.fleets import Fleet, Totals, remarks, totals
from llamafleet.cli.printable import printable


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn.

    Attributes:
        fleets: the rows.
        place: where they were looked for, in words.
        now: the instant, UTC.
        spread: whether they are of several namespaces.
    """

    fleets: Sequence[Fleet]
    place: str
    now: datetime
    spread: bool


FURNITURE: Final = 5
"""Lines of the table that are no rows: its head, its foot, and some below it."""


def render(picture: Picture, width: int | None, height: int | None = None) -> RenderableType:
    """The table, its foot, and what has to be known of its figures.

    Args:
        picture: what is drawn.
        width: columns of the terminal; None: as many as it takes.
        height: lines of the terminal, where it cannot be scrolled; None: as many as it takes.
    """
    if not picture.fleets:
        return Text(f"There is no LlamaDeployment in {printable(picture.place)}.")
    sums = totals(picture.fleets)
    chosen = layout(picture.fleets, sums, picture.now, width, spread=picture.spread)
    shown = picture.fleets if height is None else picture.fleets[: max(1, height - FURNITURE)]
    below = _below(chosen, picture.fleets, width, len(picture.fleets) - len(shown))
    return Group(_table(chosen, shown, sums, foot=len(picture.fleets) > 1), *below)


def _table(chosen: Layout, fleets: Sequence[Fleet], sums: Totals, *, foot: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_footer=foot, collapse_padding=True)
    for one in chosen.columns:
        table.add_column(
            one.header,
            footer=one.total(sums),
            footer_style="bold",
            justify="right" if one.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for fleet in fleets:
        table.add_row(*(one.cell(fleet) for one in chosen.columns))
    return table


def _below(chosen: Layout, fleets: Sequence[Fleet], width: int | None, hidden: int) -> list[Text]:
    sentences = (
        [f"{counted(hidden)} more, for which there are too few lines, are in the sums."] if hidden else []
    )
    sentences += [printable(one) for one in remarks(fleets)]
    if chosen.left_out:
        there = f"{width} columns" if width else "columns"
        sentences.append(f"Of {there} of this terminal there are too few for {', '.join(chosen.left_out)}.")
    return [Text(""), *(Text(one, "bright_black") for one in sentences)] if sentences else []
