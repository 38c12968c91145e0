"""What Argo CD says of a fleet, by our script."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.fleets import Json
from gitops.lua import LUA, run
from gitops.states import STATES, State

HEALTH = LUA / "health.lua"


def health(resource: Json) -> tuple[str, str]:
    """The word and the message; nothing else may be said."""
    said = run(HEALTH, resource)
    assert set(said) == {"status", "message"}
    return said["status"], said["message"]


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_every_state_has_its_word(state: State) -> None:
    assert health(state.resource)[0] == state.argo, state.resource.get("status")


@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_the_message_is_a_sentence_of_the_operators(state: State) -> None:
    messages = [one["message"] for one in state.resource.get("status", {}).get("conditions", [])]
    assert health(state.resource)[1] in [*messages, "The operator has not looked at this spec yet."]


REASONS = {
    *("Starting", "RollingOut", "CleaningUp", "Unschedulable", "Queued"),
    *("AllReplicasReady", "ScaledToZero"),
    *("InvalidSpec", "DoesNotFit", "NameConflict", "Forbidden", "ApplyFailed"),
    *("PodsNotCreated", "ImagePullFailed", "ContainerNotCreated", "ContextTooLong"),
}
"""Of Ready; the other reasons of a server that ended are told apart by their words alone."""


def test_the_states_are_all_that_ready_can_say() -> None:
    conditions = [
        one for state in STATES.values() for one in state.resource.get("status", {}).get("conditions", [])
    ]
    assert {one["reason"] for one in conditions if one["type"] == "Ready"} == REASONS


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where there is something in a JSON value."""
    if isinstance(value, dict):
        return [above, *(path for key, item in value.items() for path in paths(item, (*above, key)))]
    if isinstance(value, list):
        return [above, *(path for index, item in enumerate(value) for path in paths(item, (*above, index)))]
    return [above]


def without(value: Any, path: tuple[Any, ...]) -> Any:
    """The same without what lies at this path."""
    changed = copy.deepcopy(value)
    *above, last = path
    inner = changed
    for key in above:
        inner = inner[key]
    del inner[last]
    return changed


@given(data=st.data(), state=st.sampled_from(list(STATES.values())))
def test_whatever_is_missing_from_a_status_there_is_an_answer(data: st.DataObject, state: State) -> None:
    resource = copy.deepcopy(state.resource)
    for _ in range(data.draw(st.integers(0, 6))):
        there = [path for path in paths(resource.get("status", {})) if path]
        if not there:
            break
        resource["status"] = without(resource["status"], data.draw(st.sampled_from(there)))
    assert health(resource)[0] in {"Healthy", "Progressing", "Degraded", "Suspended"}


def test_an_application_is_as_well_as_what_is_in_it() -> None:
    script = LUA / "application.lua"
    inner = {"status": {"health": {"status": "Degraded", "message": "one fleet"}}}
    assert run(script, inner) == {"status": "Degraded", "message": "one fleet"}
    assert run(script, {"metadata": {}}) == {"status": "Progressing", "message": ""}
