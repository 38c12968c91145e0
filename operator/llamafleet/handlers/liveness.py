"""The liveness endpoint. It is the shell's own: kopf, which has one, comes and goes.

It is served by the loop that does the work, so it does not answer when that loop does not any more.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

SILENCE_LIMIT_SECONDS: Final = 180.0
"""Watches bring a bookmark about every minute and are opened anew when they fall silent; three minutes
of nothing mean that the process cannot see the cluster, and a new process may."""

HTTP_PORT: Final = 80


@contextlib.asynccontextmanager
async def liveness(address: str | None, silent_seconds: Callable[[], float]) -> AsyncIterator[None]:
    """Serve for the length of a block.

    Args:
        address: where, as ``http://host:port/path``; None: nowhere.
        silent_seconds: for how long nothing was heard of the cluster.

    Raises:
        OSError: the port is taken.
    """
    if address is None:
        yield
        return
    where = urlsplit(address)

    async def answer(_: web.Request) -> web.Response:
        seconds = silent_seconds()
        is_well = seconds <= SILENCE_LIMIT_SECONDS
        return web.json_response({"silent_seconds": round(seconds, 1)}, status=200 if is_well else 500)

    app = web.Application()
    app.router.add_get(where.path or "/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, where.hostname, where.port or HTTP_PORT).start()
        yield
    finally:
        await runner.cleanup()
