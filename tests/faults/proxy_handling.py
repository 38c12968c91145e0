"""How the proxy handles one request: the faults that it meets, the way to the API server and back."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from faults.faults import (
    Answer,
    Call,
    Cut,
    Delay,
    ErrorEvent,
    Exchange,
    Fault,
    Garbage,
    HalfOpen,
    Huge,
    Replay,
    Truncate,
)
from faults.proxy_requests import Memory
from faults.proxy_watches import Watches, reset
from faults.rules import Rulebook

OF_ONE_CONNECTION = frozenset(
    {"host", "connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding", "upgrade"}
)
"""Headers that are not passed on. Bodies are never compressed here, so that faults can cut them anywhere."""

REASONS = {409: "Conflict", 410: "Expired", 429: "TooManyRequests", 500: "InternalError"}
"""How the API server calls these; any other is called as HTTP calls it."""


class Handling:
    """Takes requests to the API server and answers back, and does to both what the rules say."""

    def __init__(self, rules: Rulebook, watches: Watches, memory: Memory) -> None:
        """Take the parts; :meth:`open` starts."""
        self._rules = rules
        self._watches = watches
        self._memory = memory
        self._tasks: set[asyncio.Task[web.StreamResponse]] = set()

    async def open(self, tls: ssl.SSLContext) -> None:
        """Open the session to the API server, without a limit of connections: each watch takes one."""
        connector = aiohttp.TCPConnector(limit=0, ssl=tls)
        timeout = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)

    async def close(self) -> None:
        """Drop what is under way and close the session."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    async def handle(self, request: web.Request, exchange: Exchange, server: URL) -> web.StreamResponse:
        """Answer a request.

        One that is not a watch goes on when its client hangs up: it was sent.
        """
        if exchange.verb == "watch":
            return await self._handle(request, exchange, server)
        task = asyncio.ensure_future(self._handle(request, exchange, server))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _handle(self, request: web.Request, exchange: Exchange, server: URL) -> web.StreamResponse:
        fault, after = await self._begin(exchange)
        early = await self._instead(request, exchange, fault)
        if early is not None:
            return early
        exchange.forwarded = time.monotonic()
        url = URL.build(scheme=server.scheme, authority=server.authority).join(
            URL(request.raw_path, encoded=True)
        )
        async with self._session.request(
            request.method,
            url,
            headers=_passed_on(request.headers) | {"Accept-Encoding": "identity"},
            data=exchange.body or None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
        ) as upstream:
            exchange.status = upstream.status
            if exchange.verb == "watch" and upstream.status == HTTPStatus.OK:
                exchange.answered = time.monotonic()
                return await self._watches.relay(request, exchange, upstream, fault, self._memory)
            body = await upstream.read()
            exchange.answered = time.monotonic()
            for call in after:
                fault = await asyncio.to_thread(call, exchange) or fault
            if exchange.verb in {"get", "list"} and upstream.status == HTTPStatus.OK:
                self._memory.answered(exchange.path, exchange.answered, body)
            answer = web.Response(status=upstream.status, body=body, headers=_passed_on(upstream.headers))
        return await _spoilt(request, answer, body, fault)

    async def _begin(
        self, exchange: Exchange
    ) -> tuple[Fault | None, list[Callable[[Exchange], Fault | None]]]:
        """Let the passing faults pass; the one that remains, and what is to be called afterwards."""
        remains: Fault | None = None
        after = []
        for fault in self._rules.strike(exchange):
            match fault:
                case Delay(seconds):
                    await asyncio.sleep(seconds)
                case Call(before, then):
                    remains = (await asyncio.to_thread(before, exchange) if before else None) or remains
                    after += [then] if then else []
                case _:
                    remains = remains or fault
        return remains, after

    async def _instead(
        self, request: web.Request, exchange: Exchange, fault: Fault | None
    ) -> web.StreamResponse | None:
        """What happens to a request that does not go on; None: it goes on."""
        match fault:
            case Cut(after_forwarding=False):
                return reset(request)
            case HalfOpen(after_forwarding=False):
                return await _hang()
            case Answer(status, message, retry_after):
                exchange.status = status
                headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
                return web.Response(
                    status=status,
                    body=said(status, message),
                    headers=headers,
                    content_type="application/json",
                )
            case Replay(before) if exchange.verb != "watch":
                body = self._memory.answer(exchange.path, before)
                if body is not None:
                    exchange.status = 200
                    return web.Response(body=body, content_type="application/json")
        return None


async def _spoilt(
    request: web.Request, answer: web.Response, body: bytes, fault: Fault | None
) -> web.StreamResponse:
    """The answer to something that is not a watch, with what a fault makes of it."""
    match fault:
        case Cut():
            return reset(request)
        case HalfOpen():
            return await _hang()
        case Truncate(length):
            return await _truncated(request, answer.status, body, length)
        case Garbage(line):
            answer.body = line
        case Huge(length):
            answer.body = b"x" * length
        case ErrorEvent(code, message):
            answer = web.Response(status=code, body=said(code, message), content_type="application/json")
    return answer


async def _truncated(request: web.Request, status: int, body: bytes, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[:length])
    if request.transport is not None:
        request.transport.close()  # what was written goes out before the end
    return response


def said(code: int, message: str) -> bytes:
    """A Status object."""
    reason = REASONS.get(code, HTTPStatus(code).phrase.replace(" ", "") if code in set(HTTPStatus) else "")
    head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return orjson.dumps({**head, "message": message, "reason": reason, "code": code})


async def _hang() -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in OF_ONE_CONNECTION}
