"""From loads to signals: what is known, what is at least so, and what nobody knows."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bodies import RECORDED, body
from builders import ROOT, pod
from llamafleet.adapters.exposition import parse
from llamafleet.api.observed import Load, PodSeen
from llamafleet.planning.scaling.reading import signals
from llamafleet.planning.scaling.signals import Signals

BUSY = Load(4, 6, 1000, 2000, 30, 1, 0.5)
LATER = Load(5, 7, 1500, 2600, 38, 3, 0.75)


def ready(uid: str = "a") -> PodSeen:
    return pod(uid=uid, ready=True, started=True)


def loading(uid: str = "l") -> PodSeen:
    return pod(uid=uid)


def breathless(uid: str = "b") -> PodSeen:
    """It served and is not ready now: nobody reads what it works on."""
    return pod(uid=uid, started=True)


def look(
    *pods: PodSeen, now: dict[str, Load] | None = None, held: int | None = None, wanted: int = 1
) -> Signals | None:
    return signals(pods, now or {}, before={}, seconds=None, held=held, wanted=wanted)


NOBODY_KNOWS = {
    "a replica is ready and silent, and there is no waker": look(ready()),
    "a replica is ready and silent, and the waker holds nothing": look(ready(), held=0),
    "replicas load, and there is no waker": look(loading(), loading("k"), wanted=2),
    "there is no replica and no waker": look(wanted=0),
    "only a pod that is not ready said something": look(loading(), now={"l": BUSY}),
}


@pytest.mark.parametrize("found", NOBODY_KNOWS.values(), ids=NOBODY_KNOWS.keys())
def test_where_nobody_knows_there_are_no_signals(found: Signals | None) -> None:
    assert found is None


KNOWN = {
    "one replica": (
        look(ready(), now={"a": BUSY}),
        Signals(ready=1, coming=0, waiting=6, running=4, kv_usage=0.5, crowded=1, crowded_running=4),
    ),
    "two replicas, and a third that loads": (
        look(ready(), ready("b"), loading(), now={"a": BUSY, "b": LATER}, wanted=3),
        Signals(ready=2, coming=1, waiting=13, running=9, kv_usage=0.625, crowded=2, crowded_running=9),
    ),
    "one of two is silent": (
        look(ready(), ready("b"), now={"a": BUSY}, wanted=2),
        Signals(
            ready=2, coming=0, waiting=6, running=4, kv_usage=0.5, partial=True, crowded=1, crowded_running=4
        ),
    ),
    "a few that wait for the next step of the engine make no crowd": (
        look(ready(), ready("b"), now={"a": BUSY, "b": replace(BUSY, waiting=3)}, wanted=2),
        Signals(ready=2, coming=0, waiting=9, running=8, kv_usage=0.5, crowded=1, crowded_running=4),
    ),
    "what the waker still holds waits, too": (
        look(ready(), now={"a": BUSY}, held=3),
        Signals(ready=1, coming=0, waiting=9, running=4, kv_usage=0.5, crowded=1, crowded_running=4),
    ),
    "the replicas are silent, and the waker holds requests": (
        look(ready(), held=3),
        Signals(ready=1, coming=0, waiting=3, running=0, partial=True),
    ),
    "asleep, and nobody asks": (
        look(held=0, wanted=0),
        Signals(ready=0, coming=0, waiting=0, running=0),
    ),
    "asleep, and somebody asks": (
        look(held=2, wanted=0),
        Signals(ready=0, coming=0, waiting=2, running=0),
    ),
    "on its way, with requests that wait for it": (
        look(loading(), held=9, wanted=2),
        Signals(ready=0, coming=2, waiting=9, running=0),
    ),
    "out of breath: it may work on requests that nobody sees": (
        look(breathless(), held=0),
        Signals(ready=0, coming=1, waiting=0, running=0, partial=True),
    ),
    "more replicas than are wanted": (
        look(ready(), ready("b"), now={"a": BUSY, "b": BUSY}, wanted=1),
        Signals(ready=2, coming=0, waiting=12, running=8, kv_usage=0.5, crowded=2, crowded_running=8),
    ),
}


@pytest.mark.parametrize(("found", "expected"), KNOWN.values(), ids=KNOWN.keys())
def test_what_is_known(found: Signals | None, expected: Signals) -> None:
    assert found == expected


def since(before: dict[str, Load], now: dict[str, Load]) -> Signals:
    """The signals of these pods, a quarter of a minute after a look."""
    found = signals([ready(uid) for uid in now], now, before=before, seconds=15.0, held=None, wanted=len(now))
    assert found is not None
    return found


def counted(found: Signals) -> tuple[int | None, int | None, int | None, int]:
    return found.finished, found.prompt_tokens, found.generation_tokens, found.rejected


def test_counters_say_what_came_since_the_look_before() -> None:
    found = since({"a": BUSY}, {"a": LATER})
    assert counted(found) == (8, 500, 600, 2)
    assert found.seconds == 15.0


def test_a_counter_that_fell_began_at_zero_again() -> None:
    assert counted(since({"a": LATER}, {"a": Load(1, 0, 10, 20, 2, 0)})) == (2, 10, 20, 0)


def test_at_the_first_look_nothing_is_known_of_the_time_before() -> None:
    assert counted(since({}, {"a": LATER})) == (None, None, None, 0)


def test_a_pod_that_gave_no_reading_before_adds_nothing() -> None:
    """It may be new, or it may have been out of breath, with the counts of its whole life."""
    assert counted(since({"a": BUSY}, {"a": LATER, "b": LATER})) == (8, 500, 600, 2)


def test_counters_that_a_server_does_not_give_are_unknown() -> None:
    bare = Load(1, 2)
    assert counted(since({"a": bare}, {"a": bare})) == (None, None, None, 0)
    assert counted(since({"a": bare, "b": BUSY}, {"a": bare, "b": LATER})) == (8, 500, 600, 2)
    assert counted(since({"a": bare}, {"a": LATER})) == (None, None, None, 3), "absent rejections are zero"


def test_pods_that_do_not_say_their_cache_use_are_left_out_of_the_mean() -> None:
    now = {"a": BUSY, "b": replace(LATER, kv_usage=None)}
    assert since(now, now).kv_usage == 0.5
    silent = {"a": replace(BUSY, kv_usage=None)}
    assert since(silent, silent).kv_usage is None


COUNT = st.integers(0, 2**40)
MAYBE = st.none() | COUNT
LOADS = st.builds(Load, COUNT, COUNT, MAYBE, MAYBE, MAYBE, COUNT, st.none() | st.floats(0, 1))
PODS = st.lists(st.builds(pod, uid=st.sampled_from("abcdef"), ready=st.booleans(), started=st.booleans()))
FLEETS = PODS.map(lambda pods: list({one.uid: one for one in pods}.values()))
BY_UID = st.dictionaries(st.sampled_from("abcdef"), LOADS)
HELD = st.none() | st.integers(0, 99)


@given(FLEETS, BY_UID, BY_UID, HELD, st.integers(0, 9))
def test_no_look_says_less_than_what_was_read(
    pods: Sequence[PodSeen], now: dict[str, Load], before: dict[str, Load], held: int | None, wanted: int
) -> None:
    found = signals(pods, now, before=before, seconds=15.0, held=held, wanted=wanted)
    serving = [one.uid for one in pods if one.ready]
    read = [now[uid] for uid in serving if uid in now]
    if found is None:
        assert not read, "a reading is never thrown away"
        return
    assert found.ready == len(serving)
    assert found.ready + found.coming >= wanted
    assert found.waiting == sum(one.waiting for one in read) + (held or 0)
    assert found.running == sum(one.running for one in read)
    assert found.partial or len(read) == len(serving)
    assert (
        min(found.finished or 0, found.prompt_tokens or 0, found.generation_tokens or 0, found.rejected) >= 0
    )
    assert found.kv_usage is None or 0 <= found.kv_usage <= 1


@given(FLEETS, BY_UID, HELD, st.integers(0, 9))
def test_an_empty_queue_is_never_made_of_silence(
    pods: Sequence[PodSeen], now: dict[str, Load], held: int | None, wanted: int
) -> None:
    """Signals of an idle fleet that are not marked need all who can know: each replica, or the waker."""
    found = signals(pods, now, before={}, seconds=None, held=held, wanted=wanted)
    if found is not None and not found.partial and found.waiting + found.running == 0:
        serving = [one.uid for one in pods if one.ready]
        assert all(now[uid].idle for uid in serving)
        assert serving or held == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000)), min_size=1))
def test_no_finished_request_is_counted_twice(story: list[tuple[bool, int]]) -> None:
    """A server that finishes requests and now and then starts anew: the increments never exceed the work."""
    total, counter, said = 0, 0, 0
    last = {"a": Load(0, 0, finished=0)}
    for restarts, done in story:
        counter = done if restarts else counter + done
        total += done
        now = {"a": Load(0, 0, finished=counter)}
        said += since(last, now).finished or 0
        last = now
    assert said <= total
    if not any(restarts for restarts, _ in story):
        assert said == total


def pressure() -> list[Signals]:
    """The recorded run of 20 requests on a KV cache for 5, look by look, through the body of the server."""
    lines = (ROOT / "tests" / "adapters" / "data" / "kv-pressure-series.jsonl").read_bytes().splitlines()
    series = [one for one in map(orjson.loads, lines) if "running" in one]
    names = ("running", "waiting", "prompt_tokens", "generation_tokens")
    found = []
    for old, new in pairwise(series):
        said = [body((*(one[name] for name in names), 0.0, 0.0, one["kv_cache_usage"])) for one in (old, new)]
        before, now = map(parse, said)
        assert before is not None
        assert now is not None
        found.append(since({"a": before}, {"a": now}))
    return found


def test_under_kv_pressure_waiting_rises_while_running_falls() -> None:
    """Twenty requests stay twenty: the cache fills, and fewer and fewer of them are worked on."""
    looks = pressure()
    start = next(number for number, one in enumerate(looks) if one.running + one.waiting == 20)
    squeeze = looks[
        start : next(n for n, one in enumerate(looks) if (one.running, one.waiting) == (4, 16)) + 1
    ]
    assert len(squeeze) >= 8
    assert {one.running + one.waiting for one in squeeze} == {20}
    assert all(after.running <= before.running for before, after in pairwise(squeeze))
    assert all(after.waiting >= before.waiting for before, after in pairwise(squeeze))
    assert (squeeze[0].running, squeeze[0].waiting) == (8, 12)
    assert squeeze[-1].kv_usage is not None
    assert squeeze[-1].kv_usage > 0.9
    assert sum(one.generation_tokens or 0 for one in squeeze) > 6000, "and it works all the while"


def test_the_recorded_server_under_kv_pressure() -> None:
    load = parse(RECORDED["kv-pressure"])
    assert load is not None
    found = since({}, {"a": load})
    assert (found.running, found.waiting) == (8, 8)
    assert found.kv_usage == pytest.approx(0.974, abs=0.001)
    assert found.finished is None


def test_a_replica_that_rests_while_another_is_crowded_says_nothing_of_what_a_full_one_does() -> None:
    found = look(ready(), ready("b"), now={"a": BUSY, "b": Load(1, 0)}, wanted=2)
    assert found is not None
    assert (found.crowded, found.crowded_running, found.running) == (1, 4, 5)
