"""The table of fleets, drawn again whenever one changes, and each second for money and times that go on.

On a terminal it is drawn in place. In a pipe it is printed again at a change, and not each second.
"""

import argparse
import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.live import Live
from rich.text import Text

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.onlooker import LlamaShown, Onlooker
from llamafleet.cli.live.asked import pictured
from llamafleet.cli.live.fleets_view import Picture, render
from llamafleet.cli.live.terminal import console, drawn
from llamafleet.cli.live.where import Where
from llamafleet.cli.printable import printable
from llamafleet.cli.stdout import flush, write

TICK_SECONDS: Final = 1.0
"""How often the times move on."""

SETTLE_SECONDS: Final = 0.2
"""Changes that come together are drawn together."""


class Trouble(logging.Handler):
    """What the watch says of itself when it cannot go on, in the place of lines across the table."""

    def __init__(self) -> None:
        """Nothing is wrong yet."""
        super().__init__(logging.WARNING)
        self._said = ""
        self._at = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it, and when it was said."""
        self._said, self._at = record.getMessage(), time.monotonic()

    def since(self, heard_at: float) -> str:
        """What was said last, unless something was heard of the cluster after it."""
        return self._said if self._at > heard_at else ""


async def watch(options: argparse.Namespace, onlooker: Onlooker, where: Where) -> int:
    """Draw until somebody ends it.

    Raises:
        LlamafleetError: the fleets cannot even be read once.
    """
    pictured(options, where, await onlooker.llamas(where.namespace))  # said at once, and not tried for ever
    changed = asyncio.Event()
    informer = onlooker.watched(where.namespace, lambda _key: changed.set())
    with _troubles() as trouble:
        watching = asyncio.create_task(informer.run(), name="the fleets")
        try:
            await informer.synced.wait()
            await _draw(options, where, informer, changed, trouble)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    return 0


@contextlib.contextmanager
def _troubles() -> Iterator[Trouble]:
    log, trouble = logging.getLogger("llamafleet"), Trouble()
    log.addHandler(trouble)
    log.propagate = False
    try:
        yield trouble
    finally:
        log.propagate = True
        log.removeHandler(trouble)


async def _draw(
    options: argparse.Namespace,
    where: Where,
    informer: Informer[LlamaShown],
    changed: asyncio.Event,
    trouble: Trouble,
) -> None:
    there = console()
    live = Live(console=there, auto_refresh=False, screen=False, vertical_overflow="crop")
    with live if there.is_terminal else contextlib.nullcontext():
        while True:
            changed.clear()
            picture = _picture(options, where, informer)
            said = trouble.since(informer.heard_at)
            if there.is_terminal:
                live.update(_content(picture, there.size, said), refresh=True)
            else:
                write(drawn(there, Group(_content(picture, None, said), Text(""))))
                flush()
            await _next(changed, forever=not there.is_terminal)


def _picture(options: argparse.Namespace, where: Where, informer: Informer[LlamaShown]) -> Picture:
    return pictured(options, where, _known(informer))


def _known(informer: Informer[LlamaShown]) -> Iterable[Mapping[str, Any]]:
    return [shown.raw for owner in informer.owners() for shown in informer.of(owner).values()]


def _content(picture: Picture, size: ConsoleDimensions | None, said: str) -> RenderableType:
    table = render(picture, size.width, size.height) if size else render(picture, None)
    return Group(table, Text(""), Text(printable(said), "red")) if said else table


async def _next(changed: asyncio.Event, *, forever: bool) -> None:
    """Until something changes, or on a terminal a tick goes by."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(changed.wait(), None if forever else TICK_SECONDS)
        await asyncio.sleep(SETTLE_SECONDS)
