"""How the proxy hands a watch through, and what it does to watches that run."""

import asyncio
import contextlib
import time

import aiohttp
import orjson
from aiohttp import web

from faults.faults import (
    Cut,
    ErrorEvent,
    Exchange,
    Fault,
    Garbage,
    HalfOpen,
    Huge,
    Replay,
    Silence,
    Truncate,
)
from faults.proxy_requests import Memory
from faults.rules import Rulebook

CHUNK = 64 * 1024


def reset(request: web.Request) -> web.Response:
    """End the connection of a request with a reset."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # goes nowhere


class Watches:
    """The watches that run."""

    def __init__(self, rules: Rulebook) -> None:
        """None runs yet."""
        self._rules = rules
        self._running: set[_Watch] = set()

    def look(self) -> None:
        """A rule is new: strike what it concerns. Call it in the loop of the proxy."""
        for watch in tuple(self._running):
            for fault in self._rules.strike(watch.exchange, running=True):
                watch.faults.put_nowait(fault)

    async def relay(
        self,
        request: web.Request,
        exchange: Exchange,
        upstream: aiohttp.ClientResponse,
        first: Fault | None,
        memory: Memory,
    ) -> web.StreamResponse:
        """Hand a watch through until either side ends it, or a fault does."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        watch = _Watch(request, response, exchange, memory)
        if first is not None:
            watch.faults.put_nowait(first)
        self._running.add(watch)
        try:
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await watch.run(upstream)
        finally:
            self._running.discard(watch)
        return response


class _Watch:
    """One watch that runs."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, exchange: Exchange, memory: Memory
    ) -> None:
        self.exchange = exchange
        self.faults: asyncio.Queue[Fault] = asyncio.Queue()
        self._request = request
        self._response = response
        self._memory = memory
        self._rest = b""
        self._left: int | None = None  # bytes until the end, once it is truncated

    async def run(self, upstream: aiohttp.ClientResponse) -> None:
        reading = asyncio.ensure_future(upstream.content.readany())
        struck = asyncio.ensure_future(self.faults.get())
        try:
            while True:
                await asyncio.wait({reading, struck}, return_when=asyncio.FIRST_COMPLETED)
                if struck.done():
                    if await self._suffer(struck.result(), upstream):
                        return
                    struck = asyncio.ensure_future(self.faults.get())
                if reading.done():
                    if not await self._forward(reading.result()):
                        return
                    reading = asyncio.ensure_future(upstream.content.readany())
        finally:
            reading.cancel()
            struck.cancel()
            await asyncio.gather(reading, struck, return_exceptions=True)

    async def _forward(self, data: bytes) -> bool:
        """Hand on what makes whole lines; whether the watch goes on."""
        if not data:
            return False
        lines, end, self._rest = (self._rest + data).rpartition(b"\n")
        self._memory.said(self.exchange.kind, time.monotonic(), lines + end)
        whole = lines + end
        if self._left is not None:
            whole = whole[: self._left]
            self._left -= len(whole)
        await self._response.write(whole)
        if self._left == 0:
            reset(self._request)
            return False
        return True

    async def _suffer(self, fault: Fault, upstream: aiohttp.ClientResponse) -> bool:
        """Act a fault out; whether it ends the watch."""
        match fault:
            case Silence():
                await asyncio.Event().wait()
            case HalfOpen():
                upstream.close()
                await asyncio.Event().wait()
            case Cut():
                reset(self._request)
                return True
            case Truncate(length):
                self._left = length
            case Garbage(line):
                await self._response.write(line.rstrip(b"\n") + b"\n")
            case Huge(length):
                for _ in range(0, length, CHUNK):
                    await self._response.write(b"x" * CHUNK)
            case ErrorEvent(code, message):
                status = {"kind": "Status", "apiVersion": "v1", "code": code, "message": message}
                await self._response.write(orjson.dumps({"type": "ERROR", "object": status}) + b"\n")
                return True
            case Replay(before):
                await self._response.write(self._memory.saying(self.exchange.kind, before))
        return False
