"""The view of the GpuPools is never older than the last word that one of them changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from llamafleet.adapters.poolview import PoolView
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Forbidden, Stale, Unavailable


class Server:
    """The GpuPools, told to whoever asks while the gate is open."""

    def __init__(self) -> None:
        """One pool, an open gate."""
        self.names = ["a100"]
        self.status = 200
        self.asked = 0
        self.version = 1
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()

    async def answer(self, _request: web.Request) -> web.Response:
        self.asked += 1
        items = [{"metadata": {"name": name}} for name in self.names]
        metadata = {"resourceVersion": str(self.version)}
        gate = self.gate
        self.reached.set()
        await gate.wait()
        return web.json_response({"metadata": metadata, "items": items, "message": "no"}, status=self.status)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Server, PoolView]]:
    server, app = Server(), web.Application()
    app.router.add_get("/apis/llamafleet.io/v1alpha1/gpupools", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(10):
            yield server, PoolView(Transport(session, f"http://{host}:{port}"))
    finally:
        await runner.cleanup()


async def names(view: PoolView) -> list[str]:
    return [pool["metadata"]["name"] for pool in await view.read()]


def test_pools_are_asked_for_once() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            assert [await names(view), await names(view)] == [["a100"], ["a100"]]
            assert server.asked == 1

    asyncio.run(story())


def test_pools_are_asked_for_again_after_a_change() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            assert await names(view) == ["a100"]
            server.names = ["h100"]
            view.forget()
            assert await names(view) == ["h100"]

    asyncio.run(story())


def test_a_change_while_pools_are_read_is_not_lost() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            server.gate.clear()
            early = asyncio.create_task(names(view))
            await server.reached.wait()  # the server has looked, and has not answered yet
            server.names = ["h100"]
            view.forget()
            server.gate.set()
            assert await early == ["a100"], "what was there when it asked"
            assert await names(view) == ["h100"], "the next reader asks again"
            assert await names(view) == ["h100"]
            assert server.asked == 2

    asyncio.run(story())


def test_a_late_answer_does_not_replace_a_newer_one() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            gate = server.gate
            gate.clear()
            early = asyncio.create_task(names(view))
            await server.reached.wait()
            server.names, server.gate = ["h100"], asyncio.Event()
            server.gate.set()
            view.forget()
            assert await names(view) == ["h100"], "a second reader overtakes the first"
            gate.set()
            await early
            assert await names(view) == ["h100"]

    asyncio.run(story())


def test_a_kind_that_is_not_installed_is_no_empty_list() -> None:
    """No pools would mean the built-in one, at another price."""

    async def story() -> None:
        async with serving() as (server, view):
            server.status = 404
            with pytest.raises(Unavailable, match="does not know the kind GpuPool"):
                await view.read()

    asyncio.run(story())


def test_a_refused_read_is_told_and_asked_again() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            server.status = 403
            with pytest.raises(Forbidden, match="HTTP 403: no"):
                await view.read()
            server.status = 200
            assert await names(view) == ["a100"]

    asyncio.run(story())


def test_an_api_server_that_is_behind_is_not_believed() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            server.version = 20
            assert await names(view) == ["a100"]
            server.version, server.names = 10, ["what was there before"]
            view.forget()
            with pytest.raises(Stale, match="10 after 20"):
                await view.read()
            server.version = 20
            server.names = ["a100"]
            assert await names(view) == ["a100"]

    asyncio.run(story())


def test_what_is_no_list_is_no_empty_list() -> None:
    async def story() -> None:
        async with serving() as (server, view):
            server.version = None  # type: ignore[assignment]
            with pytest.raises(Unavailable, match="no list"):
                await view.read()

    asyncio.run(story())
