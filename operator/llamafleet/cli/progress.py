"""How far something long has come: a bar on standard error, and only where a person watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Told = Callable[[float], None]
"""Takes the share that is done, 0 to 1."""


@contextmanager
def progress(what: str) -> Iterator[Told]:
    """A bar while the body runs; it is gone afterwards. Where nobody watches, nothing is written."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _nobody
        return
    from rich.console import Console  # noqa: PLC0415 - what nobody watches needs no rich
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)

        def tell(share: float) -> None:
            bar.update(task, completed=share)

        yield tell


def _nobody(_share: float) -> None:
    """Nobody watches."""
