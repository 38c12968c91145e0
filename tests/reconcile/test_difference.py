"""When an object still is what we asked for, so that a quiet fleet writes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.reconcile.difference import holds

CONTAINER = {"name": "vllm", "image": "a", "args": ["--x=1"], "env": [{"name": "A", "value": "1"}]}

SAME = {
    "defaults of the API server": ({"a": 1}, {"a": 1, "defaulted": True}),
    "an empty list that the server leaves out": ({"egress": [], "a": 1}, {"a": 1}),
    "an item that somebody added to a keyed list": (
        {"env": [{"name": "A", "value": "1"}]},
        {"env": [{"name": "SIDE", "value": "2"}, {"name": "A", "value": "1"}]},
    ),
    "a quantity that the API server has rounded up": (
        {"limits": {"cpu": ".663867643", "memory": "1n"}},
        {"limits": {"cpu": "664m", "memory": "1m"}},
    ),
    "a quantity that the API server has cut": (
        {"requests": {"memory": "999999999999999999Ei", "cpu": "9e99"}},
        {"requests": {"memory": "9223372036854775807", "cpu": "9223372036854775807"}},
    ),
    "a defaulted field within a list item": (
        {"ports": [{"port": 80}]},
        {"ports": [{"port": 80, "nodePort": 3}]},
    ),
}

DIFFERENT: dict[str, tuple[Any, Any]] = {
    "another value": ({"replicas": 2}, {"replicas": 3}),
    "a field that is gone": ({"a": 1}, {}),
    "an argument more": ({"args": ["--x"]}, {"args": ["--x", "--y"]}),
    "arguments in another order": ({"args": ["--x", "--y"]}, {"args": ["--y", "--x"]}),
    "a toleration more": ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "a"}, {"key": "b"}]}),
    "an item of a keyed list that changed": (
        {"env": [{"name": "A", "value": "1"}]},
        {"env": [{"name": "A", "value": "2"}]},
    ),
    "a thousandth of a core": ({"limits": {"cpu": ".6631"}}, {"limits": {"cpu": "663m"}}),
    "a map where a list should be": ({"a": []}, {"a": {}}),
    "false where it should be true": ({"a": True}, {"a": False}),
}


@pytest.mark.parametrize(("intent", "live"), SAME.values(), ids=SAME.keys())
def test_this_is_no_difference(intent: Any, live: Any) -> None:
    assert holds(intent, live)


@pytest.mark.parametrize(("intent", "live"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_this_is_a_difference(intent: Any, live: Any) -> None:
    assert not holds(intent, live)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_everything_holds_itself(value: Any) -> None:
    assert holds(value, value)


@given(st.dictionaries(st.sampled_from("abc"), JSON), st.dictionaries(st.sampled_from("xyz"), JSON))
def test_fields_of_others_never_count(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert holds(ours, {**theirs, **ours})
