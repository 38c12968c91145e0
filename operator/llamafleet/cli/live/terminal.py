"""A table as wide as it takes: on a terminal within its columns, in a pipe plain and whole."""

from collections.abc import Callable

from rich.console import Console, RenderableType

from llamafleet.cli.stdout import write

WHOLE = 1000
"""Columns where there is no terminal: more than any table takes."""


def console() -> Console:
    """Standard output, where nothing in a text is taken for markup. NO_COLOR and a pipe make it plain."""
    return Console(highlight=False, markup=False, emoji=False)


def show(render: Callable[[int | None], RenderableType]) -> None:
    """Print once what a function makes for a width; None: as wide as it takes."""
    there = console()
    write(drawn(there, render(there.width if there.is_terminal else None)))


def drawn(there: Console, content: RenderableType) -> str:
    """What a console would print, without spaces at the ends of lines."""
    if not there.is_terminal:
        there.width = WHOLE
    with there.capture() as captured:
        there.print(content)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
