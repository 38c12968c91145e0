"""The management port: what is held, for the operator; metrics; and whether the process is well."""

from collections.abc import Callable

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from llamafleet.api.names import WAKER_HELD_PATH
from llamafleet.waker.book import Book
from llamafleet.waker.metrics import Metrics


def management(book: Book, metrics: Metrics, is_ready: Callable[[], bool]) -> web.Application:
    """The application of the management port."""

    async def held(_: web.Request) -> web.Response:
        counts = {str(fleet): count for fleet, count in book.counts.items()}
        return web.Response(body=orjson.dumps(counts), content_type="application/json")

    async def series(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    async def alive(_: web.Request) -> web.Response:
        # That it answers is all there is to say. One that does not hear the API server must not be ended: it
        # would end what it holds.
        return web.Response(text="ok")

    async def ready(_: web.Request) -> web.Response:
        return web.Response(text="ok") if is_ready() else web.Response(status=503, text="not ready")

    app = web.Application()
    app.add_routes(
        [
            web.get(WAKER_HELD_PATH, held),
            web.get("/metrics", series),
            web.get("/healthz", alive),
            web.get("/readyz", ready),
        ]
    )
    return app
