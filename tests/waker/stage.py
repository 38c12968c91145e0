"""A waker's desk behind real HTTP, with fleets that a test knows; replicas are real servers, too."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import orjson
from aiohttp import web

from llamafleet.api.observed import Key
from llamafleet.waker.book import Book
from llamafleet.waker.desk import Desk
from llamafleet.waker.doors import server
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.ports import Ports
from llamafleet.waker.settings import Settings
from llamafleet.waker.slices import Pod
from llamafleet.waker.standing import Standing
from llamafleet.waker.upstream import Upstream

FLEET = Key("team-a", "scout")
HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Fleets:
    """What the cluster says, as the test has it; in the place of the view."""

    ports: Ports = field(default_factory=Ports)
    known: dict[Key, Standing] = field(default_factory=dict)
    ready: dict[Key, tuple[Pod, ...]] = field(default_factory=dict)
    waiters: dict[Key, asyncio.Event] = field(default_factory=dict)

    def pods(self, fleet: Key) -> tuple[Pod, ...]:
        return self.ready.get(fleet, ())

    def standing(self, fleet: Key) -> Standing | None:
        return self.known.get(fleet)

    async def news(self, fleet: Key) -> None:
        await self.waiters.setdefault(fleet, asyncio.Event()).wait()

    def tell(self, fleet: Key = FLEET) -> None:
        if fleet in self.waiters:
            self.waiters.pop(fleet).set()

    def become_ready(self, *pods: Pod, fleet: Key = FLEET) -> None:
        self.ready[fleet] = pods
        self.tell(fleet)

    def stand(self, standing: Standing, fleet: Key = FLEET) -> None:
        self.known[fleet] = standing
        self.tell(fleet)


@dataclass
class Stage:
    """One waker's desk at work."""

    fleets: Fleets
    book: Book
    metrics: Metrics
    client: aiohttp.ClientSession
    runner: web.ServerRunner
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def ask(self, path: str = "/v1/completions", **options: object) -> asyncio.Task[tuple[int, bytes]]:
        """A client's request, underway; its answer is status and body."""
        return asyncio.create_task(self._ask(path, options))

    async def _ask(self, path: str, options: dict[str, object]) -> tuple[int, bytes]:
        method = str(options.pop("method", "POST"))
        async with self.client.request(method, self.url + path, **options) as answer:
            return answer.status, await answer.read()

    async def holds(self, count: int, fleet: Key = FLEET) -> None:
        """Wait until so many requests are held."""
        await until(lambda: self.book.counts.get(fleet, 0) == count)

    def refused(self, reason: str) -> float:
        return (
            self.metrics.registry.get_sample_value("llamafleet_waker_refused_total", {"reason": reason}) or 0
        )


async def until(condition: Callable[[], object]) -> None:
    """Look again until it is so; the test fails when it never is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def stage(**bounds: int) -> AsyncIterator[Stage]:
    """A desk with these settings; its one port is that of :data:`FLEET`, which is awake to be asked."""
    settings = Settings(management_port=0, **{"grace_seconds": 5, **bounds})
    fleets, book, upstream = Fleets(), Book(settings), Upstream()
    metrics = Metrics(book)
    desk = Desk(settings, fleets, book, upstream, metrics)
    runner = web.ServerRunner(server(desk.answer, metrics), shutdown_timeout=settings.grace_seconds)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    port = runner.addresses[0][1]
    fleets.ports.name(FLEET, port, time.monotonic())
    fleets.known[FLEET] = Standing("uid", "1", created=1_700_000_000)
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    async with aiohttp.ClientSession(auto_decompress=False, timeout=timeout) as client:
        try:
            yield Stage(fleets, book, metrics, client, runner, port)
        finally:
            book.leave()
            await runner.cleanup()
            await upstream.close()


async def told(stage: Stage, **options: object) -> tuple[int, str, str, str | None]:
    """Status, code, message and Retry-After of the answer to a request."""
    async with stage.client.post(f"{stage.url}/v1/completions", **options) as answer:
        error = (await answer.json())["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return answer.status, error["code"], error["message"], answer.headers.get("Retry-After")


@asynccontextmanager
async def replica(answer: Answering, host: str = HOST) -> AsyncIterator[Pod]:
    """A replica that answers as it is told."""
    runner = web.ServerRunner(
        web.Server(answer, handler_cancellation=True, auto_decompress=False, access_log=None),
        shutdown_timeout=0.1,
    )
    await runner.setup()
    await web.TCPSite(runner, host, 0).start()
    try:
        yield Pod(host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def echo(request: web.BaseRequest) -> web.Response:
    """Tell what came."""
    body = await request.read()
    told = {
        "method": request.method,
        "target": request.raw_path,
        "headers": [[name.lower(), value] for name, value in request.headers.items()],
        "body": body.decode("latin-1"),
    }
    return web.Response(body=orjson.dumps(told), content_type="application/json")


async def exchange(port: int, *pieces: bytes) -> bytes:
    """Everything that the other side says to these bytes, until it ends the connection."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection(HOST, port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        try:
            return await reader.read()
        finally:
            writer.close()
