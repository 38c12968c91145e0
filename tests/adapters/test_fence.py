"""No byte of a write leaves a process whose lease may be over, however late that turns out."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from llamafleet.adapters import gate
from llamafleet.adapters.fence import Fence, fenced, seconds_since_boot
from llamafleet.adapters.transport import Transport
from llamafleet.errors import NotLeading

PATH = "/api/v1/namespaces/team-a/services/scout"


class Clock:
    """A clock that the story sets."""

    def __init__(self) -> None:
        """It begins at 100 s."""
        self.now = 100.0

    def __call__(self) -> float:
        """The instant, in seconds."""
        return self.now


@asynccontextmanager
async def served(
    fence: Fence | None, seconds: float = 0.0, connector: aiohttp.BaseConnector | None = None
) -> AsyncIterator[tuple[Transport, list[web.Request]]]:
    """A way to a server that answers after some seconds, and the requests that came to it."""
    came: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        came.append(request)
        await asyncio.sleep(seconds)
        return web.Response(body=b"{}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    request_class = aiohttp.ClientRequest if fence is None else fenced(fence)
    try:
        async with aiohttp.ClientSession(connector=connector, request_class=request_class) as session:
            yield Transport(session, f"http://{host}:{port}", fence), came
    finally:
        await runner.cleanup()


def test_it_is_closed_until_it_is_extended_and_closes_by_itself() -> None:
    clock = Clock()
    fence = Fence(clock)
    with pytest.raises(NotLeading):
        fence.check()
    fence.extend(103.0)
    fence.check()
    assert fence.remaining() == 3.0
    clock.now = 102.5
    assert fence.remaining() == 0.5
    clock.now = 103.0
    with pytest.raises(NotLeading):
        fence.check()
    fence.extend(105.0)
    fence.check()


def test_once_it_is_shut_nothing_opens_it() -> None:
    fence = Fence(Clock())
    fence.extend(103.0)
    fence.shut()
    fence.extend(200.0)
    assert fence.remaining() == 0
    with pytest.raises(NotLeading):
        fence.check()


def test_its_clock_goes_on_by_itself() -> None:
    before = seconds_since_boot()
    assert 0 <= seconds_since_boot() - before < 60
    steady = time.monotonic()
    assert seconds_since_boot() >= steady - 1, "it counts what a monotonic clock counts, and sleep"


async def write_all(reach: Transport) -> list[type[BaseException] | None]:
    calls: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: reach.apply(PATH, {"kind": "Service"}),
        lambda: reach.merge(PATH, {"spec": {}}),
        lambda: reach.create(PATH, {"kind": "Event"}),
    )
    return [
        type(one) if isinstance(one, BaseException) else None
        for one in await asyncio.gather(*(call() for call in calls), return_exceptions=True)
    ]


def test_every_write_asks_it_and_no_read_does() -> None:
    async def story() -> None:
        clock = Clock()
        fence = Fence(clock)
        async with served(fence) as (reach, came):
            assert await write_all(reach) == [NotLeading] * 3
            assert came == []
            assert await reach.read(PATH) == b"{}"
            fence.extend(103.0)
            assert await write_all(reach) == [None] * 3
            clock.now = 103.0
            assert await write_all(reach) == [NotLeading] * 3
            assert [request.method for request in came] == ["GET", "PATCH", "PATCH", "POST"]

    asyncio.run(story())


def test_the_api_server_is_told_to_give_up_with_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_now", lambda: 0.0)  # no time is lost at the open gate, however busy we are

    async def story() -> None:
        fence = Fence(Clock())
        fence.extend(102.25)
        async with served(fence) as (reach, came):
            await write_all(reach)
            assert [request.query["timeout"] for request in came] == ["15.000s"] * 3

    asyncio.run(story())


class Slow(aiohttp.TCPConnector):
    """Makes its connections while time goes by."""

    def __init__(self, pass_time: Callable[[], None]) -> None:
        """Keep what happens meanwhile."""
        super().__init__()
        self._pass_time = pass_time

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        found = await super().connect(*arguments, **options)
        self._pass_time()
        return found


def test_a_lease_that_ends_while_the_connection_is_made_lets_nothing_through() -> None:
    async def story() -> None:
        clock = Clock()
        fence = Fence(clock)

        def pass_time() -> None:
            clock.now += 60

        async with served(fence, connector=Slow(pass_time)) as (reach, came):
            fence.extend(clock.now + 3)
            with pytest.raises(NotLeading):
                await reach.apply(PATH, {"kind": "Service"})
            assert came == []

    asyncio.run(story())


def test_a_lease_that_ends_between_the_headers_and_the_body_lets_neither_through() -> None:
    """The body is written in a task of its own: the process may be stopped until that has its turn."""

    async def story() -> None:
        clock = Clock()
        fence = Fence(clock)
        loop = asyncio.get_running_loop()

        def pass_time() -> None:
            loop.call_soon(setattr, clock, "now", clock.now + 60)  # before the task that is not made yet

        async with served(fence, connector=Slow(pass_time)) as (reach, came):
            fence.extend(clock.now + 3)
            with pytest.raises(NotLeading):
                await reach.create(PATH, {"kind": "Event", "message": "x" * 100_000})
            assert came == []
            clock.now = 100.0
            assert await reach.read(PATH) == b"{}", "the way itself is as good as before"

    asyncio.run(story())


def test_a_session_whose_fence_nobody_opens_writes_nothing_whoever_uses_it() -> None:
    async def story() -> None:
        async with served(None) as (_, came), aiohttp.ClientSession(request_class=fenced(Fence())) as session:
            address = f"http://127.0.0.1:{_._server.rpartition(':')[2]}{PATH}"  # noqa: SLF001 - where it is
            for method in ("PATCH", "POST", "PUT", "DELETE"):
                with pytest.raises(NotLeading):
                    await session.request(method, address)
            async with session.get(address) as answer:
                assert answer.status == 200
            assert [request.method for request in came] == ["GET"]

    asyncio.run(story())
