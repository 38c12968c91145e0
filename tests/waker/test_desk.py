"""A request is passed on, held until it can be, or refused: real clients, a real waker, real replicas."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import orjson
import pytest
from aiohttp import web

from llamafleet.api.observed import Key
from llamafleet.waker.slices import Pod
from llamafleet.waker.standing import Shut, Standing
from testbed.processes import reserved_port
from waker.stage import FLEET, HOST, PATIENCE_SECONDS, echo, exchange, replica, stage, until

PROMPT = b'{"prompt": "hi"}'


def test_a_held_request_reaches_the_first_ready_replica_as_it_was_sent() -> None:
    async def play() -> None:
        async with stage() as waker, replica(echo) as pod:
            headers = {"Authorization": "Bearer x", "X-Forwarded-For": "1.2.3.4", "Te": "gzip"}
            asked = waker.ask("/v1/a%2Fb?x=1&y=%20", data=PROMPT, headers=headers)
            await waker.holds(1)
            waker.fleets.become_ready(pod)
            status, body = await asked
            told = orjson.loads(body)
            sent = dict(told["headers"])
            assert (status, told["method"], told["target"]) == (200, "POST", "/v1/a%2Fb?x=1&y=%20")
            assert told["body"].encode() == PROMPT
            assert sent["authorization"] == "Bearer x"
            assert sent["host"] == f"{HOST}:{waker.port}"
            assert sent["x-forwarded-for"] == "1.2.3.4"
            assert sent["content-length"] == str(len(PROMPT))
            assert not {"te", "transfer-encoding", "expect"} & sent.keys()
            assert waker.book.counts == {}

    asyncio.run(play())


def test_a_ready_replica_gets_the_request_at_once_and_nothing_is_held() -> None:
    async def play() -> None:
        async with stage(max_held=1, max_body_bytes=1) as waker, replica(echo) as pod:
            waker.fleets.become_ready(pod)
            status, body = await waker.ask(data=PROMPT)
            assert (status, orjson.loads(body)["body"].encode()) == (200, PROMPT)

    asyncio.run(play())


@pytest.mark.parametrize("ready_before", [True, False], ids=["ready at once", "held first"])
def test_an_answer_streams_piece_by_piece(ready_before: bool) -> None:  # noqa: FBT001 - a case
    async def play() -> None:
        received = asyncio.Event()

        async def stream(request: web.BaseRequest) -> web.StreamResponse:
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await answer.prepare(request)
            await answer.write(b"data: 1\n\n")
            await received.wait()  # the second piece comes only after the client has the first
            await answer.write(b"data: [DONE]\n\n")
            return answer

        async with stage() as waker, replica(stream) as pod:
            if ready_before:
                waker.fleets.become_ready(pod)
            asked = asyncio.create_task(waker.client.post(f"{waker.url}/v1/completions", data=PROMPT))
            if not ready_before:
                await waker.holds(1)
                waker.fleets.become_ready(pod)
            async with asyncio.timeout(PATIENCE_SECONDS), await asked as answer:
                assert answer.headers["Content-Type"] == "text/event-stream"
                assert await answer.content.readany() == b"data: 1\n\n"
                assert waker.book.counts == {}  # it streams, and waits no more
                received.set()
                assert await answer.content.read() == b"data: [DONE]\n\n"

    asyncio.run(play())


def test_a_body_streams_to_a_ready_replica_and_has_no_bound_there() -> None:
    async def play() -> None:
        begun = asyncio.Event()

        async def count(request: web.BaseRequest) -> web.Response:
            total = len(await request.content.readany())
            begun.set()
            async for chunk in request.content.iter_any():
                total += len(chunk)
            return web.Response(text=str(total))

        async def pieces() -> AsyncIterator[bytes]:
            yield b"x"
            await begun.wait()  # the replica reads while the client has yet to send
            for _ in range(64):
                yield b"x" * 65536

        async with stage(max_body_bytes=100) as waker, replica(count) as pod:
            waker.fleets.become_ready(pod)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await waker.ask(data=pieces()) == (200, str(1 + 64 * 65536).encode())

    asyncio.run(play())


def test_a_compressed_answer_stays_compressed() -> None:
    async def play() -> None:
        async def zipped(_: web.BaseRequest) -> web.Response:
            return web.Response(body=b"not really gzip", headers={"Content-Encoding": "gzip"})

        async with stage() as waker, replica(zipped) as pod:
            waker.fleets.become_ready(pod)
            assert await waker.ask(data=PROMPT) == (200, b"not really gzip")

    asyncio.run(play())


def test_an_error_of_the_replica_is_the_clients_to_read() -> None:
    async def play() -> None:
        async def redirect(_: web.BaseRequest) -> web.Response:
            return web.Response(status=307, headers={"Location": "http://example.invalid/"}, body=b"there")

        async with stage() as waker, replica(redirect) as pod:
            waker.fleets.become_ready(pod)
            assert await waker.ask(data=PROMPT, allow_redirects=False) == (307, b"there")

    asyncio.run(play())


def test_every_answer_ends_its_connection() -> None:
    head = (
        b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
    )

    async def play() -> None:
        async with stage(max_held=1) as waker, replica(echo) as pod:
            waker.fleets.become_ready(pod)
            passed = await exchange(waker.port, head, head)  # the second must get no answer
            waker.fleets.stand(Standing("uid", "2", shut=Shut("fleet_suspended", "is suspended.")))
            waker.fleets.become_ready()
            refused = await exchange(waker.port, head)
            models = await exchange(waker.port, b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        for answer, status in ((passed, b"200"), (refused, b"503"), (models, b"200")):
            assert answer.startswith(b"HTTP/1.1 " + status)
            assert answer.count(b"HTTP/1.1") == 1
            assert b"\r\nConnection: close\r\n" in answer

    asyncio.run(play())


def test_a_client_that_waits_for_100_continue_is_told_to_go_on_when_its_body_may_be_held() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"

    async def play() -> None:
        async with stage(max_body_bytes=10) as waker, replica(echo) as pod:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection(HOST, waker.port)
                writer.write(head % 2)
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b"{}")
                await until(lambda: waker.book.held_bytes == 2)
                waker.fleets.become_ready(pod)
                answer = await reader.read()
                writer.close()
            assert answer.startswith(b"HTTP/1.1 200")
            assert b'"body":"{}"' in answer
            assert b"expect" not in answer
            waker.fleets.become_ready()
            assert (await exchange(waker.port, head % 11)).startswith(b"HTTP/1.1 413")

    asyncio.run(play())


def test_a_chunked_body_is_held_and_passed_on_whole() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def play() -> None:
        async with stage() as waker, replica(echo) as pod:
            asked = asyncio.create_task(
                exchange(waker.port, request, b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")
            )
            await until(lambda: waker.book.held_bytes == 5)
            waker.fleets.become_ready(pod)
            assert b'"body":"abcde"' in await asked
            assert waker.book.held_bytes == 0

    asyncio.run(play())


def test_a_body_that_is_no_http_is_refused() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def play() -> None:
        async with stage() as waker:
            asked = asyncio.create_task(exchange(waker.port, request, b"zz\r\nabc\r\n"))
            assert b" 400 Bad Request\r\n" in await asked
            assert waker.book.counts == {}

    asyncio.run(play())


def test_a_client_that_goes_away_is_counted_no_more() -> None:
    async def play() -> None:
        async with stage() as waker:
            staying, leaving = waker.ask(data=PROMPT), waker.ask(data=PROMPT)
            await waker.holds(2)
            leaving.cancel()
            await waker.holds(1)
            assert waker.book.held_bytes == len(PROMPT)
            staying.cancel()
            await waker.holds(0)
            assert waker.book.held_bytes == 0

    asyncio.run(play())


def test_a_client_that_goes_away_ends_its_request_at_the_replica() -> None:
    async def play() -> None:
        ended = asyncio.Event()

        async def endless(request: web.BaseRequest) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(b"data: 1\n\n")
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
            return answer

        async with stage() as waker, replica(endless) as pod:
            waker.fleets.become_ready(pod)
            async with waker.client.post(f"{waker.url}/v1/completions", data=PROMPT) as answer:
                await answer.content.readany()
                answer.close()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await ended.wait()

    asyncio.run(play())


def test_an_answer_that_breaks_off_does_not_look_whole() -> None:
    async def play() -> None:
        async def broken(request: web.BaseRequest) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(b"data: 1\n\n")
            assert request.transport is not None
            request.transport.close()
            await asyncio.Event().wait()
            return answer

        async with stage() as waker, replica(broken) as pod:
            waker.fleets.become_ready(pod)
            async with waker.client.post(f"{waker.url}/v1/completions", data=PROMPT) as answer:
                assert answer.status == 200
                with pytest.raises(aiohttp.ClientPayloadError):
                    await answer.read()

    asyncio.run(play())


@contextmanager
def closed_port() -> Iterator[Pod]:
    """An address at which nobody listens, and whose port nobody else is given."""
    with reserved_port() as port:
        yield Pod(HOST, port)


def test_a_replica_that_refuses_the_connection_is_passed_over_for_another() -> None:
    async def play(dead: Pod) -> None:
        async with stage() as waker, replica(echo) as pod:
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            waker.fleets.become_ready(dead, pod)
            assert (await asked)[0] == 200
            assert (await waker.ask(data=PROMPT))[0] == 200  # one that is not held first, likewise

    with closed_port() as dead:
        asyncio.run(play(dead))


def test_a_request_waits_on_while_the_only_ready_replica_refuses_connections() -> None:
    async def play(dead: Pod) -> None:
        async with stage() as waker:
            waker.fleets.become_ready(dead)
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            async with replica(echo) as pod:
                waker.fleets.become_ready(dead, pod)
                assert (await asked)[0] == 200

    with closed_port() as dead:
        asyncio.run(play(dead))


def test_a_replica_that_took_the_request_and_left_is_not_asked_again() -> None:
    async def play() -> None:
        times = 0

        async def leave(request: web.BaseRequest) -> web.StreamResponse:
            nonlocal times
            times += 1
            await request.read()
            assert request.transport is not None
            request.transport.close()
            await asyncio.Event().wait()
            raise AssertionError

        async with stage() as waker, replica(leave) as pod:
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            waker.fleets.become_ready(pod)
            status, body = await asked
            assert (status, orjson.loads(body)["error"]["code"], times) == (502, "replica_gone", 1)

    asyncio.run(play())


def test_a_replica_may_have_an_address_of_ipv6() -> None:
    async def play() -> None:
        async with stage() as waker, replica(echo, host="::1") as pod:
            waker.fleets.become_ready(pod)
            status, body = await waker.ask("/v1/completions?n=1", data=PROMPT)
            assert (status, orjson.loads(body)["target"]) == (200, "/v1/completions?n=1")

    asyncio.run(play())


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_no_request_is_sent_twice_whatever_its_method(method: str) -> None:
    """The client of aiohttp would try a GET or DELETE again by itself."""

    async def play() -> None:
        times = 0

        async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal times
            times += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

        async with stage() as waker, await asyncio.start_server(leave, HOST, 0) as server:
            waker.fleets.become_ready(Pod(HOST, server.sockets[0].getsockname()[1]))
            status, body = await waker.ask(method=method)
            assert (status, orjson.loads(body)["error"]["code"], times) == (502, "replica_gone", 1)

    asyncio.run(play())


def test_requests_spread_over_the_replicas_that_are_ready() -> None:
    async def play() -> None:
        release, seen = asyncio.Event(), [0, 0]

        def counting(number: int):  # noqa: ANN202 - a handler
            async def answer(_: web.BaseRequest) -> web.Response:
                seen[number] += 1
                await release.wait()
                return web.Response(text="done")

            return answer

        async with stage() as waker, replica(counting(0)) as one, replica(counting(1)) as other:
            asked = [waker.ask(data=PROMPT) for _ in range(6)]
            await waker.holds(6)
            waker.fleets.become_ready(one, other)
            await until(lambda: sum(seen) == 6)
            release.set()
            await asyncio.gather(*asked)
            assert seen == [3, 3]

    asyncio.run(play())


@pytest.mark.parametrize("path", ["/health", "/metrics", "/ping", "/version", "/load"])
def test_a_monitor_wakes_nothing(path: str) -> None:
    async def play() -> None:
        async with stage() as waker, replica(echo) as pod:
            async with waker.client.get(waker.url + path) as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (503, "fleet_asleep")
                assert int(answer.headers["Retry-After"]) > 0
            assert waker.book.counts == {}
            waker.fleets.become_ready(pod)
            assert (await waker.ask(path, method="GET"))[0] == 200  # the replica speaks for itself

    asyncio.run(play())


def test_the_menu_of_a_chat_page_is_answered_without_waking() -> None:
    async def play() -> None:
        async with stage() as waker:
            status, body = await waker.ask("/v1/models", method="GET")
            assert status == 200
            model = {"id": "scout", "object": "model", "created": 1_700_000_000, "owned_by": "llamafleet"}
            assert orjson.loads(body) == {"object": "list", "data": [model]}

    asyncio.run(play())


@pytest.mark.parametrize(
    "target",
    ["*", "http://example.invalid:80/", "//example.invalid/", "/@example.invalid/", "/\\example.invalid"],
)
def test_a_request_goes_nowhere_but_to_the_fleet(target: str) -> None:
    async def play() -> None:
        async with stage() as waker, replica(echo) as pod:
            waker.fleets.become_ready(pod)
            request = f"OPTIONS {target} HTTP/1.1\r\nHost: example.invalid\r\n\r\n".encode()
            answer = await exchange(waker.port, request)
            assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400", b"HTTP/1.0 400"))

    asyncio.run(play())


def test_a_port_of_no_fleet_says_so() -> None:
    async def play() -> None:
        async with stage() as waker:
            waker.fleets.ports.name(FLEET, None, 0.0)
            status, body = await waker.ask(data=PROMPT)
            assert (status, orjson.loads(body)["error"]["code"]) == (503, "no_fleet")

    asyncio.run(play())


def test_requests_of_one_fleet_never_reach_another() -> None:
    async def play() -> None:
        async with stage() as waker, replica(echo) as pod:
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            waker.fleets.become_ready(pod, fleet=Key("team-b", "scout"))
            waker.fleets.tell()
            await asyncio.sleep(0)
            assert not asked.done()
            await waker.holds(1)
            asked.cancel()

    asyncio.run(play())
