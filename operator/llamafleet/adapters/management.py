"""The management port of a process: its metrics, whether it is alive, whether it is ready.

The operator and the waker have the same one. A scrape is written out in a thread: the loop goes on meanwhile.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

BACKLOG: Final = 128
"""Connections that may wait to be accepted: probes and scrapes, a few at a time."""

COMPRESSED_ELSEWHERE: Final = 4096
"""Bytes from which on an answer is compressed in a thread, too: a megabyte takes 10 ms."""

Missing = Callable[[], str]
"""Says in words what a process waits for before it is ready; empty: it is."""


class NoStrangersWords(logging.Filter):
    """Drops what aiohttp logs of what is no HTTP: the client is told, and parts of it may be secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is one of ours."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


http_log = logging.getLogger(f"{__name__}.http")
http_log.addFilter(NoStrangersWords())


def management(registry: CollectorRegistry, missing: Missing) -> web.Application:
    """The application of a management port.

    ``/healthz`` says no more than that the process answers. Who needs more has a check of its own.

    Args:
        registry: what ``/metrics`` shows.
        missing: what ``/readyz`` waits for.
    """
    writing = asyncio.Semaphore()  # of several scrapes at once, each has the processor for itself

    async def series(request: web.Request) -> web.Response:
        write, content_type = choose_encoder(",".join(request.headers.getall("Accept", ())))
        async with writing:
            body = await asyncio.to_thread(write, registry)
        response = web.Response(
            body=body, headers={"Content-Type": content_type}, zlib_executor_size=COMPRESSED_ELSEWHERE
        )
        response.enable_compression()  # where the client takes it; ten thousand lines are a megabyte
        return response

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def ready(_: web.Request) -> web.Response:
        waits_for = missing()
        return web.Response(status=503, text=waits_for) if waits_for else web.Response(text="ok")

    app = web.Application()
    app.add_routes(
        [web.get("/metrics", series), web.get("/healthz", alive), web.get("/readyz", ready)],
    )
    return app


def listening(port: int) -> socket.socket:
    """A socket on every address of both families, or of IPv4 where a host has no IPv6."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
    return socket.create_server(("", port))


async def serve(app: web.Application, port: int) -> web.AppRunner:
    """Serve an application on a port until somebody calls the runner's ``cleanup``.

    Raises:
        OSError: the port is taken.
    """
    taken = listening(port)
    runner = web.AppRunner(app, access_log=None, logger=http_log, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, taken, backlog=BACKLOG).start()
    return runner
