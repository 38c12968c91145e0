"""The waker's process: its parts, how it starts, and how it ends without losing a request silently."""

import asyncio
import logging
import signal

from aiohttp import web

from llamafleet.adapters.access import find_access
from llamafleet.adapters.management import serve
from llamafleet.adapters.openfiles import allow_files
from llamafleet.adapters.transport import Transport
from llamafleet.waker.book import Book
from llamafleet.waker.desk import Desk
from llamafleet.waker.doors import Doors, server
from llamafleet.waker.management import management
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.settings import Settings
from llamafleet.waker.upstream import Upstream
from llamafleet.waker.view import View

log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        Unavailable: there is no access to a cluster.
        OSError: the management port is taken.
    """
    allow_files()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    access = await find_access()
    async with access.open_session() as session:
        waker = Waker(settings, Transport(session, access.server))
        try:
            await waker.serve(stop)
        finally:
            await waker.close()


class Waker:
    """One waker at work on one cluster."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        """Wire the parts; nothing runs yet."""
        self._settings = settings
        self._ready = False
        self._book = Book(settings)
        self._metrics = Metrics(self._book)
        self._upstream = Upstream()
        self._view = View(transport, self._moved, settings.namespaces)
        desk = Desk(settings, self._view, self._book, self._upstream, self._metrics)
        behind = server(desk.answer, self._metrics)
        self._fleets = web.ServerRunner(behind, shutdown_timeout=settings.grace_seconds)
        self._doors = Doors(self._view.ports, self._fleets)
        self._management: web.AppRunner | None = None

    def _moved(self) -> None:
        self._doors.moved()

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until the event is set; then leave."""
        app = management(self._book, self._metrics, lambda: self._ready)
        self._management = await serve(app, self._settings.management_port)
        await self._fleets.setup()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._view.run())
            opening = group.create_task(self._open())
            await stop.wait()
            opening.cancel()
            await self._leave()
            watching.cancel()

    async def _open(self) -> None:
        """Be ready only when everything is known and every door is open."""
        await self._view.synced()
        await self._doors.follow()
        self._ready = True
        log.info("the waker is ready")
        await self._doors.run()

    async def _leave(self) -> None:
        """Take no more requests, tell those that wait, let those go on that are with a replica."""
        self._ready = False
        log.info(
            "leaving: %d requests wait, %d are with a replica",
            sum(self._book.counts.values()),
            self._upstream.passing,
        )
        self._book.leave()
        await self._fleets.cleanup()

    async def close(self) -> None:
        """End what is left, also when something failed."""
        self._book.leave()
        await self._fleets.cleanup()
        if self._management is not None:
            await self._management.cleanup()
        await self._upstream.close()
