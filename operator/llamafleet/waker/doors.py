"""The ports that the waker listens on: one for each fleet, as the view says."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from llamafleet.adapters.management import http_log, listening
from llamafleet.waker import refusals
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.ports import Ports

LOOK_SECONDS: Final = 5.0
"""How often ports are looked at without news: to close those that nobody claims, and to try taken ones."""

BACKLOG: Final = 1024
"""Connections that may wait to be accepted; a crowd comes at once when a fleet goes to sleep."""

HEAD_SECONDS: Final = 60.0
"""How long a connection may take for the head of its request: nginx's client_header_timeout by default."""

REST_SECONDS: Final = 2.0
"""How long the rest of a refused body is read, so that its client can read why: a reset would lose it."""

MOST_CONNECTIONS: Final = 10_000
"""Connections that clients may have at the same time. Each takes about 10 KiB before it has said anything, so
these take a fifth of the memory limit of the manifests."""

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


class _Server(web.Server):
    """A server with a bound on connections."""

    metrics: Metrics

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection, or say that there are too many."""
        super().connection_made(handler, transport)
        if len(self._connections) > MOST_CONNECTIONS:
            transport.write(refusals.crowded())
            transport.close()
            self.metrics.refused.labels(refusals.CROWDED).inc()


def server(answer: Answering, metrics: Metrics) -> web.Server:
    """The HTTP server behind every port; call it within a running loop.

    A client that goes away takes its request with it, and bodies stay as they came: a few compressed bytes
    could become gigabytes. Lines and headers are bounded by aiohttp itself, at 8190 bytes and 128 lines.
    """
    made = _Server(
        answer,
        handler_cancellation=True,
        keepalive_timeout=HEAD_SECONDS,
        lingering_time=REST_SECONDS,
        auto_decompress=False,
        access_log=None,
        logger=http_log,
    )
    made.metrics = metrics
    return made


class Doors:
    """Listens where fleets want it."""

    def __init__(self, ports: Ports, runner: web.ServerRunner) -> None:
        """Listen nowhere yet."""
        self._ports = ports
        self._runner = runner
        self._sites: dict[int, web.SockSite] = {}
        self._news = asyncio.Event()

    def moved(self) -> None:
        """The ports may have changed."""
        self._news.set()

    async def run(self) -> None:
        """Follow the ports for ever; only cancellation ends it."""
        while True:
            await self.follow()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def follow(self) -> None:
        """Listen on what is wanted, and on nothing else."""
        self._news.clear()
        wanted = self._ports.wanted(time.monotonic())
        for port in self._ports.shared():
            log.error("port %d is named by slices of several fleets: it serves none of them", port)
        for port in self._sites.keys() - wanted:
            await self._sites.pop(port).stop()
        for port in sorted(wanted - self._sites.keys()):
            try:
                site = web.SockSite(self._runner, listening(port), backlog=BACKLOG)
                await site.start()
            except OSError as error:
                log.error("port %d cannot be listened on: %s", port, error)  # noqa: TRY400 - no trace needed
            else:
                self._sites[port] = site
