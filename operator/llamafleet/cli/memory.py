"""The memory of one GPU as a bar to scale, with its legend. Nothing is computed but lengths."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rich.console import Console
from rich.text import Text

from llamafleet.cli.screen import draw_below, draw_heading, draws_blocks, in_columns
from llamafleet.planning.plan import Shape
from llamafleet.planning.sizing.memory import UTILISATION
from llamafleet.planning.sizing.words import gib, placed

LONGEST_BAR: Final = 80
"""Cells of a bar: about one for each GiB of an 80 GB GPU."""

BESIDE_A_BAR: Final = 18
"""Columns that a screen needs beside a bar, for the indent and a figure before it."""

_GLYPHS: Final = {
    "weights": ("█", "W", "blue"),
    "replicated": ("▓", "R", "cyan"),
    "rope": ("▚", "T", "magenta"),
    "overhead": ("▒", "O", "yellow"),
    "kv": ("░", "K", "green"),
    "free": ("·", ".", "bright_black"),
}
"""For each part of the memory: its block, the letter where blocks cannot be shown, and its colour."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the memory of one GPU.

    Attributes:
        kind: a key of the glyphs.
        size: bytes.
        words: what it is.
    """

    kind: str
    size: int
    words: str


def draw_memory(shape: Shape, console: Console) -> None:
    """The memory of one GPU of a shape that fits: what each part takes, and what stays free."""
    memory, gpu = shape.memory, shape.pool.gpu
    left = f"left free, because vLLM takes {UTILISATION} of the memory"
    shown = [
        *_taken(shape),
        Part("kv", memory.kv_cache, f"KV cache; the wanted requests fill {gib(memory.kv_needed)}"),
        Part("free", gpu.memory - memory.usable, left),
    ]
    draw_heading(console, f"Memory of one GPU: {gib(gpu.memory)} GiB")
    draw_below(console, _bar(shown, gpu.memory, console))
    _draw_legend(shape, shown, console)


def draw_shortage(shape: Shape, console: Console) -> None:
    """The memory that a shape would need, above what there is; nothing where there is enough."""
    memory = shape.memory
    shown = [*_taken(shape), Part("kv", memory.kv_needed, "KV cache that the wanted requests fill")]
    needed = sum(part.size for part in shown)
    if needed <= memory.usable:  # something else is in the way, and the verdict says what
        return
    there = Part("free", memory.usable, "")
    draw_heading(console, f"The nearest, {placed(shape)}: GiB of one GPU")
    rows = (
        ("needs", gib(needed), _bar(shown, needed, console)),
        ("has", gib(memory.usable), _bar([there], needed, console)),
    )
    draw_below(console, in_columns(rows))
    _draw_legend(shape, shown, console)


def _taken(shape: Shape) -> list[Part]:
    """What a GPU holds beside the KV cache."""
    memory = shape.memory
    own = memory.weights - memory.replicated - memory.offloaded
    return [
        Part("weights", own, "weights, this GPU's share"),
        Part("replicated", memory.replicated, "weights that every GPU holds whole"),
        Part("rope", memory.rope_table, "rope table"),
        Part("overhead", memory.overhead, "overhead: activations, CUDA, NCCL and graphs, an estimate"),
    ]


def _draw_legend(shape: Shape, shown: Sequence[Part], console: Console) -> None:
    blocks, offloaded = draws_blocks(console), shape.memory.offloaded
    rows = [(_cells(part, 1, blocks=blocks), f"{gib(part.size):>6}", part.words) for part in shown]
    if offloaded:
        rows.append((Text(), f"{gib(offloaded):>6}", "experts of this GPU that lie in host memory instead"))
    draw_below(console, in_columns(rows))


def _bar(shown: Sequence[Part], whole: int, console: Console) -> Text:
    """The parts side by side, where a full bar is so many bytes; a part can be too small to be seen."""
    length = min(LONGEST_BAR, console.width - BESIDE_A_BAR)
    line, begin = Text(), 0
    for part in shown:
        end = begin + part.size
        count = round(Fraction(end * length, whole)) - round(Fraction(begin * length, whole))
        line.append_text(_cells(part, count, blocks=draws_blocks(console)))
        begin = end
    return line


def _cells(part: Part, count: int, *, blocks: bool) -> Text:
    block, letter, colour = _GLYPHS[part.kind]
    return Text((block if blocks else letter) * count, style=colour)
