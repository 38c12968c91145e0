"""The management port: what is held, for the operator, beside metrics and whether the process is well."""

from collections.abc import Callable

import orjson
from aiohttp import web

from llamafleet.adapters import management as shared
from llamafleet.api.names import WAKER_HELD_PATH
from llamafleet.waker.book import Book
from llamafleet.waker.metrics import Metrics


def management(book: Book, metrics: Metrics, is_ready: Callable[[], bool]) -> web.Application:
    """The application of the management port.

    That it answers is all that its liveness says. One that does not hear the API server must not be ended: it
    would end what it holds.
    """

    async def held(_: web.Request) -> web.Response:
        counts = {str(fleet): count for fleet, count in book.counts.items()}
        return web.Response(body=orjson.dumps(counts), content_type="application/json")

    app = shared.management(metrics.registry, lambda: "" if is_ready() else "not ready")
    app.add_routes([web.get(WAKER_HELD_PATH, held)])
    return app
