"""Every refusal and every breakdown of the API server becomes one of our errors, with its own sentence.

The server here is real HTTP and says one thing each; the real API server is met in tests/cluster.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
import yaml
from aiohttp import web

from llamafleet.adapters import gate, transport
from llamafleet.adapters.transport import CONNECT_SECONDS, Transport
from llamafleet.errors import (
    Conflict,
    Ending,
    Forbidden,
    LlamafleetError,
    Rejected,
    Throttled,
    Unavailable,
)

PATH = "/api/v1/namespaces/team-a/services/scout"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Transport]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session:
            yield Transport(session, f"http://{host}:{port}")
    finally:
        await runner.cleanup()


def saying(status: int, body: bytes) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body)

    return answer


async def hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"the beginning")
    assert request.transport is not None
    request.transport.close()
    return response


def refusal(message: str, *causes: str) -> bytes:
    details = {"causes": [{"reason": cause, "message": "no"} for cause in causes]} if causes else None
    return orjson.dumps({"kind": "Status", "message": message, "details": details})


async def read(reach: Transport) -> bytes | None:
    return await reach.read(PATH)


async def apply(reach: Transport) -> bytes | None:
    return await reach.apply(PATH, {"kind": "Service"})


async def merge(reach: Transport) -> bytes | None:
    return b"there" if await reach.merge(PATH, {"spec": {}}) else None


async def create(reach: Transport) -> bytes | None:
    await reach.create(PATH, {"kind": "Event"})
    return None


async def watch(reach: Transport) -> bytes | None:
    return orjson.dumps([event async for event in reach.watch(PATH, {"watch": "1"})])


def outcome(answer: Answer, call: Callable[[Transport], Awaitable[bytes | None]]) -> bytes | None:
    async def story() -> bytes | None:
        async with serving(answer) as reach, asyncio.timeout(10):
            return await call(reach)

    return asyncio.run(story())


REFUSALS: dict[str, tuple[int, bytes, type[LlamafleetError], str]] = {
    "401, the token is not known": (401, refusal("Unauthorized"), Forbidden, "HTTP 401: Unauthorized"),
    "403, a permission is missing": (403, refusal("may not"), Forbidden, "HTTP 403: may not"),
    "403, the namespace ends": (403, refusal("ends", "NamespaceTerminating"), Ending, "HTTP 403: ends"),
    "403, for another cause": (403, refusal("quota", "Exceeded"), Forbidden, "HTTP 403: quota"),
    "409, somebody else owns a field": (409, refusal("conflict"), Conflict, "HTTP 409: conflict"),
    "422, a field is bad": (422, refusal("spec.x: bad"), Rejected, "HTTP 422: spec.x: bad"),
    "429, too many requests": (429, refusal("slow down"), Throttled, "HTTP 429: slow down"),
    "500, an internal error": (500, refusal("etcd is away"), Unavailable, "HTTP 500: etcd is away"),
    "503, a proxy's page": (503, b"<html>no server</html>", Unavailable, "HTTP 503: <html>no server</html>"),
    "500, nothing at all": (500, b"", Unavailable, "HTTP 500: "),
    "500, JSON that is no Status": (500, b"[1]", Unavailable, "HTTP 500: [1]"),
    "500, a Status without words": (500, b'{"a": 1}', Unavailable, 'HTTP 500: {"a": 1}'),
}


@pytest.mark.parametrize("call", [read, apply, merge, create, watch])
@pytest.mark.parametrize(
    ("status", "body", "error", "message"), REFUSALS.values(), ids=[f"{name}," for name in REFUSALS]
)
def test_a_refusal_becomes_our_error(
    call: Callable[[Transport], Awaitable[bytes | None]],
    status: int,
    body: bytes,
    error: type[LlamafleetError],
    message: str,
) -> None:
    with pytest.raises(LlamafleetError) as caught:
        outcome(saying(status, body), call)
    assert type(caught.value) is error
    assert PATH in str(caught.value)
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize("second", [read, apply, merge, create, watch])
@pytest.mark.parametrize("first", [read, apply, merge, create, watch])
def test_who_is_told_to_wait_makes_everybody_wait(
    first: Callable[[Transport], Awaitable[bytes | None]],
    second: Callable[[Transport], Awaitable[bytes | None]],
) -> None:
    at: list[float] = []

    async def answer(_request: web.Request) -> web.StreamResponse:
        at.append(asyncio.get_running_loop().time())
        if len(at) == 1:
            return web.Response(status=429, headers={"Retry-After": "0.2"})
        return web.Response(body=b"")

    async def both(reach: Transport) -> bytes | None:
        with pytest.raises(Throttled):
            await first(reach)
        return await second(reach)

    outcome(answer, both)
    assert at[1] - at[0] >= 0.2


def test_a_longer_wait_is_not_spent_at_the_gate_but_by_a_watch() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        return web.Response(status=429, headers={"Retry-After": "60"})

    async def story(reach: Transport) -> bytes | None:
        for call in (read, apply, merge, create):
            with pytest.raises(Throttled):
                await call(reach)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watch(reach), 0.2)
        return None

    outcome(answer, story)
    assert asked == ["GET"]


def test_a_long_page_is_cut() -> None:
    with pytest.raises(Unavailable) as caught:
        outcome(saying(502, b"x" * 10_000), read)
    assert str(caught.value) == f"GET {PATH}: HTTP 502: {'x' * 200}"


def test_what_is_not_there_is_none_to_a_reader_and_an_error_to_a_writer() -> None:
    gone = saying(404, refusal('namespaces "team-a" not found'))
    assert outcome(gone, read) is None
    for call in (apply, create, watch):
        with pytest.raises(Unavailable, match='HTTP 404: namespaces "team-a" not found'):
            outcome(gone, call)


def test_to_change_what_is_not_there_is_no_error() -> None:
    assert outcome(saying(404, refusal("not found")), merge) is None
    assert outcome(saying(200, b"{}"), merge) == b"there"


@pytest.mark.parametrize("call", [read, apply, create])
def test_an_answer_that_breaks_off_is_our_error(
    call: Callable[[Transport], Awaitable[bytes | None]],
) -> None:
    with pytest.raises(Unavailable, match="ClientPayloadError"):
        outcome(cut_off, call)


@pytest.mark.parametrize("call", [read, apply, create, watch])
def test_a_server_that_never_answers_is_given_up(
    call: Callable[[Transport], Awaitable[bytes | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "REQUEST_SECONDS", 0.1)
    monkeypatch.setattr(transport, "WRITE_SECONDS", 0.1)
    monkeypatch.setattr(transport, "SILENCE_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="Timeout"):
        outcome(hang, call)


def test_a_server_that_is_away_is_our_error() -> None:
    async def story() -> None:
        async with serving(saying(200, b"{}")) as reach:
            address = reach
        async with aiohttp.ClientSession() as session:
            away = Transport(session, address._server)  # noqa: SLF001 - where nobody listens any more
            for call in (read, apply, create, watch):
                with pytest.raises(Unavailable, match="Cannot connect to host"):
                    await call(away)

    asyncio.run(story())


@pytest.mark.parametrize("status", [200, 201, 202])
def test_the_body_of_an_answer_is_returned(status: int) -> None:
    assert outcome(saying(status, b'{"kind": "Service"}'), apply) == b'{"kind": "Service"}'
    assert outcome(saying(status, b'{"kind": "Service"}'), read) == b'{"kind": "Service"}'


def test_a_write_is_strict_and_under_our_field_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_now", lambda: 0.0)  # no time is lost at the open gate, however busy we are
    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(
            {
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "type": request.headers["Content-Type"],
                "body": orjson.loads(await request.read()),
            }
        )
        return web.Response(body=b"{}")

    ours = {"fieldManager": "llamafleet", "fieldValidation": "Strict", "timeout": "15.000s"}
    for call in (lambda reach: reach.apply(PATH, {"kind": "Service"}), create):
        outcome(answer, call)
    assert asked == [
        said("PATCH", {**ours, "force": "true"}, "application/apply-patch+yaml", {"kind": "Service"}),
        said("POST", ours, "application/json", {"kind": "Event"}),
    ]


def said(method: str, query: dict[str, str], content_type: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "path": PATH, "query": query, "type": content_type, "body": body}


def test_a_reader_may_ask_for_another_form() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.headers["Accept"])

    assert outcome(answer, lambda reach: reach.read(PATH, accept="a/b;c=d")) == b"a/b;c=d"
    assert outcome(answer, read) == b"*/*"


def test_an_apply_says_the_same_in_json_and_in_yaml_and_holds_nothing_that_yaml_forbids() -> None:
    intent = {"message": "\x1b[31m \x7f\x85\x9b \ufffe\uffff größer \U0001f999 \\u0085"}
    bodies: list[bytes] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        return web.Response(body=b"{}")

    outcome(answer, lambda reach: reach.apply(PATH, intent))
    assert orjson.loads(bodies[0]) == yaml.safe_load(bodies[0]) == intent


@pytest.mark.parametrize("call", [read, watch])
def test_a_connection_has_a_deadline_of_its_own(
    call: Callable[[Transport], Awaitable[bytes | None]],
) -> None:
    seen: list[aiohttp.ClientTimeout] = []

    class Recording(aiohttp.TCPConnector):
        async def connect(self, *arguments: Any, **options: Any) -> Any:
            seen.append(options["timeout"])
            return await super().connect(*arguments, **options)

    async def story() -> None:
        async with aiohttp.ClientSession(connector=Recording()) as session:
            with pytest.raises(Unavailable):
                await call(Transport(session, "http://127.0.0.1:1"))

    asyncio.run(story())
    assert [timeout.sock_connect for timeout in seen] == [CONNECT_SECONDS]
