"""The table of pods for people: a line for each fleet, and below it one for each of its pods."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from llamafleet.cli.live.columns import GAP, NOT_KNOWN, usd
from llamafleet.cli.live.pods import Crew, Pod
from llamafleet.cli.live.times import length
from llamafleet.cli.printable import printable

HEADERS: Final = ("NAME", "STATE", "RUNNING", "WAITING", "KV", "TOKENS/S", "GPUS", "AGE", "NODE", "$/H", "$")
FIGURES: Final = frozenset({"RUNNING", "WAITING", "KV", "TOKENS/S", "GPUS", "AGE", "$/H", "$"})
DROPPED: Final = ("NODE", "TOKENS/S", "AGE", "KV", "RUNNING", "WAITING", "$/H")
"""What goes first, where there is not room for all."""

Row = tuple[Text, ...]


def render(crews: Sequence[Crew], place: str, width: int | None, *, spread: bool) -> RenderableType:
    """The table, and what has to be known of its figures."""
    if not crews:
        return Text(f"There is no LlamaDeployment in {printable(place)}.")
    rows = [row for one in crews for row in (_fleet(one, spread=spread), *map(_pod, one.pods))]
    kept = _kept(rows, width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True)
    for position in kept:
        right = HEADERS[position] in FIGURES
        table.add_column(
            HEADERS[position], justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
        )
    for row in rows:
        table.add_row(*(row[position] for position in kept))
    notes = _notes(crews, [header for position, header in enumerate(HEADERS) if position not in kept])
    return Group(table, *([Text(""), *notes] if notes else []))


def _kept(rows: Sequence[Row], width: int | None) -> list[int]:
    """The positions of the columns that fit."""
    for count in range(len(DROPPED) + 1):
        kept = [position for position, header in enumerate(HEADERS) if header not in DROPPED[:count]]
        widths = (max(cell_len(HEADERS[at]), *(cell_len(row[at].plain) for row in rows)) for at in kept)
        if width is None or sum(widths) + GAP * (len(kept) - 1) <= width:
            break
    return kept


def _fleet(one: Crew, *, spread: bool) -> Row:
    fleet, queue = one.fleet, one.fleet.queue
    name = fleet.full_name if spread else fleet.name
    return (
        Text(printable(name), "bold"),
        Text(printable(fleet.state.word), fleet.state.colour),
        Text(f"{queue.running}" if queue else NOT_KNOWN),
        Text(f"{queue.waiting}" if queue else NOT_KNOWN),
        Text(NOT_KNOWN if one.kv_percent is None else f"{one.kv_percent}%"),
        Text(_pace(_sum([pod.tokens_per_second for pod in one.pods]))),
        Text(f"{one.gpus}"),
        Text(""),
        Text(""),
        Text(usd(one.hourly)),
        Text(""),
    )


def _pod(one: Pod) -> Row:
    mark = "*" if one.counted_from is not None else ""
    return (
        Text(f"  {printable(one.name)}"),
        Text(printable(one.state.word), one.state.colour),
        *(Text("") for _ in range(3)),
        Text(_pace(one.tokens_per_second)),
        Text(f"{one.gpus or NOT_KNOWN}"),
        Text(NOT_KNOWN if one.age is None else length(one.age)),
        Text(printable(one.node) or NOT_KNOWN),
        Text(usd(one.hourly)),
        Text(f"{usd(one.usd)}{mark}"),
    )


def _pace(tokens: Decimal | None) -> str:
    return NOT_KNOWN if tokens is None else f"{tokens:.0f}" if tokens >= 10 else f"{tokens:.1f}"  # noqa: PLR2004 - two digits say enough


def _sum(known: Sequence[Decimal | None]) -> Decimal | None:
    found = [one for one in known if one is not None]
    return sum(found, Decimal(0)) if found else None


def _notes(crews: Sequence[Crew], left_out: Sequence[str]) -> list[Text]:
    begun = [pod.counted_from for one in crews for pod in one.pods if pod.counted_from is not None]
    notes = [_begun(min(begun))] if begun else []
    if left_out:
        notes.append(f"This terminal has too few columns for {', '.join(left_out)}.")
    return [Text(one, "bright_black") for one in notes]


def _begun(first: datetime) -> str:
    return (
        f"* since the month turned or the price changed, {first:%Y-%m-%d %H:%M} UTC at the earliest; what was"
        " before is in the month's sums."
    )
