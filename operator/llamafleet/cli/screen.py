"""Standard output for people, through rich.

Colours and block characters appear only where they can be seen; what is piped is plain and 100 columns wide.
"""

from collections.abc import Callable
from typing import Final

from rich.console import Console

from llamafleet.cli.stdout import write

WIDTH: Final = 100
"""Columns of a view, unless the terminal has fewer."""

BLOCKS: Final = "█▓▚▒░·"
"""What bars are drawn with."""


def show(draw: Callable[[Console], None]) -> None:
    """Print what a function draws, all at once."""
    console = _console()
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


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console
