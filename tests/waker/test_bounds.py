"""Past a bound, and where no replica will come, a client gets a clear answer; nothing is lost silently."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from aiohttp import web

from llamafleet.api.observed import Key
from llamafleet.waker import body, doors
from llamafleet.waker.slices import Pod
from llamafleet.waker.standing import Shut, Standing
from testbed.processes import reserved_port
from waker.stage import FLEET, HOST, PATIENCE_SECONDS, echo, exchange, replica, stage, told, until

PROMPT = b'{"prompt": "hi"}'


@pytest.mark.parametrize("bounds", [{"max_held": 1}, {"max_held_per_fleet": 1}], ids=["in all", "per fleet"])
def test_no_more_are_held_than_may_be(bounds: dict[str, int]) -> None:
    async def play() -> None:
        async with stage(**bounds) as waker, replica(echo) as pod:
            held = waker.ask(data=PROMPT)
            await waker.holds(1)
            waker.fleets.stand(Standing("uid", "2", cold_start_seconds=180))
            status, code, message, retry = await told(waker, data=PROMPT)
            assert (status, code) == (503, "too_many_waiting")
            assert "team-a/scout" in message
            assert 170 <= int(retry or 0) <= 180  # the rest of its usual start
            assert waker.refused("too_many_waiting") == 1
            waker.fleets.become_ready(pod)
            assert (await held)[0] == 200

    asyncio.run(play())


def test_the_bodies_of_all_together_are_bounded_and_what_is_refused_is_given_back() -> None:
    async def play() -> None:
        async with stage(max_held_bytes=100) as waker:
            held = waker.ask(data=b"x" * 60)
            await until(lambda: waker.book.held_bytes == 60)
            status, code, *_ = await told(waker, data=b"x" * 41)
            assert (status, code) == (503, "too_many_waiting")
            await waker.holds(1)
            assert waker.book.held_bytes == 60
            held.cancel()
            await until(lambda: waker.book.held_bytes == 0)

    asyncio.run(play())


def test_a_body_that_waits_on_after_a_refused_connection_counts_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Twice its size would be more than may be held."""
    caplog.set_level(logging.INFO)

    async def play(dead: Pod) -> None:
        async with stage(max_body_bytes=1000, max_held_bytes=1000) as waker:
            asked = waker.ask(data=b"x" * 600)
            await waker.holds(1)
            waker.fleets.become_ready(dead)
            # While it is refused nothing is held, which lasts too short a time to be seen. The log keeps it.
            await until(lambda: "no connection to a ready replica" in caplog.text)
            await waker.holds(1)
            assert waker.book.held_bytes == 600
            async with replica(echo) as pod:
                waker.fleets.become_ready(pod)
                assert (await asked)[0] == 200
            assert waker.book.held_bytes == 0

    with reserved_port() as port:  # bound, and nobody listens
        asyncio.run(play(Pod(HOST, port)))


def test_a_body_that_was_sent_takes_no_room_while_its_answer_streams() -> None:
    async def play() -> None:
        sent, more = asyncio.Event(), asyncio.Event()

        async def stream(request: web.BaseRequest) -> web.StreamResponse:
            assert await request.read() == b"x" * 600
            answer = web.StreamResponse()
            await answer.prepare(request)
            await answer.write(b"one")
            sent.set()
            await more.wait()
            await answer.write(b"two")
            return answer

        async with stage() as waker, replica(stream) as pod:
            asked = waker.ask(data=b"x" * 600)
            await waker.holds(1)
            await until(lambda: waker.book.held_bytes == 600)
            waker.fleets.become_ready(pod)
            await sent.wait()
            await until(lambda: waker.book.held_bytes == 0)
            more.set()
            assert await asked == (200, b"onetwo")
            assert waker.book.held_bytes == 0

    asyncio.run(play())


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_CONNECTIONS", 2)

    async def play() -> None:
        async with stage() as waker:
            silent = [await asyncio.open_connection(HOST, waker.port) for _ in range(2)]
            refused = await exchange(waker.port)
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in refused
            assert orjson.loads(refused.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_many_connections"
            assert waker.refused("too_many_connections") == 1
            for _, writer in silent:
                writer.close()
            async with asyncio.timeout(PATIENCE_SECONDS), replica(echo) as pod:
                waker.fleets.become_ready(pod)
                while (await waker.ask(method="GET"))[0] != 200:
                    await asyncio.sleep(0.01)

    asyncio.run(play())


def test_what_is_no_http_is_answered_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It may be a secret, and anybody could fill the log with it."""

    async def play() -> None:
        async with stage() as waker:
            head = b"POST /v1/completions HTTP/1.1\r\nHost: scout\r\nAuthorization: Bearer s\0cret\r\n\r\n"
            assert (await exchange(waker.port, head)).startswith(b"HTTP/1.0 400 ")

    asyncio.run(play())
    assert not caplog.records


@pytest.mark.parametrize("chunked", [False, True], ids=["as announced", "chunk by chunk"])
def test_a_body_that_is_too_large_is_refused(chunked: bool) -> None:  # noqa: FBT001 - a case
    async def play() -> None:
        async def pieces():  # noqa: ANN202 - a body
            for _ in range(11):
                yield b"x"

        async with stage(max_body_bytes=10) as waker:
            status, code, _, retry = await told(waker, data=pieces() if chunked else b"x" * 11)
            assert (status, code, retry) == (413, "request_too_large", None)
            assert waker.book.counts == {}
            assert waker.book.held_bytes == 0

    asyncio.run(play())


def test_a_body_that_dribbles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "ARRIVAL_SECONDS", 0.05)

    async def play() -> None:
        async with stage() as waker:
            answer = await exchange(waker.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
            assert answer.startswith(b"HTTP/1.1 408")
            assert b'"code":"request_timeout"' in answer

    asyncio.run(play())


def test_nobody_is_held_for_longer_than_the_bound() -> None:
    async def play() -> None:
        async with stage(hold_seconds=1) as waker:
            waker.fleets.stand(Standing("uid", "2", cold_start_seconds=180))
            status, code, message, retry = await told(waker, data=PROMPT)
            assert (status, code) == (503, "not_ready_in_time")
            assert message == "No replica of team-a/scout became ready within 1 s. Try again later."
            assert 170 <= int(retry or 0) <= 180
            assert waker.book.counts == {}

    asyncio.run(play())


IN_AN_HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("shut", "retry"),
    [
        (Shut("fleet_suspended", "is suspended by its owner."), range(300, 301)),
        (Shut("budget_exhausted", "has no budget left to run on.", retry_seconds=3600), range(3600, 3601)),
    ],
    ids=["suspended", "no money"],
)
def test_a_fleet_that_will_not_come_refuses_at_once(shut: Shut, retry: range) -> None:
    async def play() -> None:
        async with stage() as waker:
            waker.fleets.stand(Standing("uid", "2", shut=shut))
            status, code, message, seconds = await told(waker, data=PROMPT)
            assert (status, code, message) == (503, shut.code, f"team-a/scout {shut.why}")
            assert int(seconds or 0) in retry
            assert waker.refused(shut.code) == 1

    asyncio.run(play())


def test_a_closed_fleet_says_when_it_opens() -> None:
    async def play() -> None:
        async with stage() as waker:
            shut = Shut("fleet_closed", "is closed.", datetime.now(UTC) + IN_AN_HOUR)
            waker.fleets.stand(Standing("uid", "2", shut=shut))
            *_, retry = await told(waker, data=PROMPT)
            assert 3590 <= int(retry or 0) <= 3601

    asyncio.run(play())


def test_who_waits_is_told_when_the_fleet_closes_meanwhile() -> None:
    async def play() -> None:
        async with stage() as waker:
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            shut = Shut("fleet_closed", "is closed.", datetime.now(UTC) + IN_AN_HOUR)
            waker.fleets.stand(Standing("uid", "2", shut=shut))
            status, answer = await asked
            assert (status, orjson.loads(answer)["error"]["code"]) == (503, "fleet_closed")

    asyncio.run(play())


def test_a_fleet_that_warms_up_for_its_window_holds_requests_if_that_is_soon() -> None:
    async def play() -> None:
        async with stage(hold_seconds=600) as waker:
            soon = Shut("fleet_closed", "is closed.", datetime.now(UTC) + timedelta(minutes=5), warming=True)
            waker.fleets.stand(Standing("uid", "2", shut=soon))
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            asked.cancel()
            late = Shut("fleet_closed", "is closed.", datetime.now(UTC) + timedelta(minutes=15), warming=True)
            waker.fleets.stand(Standing("uid", "3", shut=late))
            assert (await told(waker, data=PROMPT))[1] == "fleet_closed"

    asyncio.run(play())


def test_a_fleet_without_its_resource_says_so() -> None:
    async def play() -> None:
        async with stage() as waker:
            del waker.fleets.known[FLEET]
            status, code, message, _ = await told(waker, data=PROMPT)
            assert (status, code) == (503, "no_fleet")
            assert message == "There is no LlamaDeployment team-a/scout."

    asyncio.run(play())


def test_a_waker_that_leaves_tells_everybody_who_waits_even_those_still_sending() -> None:
    async def play() -> None:
        async with stage() as waker:
            asked = waker.ask(data=PROMPT)
            sending = asyncio.create_task(
                exchange(waker.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
            )
            await waker.holds(2)
            waker.book.leave()
            status, answer = await asked
            assert (status, orjson.loads(answer)["error"]["code"]) == (503, "waker_stopping")
            assert b'"code":"waker_stopping"' in await sending
            *_, code, _, retry = await told(waker, data=PROMPT)
            assert (code, retry) == ("waker_stopping", "1")

    asyncio.run(play())


def test_the_counts_are_those_of_each_fleet() -> None:
    async def play() -> None:
        async with stage() as waker:
            other = Key("team-b", "scout")
            asked = waker.ask(data=PROMPT)
            await waker.holds(1)
            assert waker.book.counts == {FLEET: 1}
            assert waker.book.counts[other] == 0
            value = waker.metrics.registry.get_sample_value
            assert value("llamafleet_waker_held_requests", {"namespace": "team-a", "name": "scout"}) == 1
            assert value("llamafleet_waker_held_bytes") == len(PROMPT)
            asked.cancel()
            await waker.holds(0)
            assert value("llamafleet_waker_held_requests", {"namespace": "team-a", "name": "scout"}) is None

    asyncio.run(play())
