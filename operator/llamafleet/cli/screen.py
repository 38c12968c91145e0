"""Standard output for people, through rich: what a view is made of, and how it reaches the screen.

Colours and block characters appear only where they can be seen; what is piped is plain and 100 columns wide.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from llamafleet.cli.stdout import write

WIDTH: Final = 100
"""Columns of a view, unless the terminal has fewer."""

INDENT: Final = (0, 0, 0, 2)
"""Everything under a heading is two columns in."""

BLOCKS: Final = "█▓▚▒░·"
"""What bars are drawn with."""


def show(draw: Callable[[Console], None], narrowest: int) -> None:
    """Print what a function draws, all at once.

    Args:
        draw: the function.
        narrowest: columns that its view cannot do without; a terminal that has fewer wraps the lines itself.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(max(console.width, narrowest), WIDTH) if console.is_terminal else WIDTH
    with console.capture() as drawn:
        draw(console)
    write("".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines()))


def draws_blocks(console: Console) -> bool:
    """Whether the output can show block characters."""
    try:
        BLOCKS.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True


def draw_heading(console: Console, text: str) -> None:
    """A heading, after an empty line."""
    console.print()
    console.print(Text(text, style="bold"))


def draw_below(console: Console, drawn: Table | Text) -> None:
    """Something that stands under a heading."""
    console.print(Padding(drawn, INDENT))


def draw_list(console: Console, sentences: Iterable[str]) -> None:
    """Sentences under a heading, each with a dash before it, wrapped behind that."""
    draw_below(console, in_columns([("-", sentence) for sentence in sentences]))


def in_columns(
    rows: Iterable[Sequence[str | Text]],
    headers: Sequence[str] = (),
    *,
    right: int = 0,
    whole: Collection[int] = (),
) -> Table:
    """Rows in columns without lines. What is too long for its column is wrapped, and never cut.

    Args:
        rows: the rows, all of the same length.
        headers: what stands above the columns; nothing, unless they are given.
        right: so many columns, from the second on, are figures: they stand to the right, in one piece.
        whole: the columns, by their position, whose words stay in one piece as well.
    """
    shown = [*rows]
    table = Table(box=None, show_header=bool(headers), pad_edge=False, padding=(0, 2, 0, 0))
    for position, header in enumerate(headers or [""] * max(map(len, shown), default=0)):
        figures = 0 < position <= right
        table.add_column(
            header,
            justify="right" if figures else "left",
            no_wrap=figures or position in whole,
            overflow="fold",
        )
    for row in shown:
        table.add_row(*row)
    return table
