"""From what a vLLM says to a reading, or to none; beside Prometheus' own parser."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from adapters.bodies import NAMES, RECORDED, body
from llamafleet.adapters.exposition import KV_USAGE, parse
from llamafleet.api.observed import Load

GOOD = body((2.0, 15.0, 2708.0, 3129.0, 7.0, 6.0, 0.5))

READINGS = {
    "idle": Load(0, 0, 0, 0, 0, 0, 0.0),
    "loaded": Load(2, 15, 2708, 3129, 2, 0, 0.007081807081807057),
    "after": Load(0, 0, 12195, 24208, 18, 0, 0.0),
    "kv-pressure": Load(8, 8, 53, 9262, 4, 0, 0.9743589743589743),
    "queue-limit": Load(0, 0, 10, 3202, 5, 6, 0.0),
    "lora": Load(2, 6, 19, 377, 3, 0, 0.0009768009768009733),
    "llama4-hybrid-kv": Load(0, 0, 3, 1500, 1, 0, 0.0),
}

NO_READING = {
    "nothing": b"",
    "a page": b"<html>hello</html>\n",
    "bytes": bytes(range(256)) * 10 + b"\n",
    "nothing runs": GOOD.replace(b"\nvllm:num_requests_running{", b"\nvllm:other{"),
    "nothing waits": GOOD.replace(b"\nvllm:num_requests_waiting{", b"\nvllm:other{"),
    "only alike names": GOOD.replace(b"\nvllm:num_requests_waiting{", b"\nxvllm:num_requests_waiting{"),
    "not a number": body((2.0, "NaN", 1.0, 1.0)),
    "a counter that is not a number": body((2.0, 1.0, 1.0, 1.0, "NaN")),
    "rejections that are not a number": body((2.0, 1.0, 1.0, 1.0, 1.0, "NaN")),
    "infinity": body((2.0, "+Inf", 1.0, 1.0)),
    "a negative number": body((-1.0, 0.0, 1.0, 1.0)),
    "half a request": body((0.5, 0.0, 1.0, 1.0)),
    "more than anybody counted": body((1.0, 0.0, 1e300, 1.0)),
    "more than anybody counted, together": body((1.0, 0.0, 2.0**53, 1.0), (1.0, 0.0, 2.0**53, 1.0)),
    "more requests than a server can have": body((1.0, 2.0**20 + 1)),
    "more requests than a server can have, together": body((2.0**20, 0.0), (1.0, 0.0)),
    "a word": body((1.0, "many", 1.0, 1.0)),
    "three words": body((1.0, "1 2 3", 1.0, 1.0)),
    "no value": body((1.0, "", 1.0, 1.0)),
    "labels without an end": GOOD.replace(b'model_name="tiny"}', b'model_name="tiny"'),
    "digits in Python's own way": body((1.0, "1_0", 1.0, 1.0)),
    "one bad engine of two": body((1.0, 1.0, 1.0, 1.0), (1.0, "NaN", 1.0, 1.0)),
    "one engine of two without a plain line": body((1.0, 1.0), (1.0, "5 6 7")),
    "cut off in the last number": GOOD[: GOOD.rindex(b"78") + 1],
}


@pytest.mark.parametrize(("name", "load"), READINGS.items())
def test_a_recorded_vllm(name: str, load: Load) -> None:
    assert parse(RECORDED[name]) == load


def test_engines_are_added_up_and_the_fullest_cache_counts() -> None:
    said = body((1.0, 2.0, 30.0, 4e2, 5.0, 6.0, 0.25), (10.0, 20.0, 300.0, 4000.0, 50.0, 60.0, 0.75))
    assert parse(said) == Load(11, 22, 330, 4400, 55, 66, 0.75)


def test_the_reasons_for_which_requests_ended_are_added_up() -> None:
    reasons = "".join(
        f'vllm:request_success_total{{engine="0",finished_reason="{reason}"}} {count}\n'
        for reason, count in (("stop", 5.0), ("length", 3.0), ("abort", 1.0))
    )
    assert parse(body((1.0, 2.0)) + reasons.encode()) == Load(1, 2, finished=9)


def test_a_server_without_counters_is_read_all_the_same() -> None:
    assert parse(body((3.0, 4.0))) == Load(running=3, waiting=4)


@pytest.mark.parametrize("said", NO_READING.values(), ids=NO_READING.keys())
def test_what_is_no_reading(said: bytes) -> None:
    assert parse(said) is None


@pytest.mark.parametrize("share", ["NaN", "+Inf", "-0.1", "1.5", "97.4", "much"])
def test_a_cache_use_that_cannot_be_is_unknown_and_the_rest_counts(share: str) -> None:
    assert parse(body((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, share))) == Load(1, 2, 3, 4, 5, 6, None)
    one_of_two = body((1.0, 2.0, 3.0, 4.0, 5.0, 6.0, share), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5))
    assert parse(one_of_two) == Load(1, 2, 3, 4, 5, 6, None)


def test_an_old_server_calls_its_cache_by_another_name() -> None:
    old = RECORDED["kv-pressure"].replace(KV_USAGE[0].encode(), KV_USAGE[1].encode())
    assert parse(old) == parse(RECORDED["kv-pressure"]) == READINGS["kv-pressure"]


def test_names_without_labels_and_samples_with_a_time() -> None:
    plain = "".join(f"{name} 1\n" for name in NAMES).encode()
    timed = plain.replace(b" 1\n", b"\t1 1395066363000\n")
    assert parse(plain) == parse(timed) == Load(1, 1, 1, 1, 1, 1, 1.0)


def by_prometheus(said: bytes) -> Load:
    """The same reading by Prometheus' own parser: slow, and right."""
    values: dict[str, list[float]] = {}
    for family in text_string_to_metric_families(said.decode()):
        for sample in family.samples:
            values.setdefault(sample.name, []).append(sample.value)
    total = {name: int(sum(said)) for name, said in values.items()}
    prompts, answers, finished = map(total.get, NAMES[2:5])
    share = max([*values.get(KV_USAGE[0], []), *values.get(KV_USAGE[1], [])], default=None)
    return Load(total[NAMES[0]], total[NAMES[1]], prompts, answers, finished, total.get(NAMES[5], 0), share)


@pytest.mark.parametrize("name", RECORDED)
def test_prometheus_reads_the_same_in_a_recorded_body(name: str) -> None:
    assert parse(RECORDED[name]) == by_prometheus(RECORDED[name])


COUNTS = st.integers(0, 2**50).map(float)
REQUESTS = st.integers(0, 2**18).map(float)
ENGINE = st.tuples(REQUESTS, REQUESTS, *[COUNTS] * 4, st.floats(0, 1))
WIDTH = st.integers(2, len(NAMES))
LABEL = st.text(st.characters(exclude_characters="\r\n\x85\u2028\u2029", exclude_categories=["Cs", "Cc"]))


@given(st.lists(ENGINE, min_size=1, max_size=4), WIDTH, LABEL)
def test_prometheus_reads_the_same_whatever_the_model_is_called(
    engines: Sequence[Sequence[float]], width: int, name: str
) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
    said = body(*(engine[:width] for engine in engines), labels=f'engine="{{}}",m="{quoted}"')
    assert parse(said) == by_prometheus(said)


@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_no_garbage_raises(garbage: bytes, where: int) -> None:
    for said in (garbage, GOOD[:where] + garbage + GOOD[where:]):
        load = parse(said)
        assert load is None or min(load.running, load.waiting, load.rejected) >= 0


@given(st.integers(0, len(GOOD) - 1))
def test_half_a_body_says_nothing_that_is_not_in_the_whole(where: int) -> None:
    """A body may be cut at the end of a line; then it lacks something, and what it has is right."""
    whole, half = parse(GOOD), parse(GOOD[:where])
    assert whole is not None
    if half is not None:
        assert (half.running, half.waiting) == (whole.running, whole.waiting)
        assert half.prompt_tokens in {None, whole.prompt_tokens}
        assert half.kv_usage in {None, whole.kv_usage}
