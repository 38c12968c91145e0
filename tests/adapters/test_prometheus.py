"""What a Prometheus says of pods, over real HTTP on loopback; and answers that are none."""

import asyncio
import logging
import time
from collections.abc import Mapping
from urllib.parse import parse_qs

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.servers import (
    Talk,
    answering,
    end_in_the_middle,
    hang_in_the_middle,
    never_answer,
    never_end,
    redirecting_to,
    say_nothing,
    serving,
)
from builders import pod
from llamafleet.adapters import prometheus
from llamafleet.adapters.exposition import RUNNING, SERIES, WAITING
from llamafleet.adapters.prometheus import ANSWER_BYTES, Prometheus, query, readings
from llamafleet.api.observed import Load

NOW = 1_795_225_759.3
UIDS = {"llama-a": "uid-a", "llama-b": "uid-b"}


@pytest.fixture(autouse=True)
def no_deadline_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers has time, but for the test of the deadline, which sets one."""
    monkeypatch.setattr(prometheus, "SECONDS", 60.0)


def series(name: str, *samples: tuple[float, str], pod: str = "llama-a", **labels: str) -> dict[str, object]:
    """One series in the form of a matrix, with samples at so many seconds from now."""
    return {
        "metric": {"__name__": name, "namespace": "llamas", "pod": pod, "engine": "0", **labels},
        "values": [[NOW + seconds, value] for seconds, value in samples],
    }


def answer(*result: Mapping[str, object]) -> bytes:
    return orjson.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def queue(running: str, waiting: str, at: float = 0.0, **labels: str) -> tuple[dict[str, object], ...]:
    return series(RUNNING, (at, running), **labels), series(WAITING, (at, waiting), **labels)


def test_the_query_names_the_pods_and_the_series() -> None:
    assert query("team-a", ["llama-b-1", "llama-3.1-a"]) == (
        '{__name__=~"' + "|".join(SERIES) + '",namespace="team-a",pod=~"llama-3[.]1-a|llama-b-1"}[60s]'
    )


class TestReadings:
    """From an answer to a reading for each pod."""

    def test_the_last_sample_counts(self) -> None:
        said = answer(
            series(RUNNING, (-30, "1"), (-15, "2"), (0, "3")),
            series(WAITING, (-30, "9"), (-15, "8"), (0, "7")),
        )
        assert readings(said, UIDS) == {"uid-a": Load(3, 7)}

    def test_engines_are_added_up_and_pods_are_not(self) -> None:
        said = answer(*queue("1", "2"), *queue("3", "4", engine="1"), *queue("5", "6", pod="llama-b"))
        assert readings(said, UIDS) == {"uid-a": Load(4, 6), "uid-b": Load(5, 6)}

    def test_a_pod_that_two_jobs_scrape_counts_once_as_the_later_one_says(self) -> None:
        early, late = queue("1", "2", at=-3.0, job="one"), queue("3", "4", at=-1.0, job="another")
        assert readings(answer(*early, *late), UIDS) == readings(answer(*late, *early), UIDS)
        assert readings(answer(*early, *late), UIDS) == {"uid-a": Load(3, 4)}
        assert readings(answer(*queue("3", "4", job="one"), *queue("3", "4", job="b")), UIDS) == {
            "uid-a": Load(3, 4)
        }

    def test_what_a_server_said_under_another_name_is_past(self) -> None:
        before, now = queue("5", "5", at=-15.0, model_name="old"), queue("1", "0", model_name="new")
        assert readings(answer(*before, *now), UIDS) == {"uid-a": Load(1, 0)}

    def test_a_series_that_ended_before_the_last_scrape_is_no_part_of_it(self) -> None:
        said = answer(series(RUNNING, (0, "3")), series(WAITING, (-15, "7")))
        assert readings(said, UIDS) == {}

    @pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "0.5", "many", "1e300", ""])
    def test_a_pod_with_an_absurd_number_is_missing_and_the_others_are_not(self, value: str) -> None:
        said = answer(*queue(value, "2"), *queue("5", "6", pod="llama-b"))
        assert readings(said, UIDS) == {"uid-b": Load(5, 6)}

    def test_pods_that_nobody_asked_for_are_left_out(self) -> None:
        nameless = {"metric": {"__name__": RUNNING}, "values": [[NOW, "1"]]}
        assert readings(answer(nameless, *queue("1", "2", pod="stranger")), UIDS) == {}

    @given(st.binary(max_size=100), st.integers(0, 400))
    def test_garbage_is_refused_in_one_way(self, garbage: bytes, where: int) -> None:
        good = answer(*queue("1", "2"))
        for said in (garbage, good[:where] + garbage + good[where:]):
            try:
                found = readings(said, UIDS)
            except ValueError:
                continue
            assert set(found) <= {"uid-a"}


REFUSED = {
    "nothing": b"",
    "a page": b"<html>Prometheus</html>",
    "null": b"null",
    "an error": b'{"status":"error","errorType":"bad_data","error":"parse error"}',
    "an instant vector": b'{"status":"success","data":{"resultType":"vector","result":[]}}',
    "values that are none": answer({"metric": {"pod": "llama-a"}, "values": [[NOW, 1]]}),
    "values without a time": answer({"metric": {"pod": "llama-a"}, "values": [["1"]]}),
    "a time that is none": answer({"metric": {"pod": "llama-a"}, "values": [["NaN", "1"]]}),
    "labels that are none": answer({"metric": {"pod": 7}, "values": []}),
    "half an answer": answer(*queue("1", "2"))[:-20],
}


@pytest.mark.parametrize("said", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_answer(said: bytes) -> None:
    with pytest.raises(ValueError, match="an answer that is none: "):
        readings(said, UIDS)


def asked(talk: Talk, *, path: str = "") -> Mapping[str, Load]:
    """What comes of asking a Prometheus behind this."""

    async def story() -> Mapping[str, Load]:
        async with serving(talk) as (port, (address,)):
            ours = Prometheus(f"http://{address}:{port}{path}")
            pods = [pod(name=name, uid=uid, ready=True) for name, uid in UIDS.items()]
            return await ours.of("llamas", [*pods, pod(name="llama-c", uid="uid-c")])

    return asyncio.run(story())


GOOD = answer(*queue("1", "2"))


@pytest.mark.parametrize("path", ["", "/", "/prometheus", "/prometheus/"])
def test_one_plain_question_is_posted(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It carries no credential, goes through no proxy of the environment, and asks for ready pods only."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    heard: list[str] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.splitlines() if line.startswith("Content-Length: "))
        heard.extend([head, (await reader.readexactly(int(length.split()[1]))).decode()])
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(GOOD)}\r\n\r\n".encode() + GOOD)

    assert asked(listen, path=path) == {"uid-a": Load(1, 2)}
    head, form = heard
    assert head.startswith(f"POST {path.rstrip('/')}/api/v1/query HTTP/1.1\r\n")
    assert "Authorization" not in head
    assert parse_qs(form) == {"query": [query("llamas", UIDS)]}


STRANGE: Mapping[str, Talk] = {
    "it hangs up": say_nothing,
    "it never answers": never_answer,
    "it ends in the middle": end_in_the_middle,
    "it stops in the middle": hang_in_the_middle,
    "it never ends": never_end,
    "it is no HTTP": answering(GOOD, "SSH-2.0-OpenSSH_9.2"),
    "it is too long": answering(GOOD + b" " * (ANSWER_BYTES + 1 - len(GOOD))),
    "it refuses": answering(GOOD, "403 Forbidden"),
    "it is overloaded": answering(b'{"status":"error","errorType":"timeout","error":"late"}', "503 Busy"),
    "it says nothing": answering(b""),
    "it says something else": answering(b"<html>Prometheus</html>"),
    "it leads elsewhere": redirecting_to("127.0.0.3", 9),
}


@pytest.mark.parametrize("talk", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_answer_is_no_reading_and_comes_in_time(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(prometheus, "SECONDS", 0.5)
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        assert asked(talk) == {}
    assert time.monotonic() - started < 10.0, "and none of these ends by itself"
    (line,) = caplog.messages
    assert "/api/v1/query gives no readings: " in line
    assert not line.endswith(": ")


def test_nobody_is_told_twice_until_it_answered_again(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([b"no", b"no", GOOD, b"no"])

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(next(answers))(reader, writer)

    async def story() -> None:
        async with serving(talk) as (port, (address,)):
            ours = Prometheus(f"http://{address}:{port}")
            for _ in range(4):
                await ours.of("llamas", [pod(name="llama-a", uid="uid-a", ready=True)])

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    assert len(caplog.messages) == 2


def test_without_a_ready_pod_nobody_is_asked() -> None:
    assert asyncio.run(Prometheus("http://127.0.0.1:1").of("llamas", [pod(name="llama-a")])) == {}
