"""How the parts of a view stand on the screen: headings, columns, and lists of sentences."""

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

INDENT = (0, 0, 0, 2)
"""Everything under a heading is two columns in."""


def draw_heading(console: Console, text: str) -> None:
    """A heading, after an empty line."""
    console.print()
    console.print(Text(text, style="bold"))


def draw_below(console: Console, drawn: Table | Text) -> None:
    """Something that stands under a heading."""
    console.print(Padding(drawn, INDENT))


def draw_list(console: Console, sentences: Iterable[str]) -> None:
    """Sentences, each with a dash before it, wrapped behind that."""
    table = columns()
    for sentence in sentences:
        table.add_row("-", sentence)
    draw_below(console, table)


def columns(*headers: str, right: int = 0) -> Table:
    """A table without lines; so many of its columns, from the second on, are figures to the right.

    Without headers it takes rows as they come.
    """
    table = Table(box=None, show_header=bool(headers), pad_edge=False, padding=(0, 2, 0, 0))
    for position, header in enumerate(headers):
        figures = 0 < position <= right
        table.add_column(header, justify="right" if figures else "left", no_wrap=figures)
    return table
