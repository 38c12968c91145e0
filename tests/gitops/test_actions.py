"""What a person can do to a fleet in the user interface of Argo CD."""

import pytest

from builders import raw_llama
from gitops.lua import LUA, run

DISCOVERY = LUA / "discovery.lua"


@pytest.mark.parametrize(
    ("spec", "offered"),
    [
        pytest.param({}, {"suspend"}, id="a fleet that says nothing of it"),
        pytest.param({"suspend": False}, {"suspend"}, id="a fleet that is awake"),
        pytest.param({"suspend": True}, {"resume"}, id="a fleet that is suspended"),
    ],
)
def test_only_what_changes_something_is_offered(spec: dict[str, bool], offered: set[str]) -> None:
    actions = run(DISCOVERY, raw_llama(**spec))
    assert {name for name, action in actions.items() if not action["disabled"]} == offered
    assert all((LUA / f"{name}.lua").exists() for name in actions)


@pytest.mark.parametrize(("action", "after"), [("suspend", True), ("resume", False)])
def test_an_action_changes_one_field(action: str, *, after: bool) -> None:
    before = raw_llama(suspend=not after)
    changed = run(LUA / f"{action}.lua", before)
    assert changed == {**before, "spec": {**before["spec"], "suspend": after}}
