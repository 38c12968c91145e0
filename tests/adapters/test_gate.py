"""Who is told to wait tells everybody else: what the API server asks for, in which form, and for how long."""

import asyncio
from typing import Any

import orjson
import pytest

from llamafleet.adapters.gate import LONGEST_SECONDS, PATIENCE_SECONDS, SPREAD_SECONDS, USUAL_SECONDS, Gate
from llamafleet.errors import Throttled
from reconcile.jumping import tell

NOON, LATER = "Sat, 21 Nov 2026 12:00:00 GMT", "Sat, 21 Nov 2026 12:00:20 GMT"


def now() -> float:
    return asyncio.get_running_loop().time()


def told(status: int, headers: dict[str, str] | None = None, body: Any = b"") -> float | None:
    """For how long an answer shuts a new gate; None: it does not."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)

    async def story() -> float | None:
        try:
            Gate().heed(status, headers or {}, content, "GET /pods")
        except Throttled as error:
            return error.retry_after
        return None

    return tell(story())


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        pytest.param(429, {"Retry-After": "3"}, b"", 3, id="seconds"),
        pytest.param(429, {"Retry-After": "0"}, b"", 0, id="no seconds at all"),
        pytest.param(
            429, {"Retry-After": LATER, "Date": NOON}, b"", 20, id="a date, by the server's own clock"
        ),
        pytest.param(429, {"Retry-After": NOON, "Date": LATER}, b"", 0, id="a date that has passed"),
        pytest.param(429, {"Retry-After": "9999999"}, b"", LONGEST_SECONDS, id="a hundred days"),
        pytest.param(429, {}, {"details": {"retryAfterSeconds": 7}}, 7, id="in the body only"),
        pytest.param(429, {}, b"", USUAL_SECONDS, id="nothing"),
        pytest.param(429, {"Retry-After": "soon"}, b"<html>", USUAL_SECONDS, id="nonsense"),
        pytest.param(429, {"Retry-After": "-5"}, b"[]", USUAL_SECONDS, id="a negative number"),
        pytest.param(429, {"Retry-After": "nan"}, {"details": []}, USUAL_SECONDS, id="no number"),
        pytest.param(429, {"Retry-After": "١٢"}, b"", USUAL_SECONDS, id="digits of another script"),
        pytest.param(429, {"Retry-After": LATER[:-4], "Date": NOON}, b"", USUAL_SECONDS, id="no zone"),
        pytest.param(503, {"Retry-After": "3"}, b"", 3, id="a 503 with a time"),
    ],
)
def test_the_gate_shuts_for_as_long_as_the_answer_says_and_up_to_a_half_more(
    status: int, headers: dict[str, str], body: Any, seconds: float
) -> None:
    pause = told(status, headers, body)
    assert pause is not None
    assert seconds <= pause <= 1.5 * seconds


@pytest.mark.parametrize(
    ("status", "headers"), [(503, {}), (500, {"Retry-After": "3"}), (200, {}), (404, {})]
)
def test_other_answers_do_not_shut_it(status: int, headers: dict[str, str]) -> None:
    assert told(status, headers) is None


def test_a_date_without_the_servers_own_is_read_by_our_clock() -> None:
    assert told(429, {"Retry-After": "Sat, 21 Nov 2099 12:00:00 GMT"}) >= LONGEST_SECONDS
    assert told(429, {"Retry-After": "Sat, 21 Nov 2020 12:00:00 GMT"}) == 0


def test_the_servers_own_words_are_told() -> None:
    async def story() -> None:
        with pytest.raises(Throttled, match=r"^GET /pods: HTTP 429: too many$"):
            Gate().heed(429, {}, orjson.dumps({"message": "too many"}), "GET /pods")
        with pytest.raises(Throttled, match=r"HTTP 429: Too many requests, please try again later\."):
            Gate().heed(429, {}, b"Too many requests, please try again later.\n", "GET /pods")

    tell(story())


def test_everybody_waits_at_a_shut_gate_and_goes_through_soon_after_it_opens_but_not_at_once() -> None:
    async def story() -> None:
        gate, passed = Gate(), list[float]()
        with pytest.raises(Throttled) as caught:
            gate.heed(429, {"Retry-After": "2"}, b"", "GET /pods")
        opens = caught.value.retry_after

        async def one() -> None:
            waited = await gate.passed("GET /pods")
            assert waited == pytest.approx(now())
            passed.append(now())

        await asyncio.gather(*(one() for _ in range(50)))
        assert opens <= min(passed) < max(passed) <= opens + SPREAD_SECONDS
        assert len(set(passed)) > 40
        assert await gate.passed("GET /pods") == 0

    tell(story())


def test_who_has_no_patience_is_sent_away_with_the_time_that_is_left() -> None:
    async def story() -> None:
        gate = Gate()
        with pytest.raises(Throttled) as refused:
            gate.heed(429, {"Retry-After": "20"}, b"", "GET /pods")
        await asyncio.sleep(10)
        with pytest.raises(Throttled, match="not sent") as away:
            await gate.passed("apply of /pods")
        assert now() == 10, "at once"
        assert away.value.retry_after == pytest.approx(refused.value.retry_after - 10)
        await gate.passed("watch of /pods", float("inf"))
        assert now() >= refused.value.retry_after
        assert PATIENCE_SECONDS < 10

    tell(story())


def test_the_later_of_two_times_counts() -> None:
    async def story() -> None:
        gate = Gate()
        for seconds in ("20", "1"):
            with pytest.raises(Throttled):
                gate.heed(429, {"Retry-After": seconds}, b"", "GET /pods")
        await gate.passed("GET /pods", float("inf"))
        assert now() >= 20

    tell(story())


def test_a_storm_is_one_line_however_many_it_meets(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        gate = Gate()

        async def one() -> None:
            with pytest.raises(Throttled):
                gate.heed(429, {"Retry-After": "2"}, b"slow down", "GET /pods")

        for _ in range(3):
            await asyncio.gather(*(one() for _ in range(50)))
            await asyncio.sleep(10)
        for _ in range(50):
            with pytest.raises(Throttled):
                gate.heed(429, {"Retry-After": "0"}, b"slow down", "GET /pods")

    tell(story())
    assert len(caplog.messages) == 4
    assert caplog.messages[0].startswith("GET /pods: HTTP 429: slow down; nothing is sent for ")
