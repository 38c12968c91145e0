"""What the wakers hold, over real HTTP; and what is no reading."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.adapters import waker as waker_module
from llamafleet.adapters.asking import open_session
from llamafleet.adapters.waker import BODY_BYTES, SECONDS, Waker, parse
from llamafleet.api.observed import Key

SCOUT, MAVERICK = Key("team-a", "scout"), Key("team-b", "maverick")


@pytest.fixture(autouse=True)
def no_deadline_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers has time, but for the tests that are about time."""
    monkeypatch.setattr(waker_module, "SECONDS", 60.0)


class Server:
    """Wakers at several addresses of this machine, all on one port: what each says, by its address."""

    def __init__(self, *addresses: str) -> None:
        """Nothing is held at any of them."""
        self.says: dict[str, Any] = dict.fromkeys(addresses, b"{}")
        self.asked: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        address = request.transport.get_extra_info("sockname")[0]
        self.asked.append(address)
        said = self.says[address]
        if isinstance(said, web.Response):
            return said
        if said == "silence":
            await asyncio.Event().wait()
        return web.Response(body=said, content_type="application/json")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Server"]:
        app = web.Application()
        app.router.add_get("/held", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", 0).start()  # noqa: S104 - every loopback address is one waker
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


A, B = "127.0.0.1", "127.0.0.2"


async def looks(server: Server, *rounds: dict[str, Any]) -> tuple[Waker, list[Key]]:
    """One look for each round of answers; the fleets that were called for."""
    changed: list[Key] = []
    async with server.serving(), open_session("application/json") as session:
        waker = Waker(lambda: sorted(server.says), changed.append, server.port)
        for answers in rounds:
            server.says |= answers
            await waker.look(session)
        return waker, changed


def said(**counts: int) -> bytes:
    """What is held of scout and maverick."""
    known = {"scout": "team-a/scout", "maverick": "team-b/maverick"}
    return orjson.dumps({known[name]: count for name, count in counts.items()})


def test_what_all_wakers_hold_is_added_up() -> None:
    waker, _ = asyncio.run(looks(Server(A, B), {A: said(scout=3, maverick=1), B: said(scout=4)}))
    assert (waker.held(SCOUT), waker.held(MAVERICK)) == (7, 1)


def test_of_a_fleet_that_nobody_names_nothing_is_held() -> None:
    waker, _ = asyncio.run(looks(Server(A), {A: said(scout=3)}))
    assert waker.held(MAVERICK) == 0


def test_before_the_first_look_and_without_a_waker_nothing_is_known() -> None:
    assert Waker(tuple, lambda _: None).held(SCOUT) is None
    waker, _ = asyncio.run(looks(Server(), {}))
    assert waker.held(SCOUT) is None


def test_what_only_some_say_is_a_lower_bound_and_never_zero() -> None:
    waker, _ = asyncio.run(looks(Server(A, B), {A: said(scout=3), B: b"oops"}))
    assert (waker.held(SCOUT), waker.held(MAVERICK)) == (3, None)


def test_an_answer_that_is_lost_is_not_remembered() -> None:
    waker, _ = asyncio.run(looks(Server(A), {A: said(scout=3)}, {A: b"oops"}))
    assert waker.held(SCOUT) is None


def test_a_fleet_is_called_for_when_its_first_request_comes_and_not_again_while_some_are_held() -> None:
    rounds = [{A: said(scout=0)}, {A: said(scout=1)}, {A: said(scout=5)}, {A: b"{}"}, {A: said(scout=1)}]
    _, changed = asyncio.run(looks(Server(A), *rounds))
    assert changed == [SCOUT, SCOUT]


def test_a_waker_that_says_nothing_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waker_module, "SECONDS", 3.0)
    waker, changed = asyncio.run(looks(Server(A, B), {A: said(scout=2), B: "silence"}))
    assert (waker.held(SCOUT), changed) == (2, [SCOUT])


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500, body=said(scout=9)),
        web.Response(status=302, headers={"Location": "/held"}),
        web.Response(body=gzip.compress(said(scout=9)), headers={"Content-Encoding": "gzip"}),
        web.Response(body=b'{"team-a/scout": 1' + b" " * BODY_BYTES + b"}"),
    ],
    ids=["an error", "a redirect", "a compressed body", "more than we read"],
)
def test_what_is_no_answer_is_no_reading(answer: web.Response) -> None:
    server = Server(A)
    waker, _ = asyncio.run(looks(server, {A: answer}))
    assert waker.held(SCOUT) is None
    assert server.asked == [A]


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    waker, _ = asyncio.run(looks(Server(A), {A: said(scout=1)}))
    assert waker.held(SCOUT) == 1


def test_it_asks_again_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waker_module, "SECONDS", SECONDS)

    async def story() -> Sequence[str]:
        server = Server(A)
        async with server.serving(), asyncio.timeout(60):
            waker = Waker(lambda: [A], lambda _: None, server.port)
            task = asyncio.create_task(waker.run())
            while len(server.asked) < 3:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return server.asked

    assert asyncio.run(story()) == [A, A, A]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'{"team-a/scout": -1}',
        b'{"team-a/scout": 1.5}',
        b'{"team-a/scout": true}',
        b'{"team-a/scout": "1"}',
        b'{"team-a/scout": null}',
        b'{"team-a/scout": 1e99}',
        b'{"team-a/scout": 1048577}',
        b'{"scout": 1}',
        b'{"team-a/scout/x": 1}',
        b'{"Team-A/scout": 1}',
        b'{"team-a/scout": 1, "/": 2}',
        b'{"team-a/scout": 1',
    ],
)
def test_what_is_no_count_of_requests_by_fleet(body: bytes) -> None:
    assert parse(body) is None


@given(st.binary(max_size=60))
def test_no_garbage_raises(body: bytes) -> None:
    parse(body)


@given(st.dictionaries(st.sampled_from([SCOUT, MAVERICK]), st.integers(0, 2**20)))
def test_what_is_said_is_what_is_read(counts: dict[Key, int]) -> None:
    assert parse(orjson.dumps({str(key): count for key, count in counts.items()})) == counts
