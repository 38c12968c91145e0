"""The checker of shapes: it finds nothing in what we render, and every way to make that worse."""

import copy
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings

from builders import SAMPLES, llama, plan_of, raw_llama
from exploration.mending import Json
from exploration.resources import STANDING, planned
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import WakerSeen
from llamafleet.rendering.children import children
from llamafleet.rendering.wakerslice import waker_slice
from security.expected import FLAGS, Fleet, fleet_of
from security.shape import faults
from security.worse import CONTAINER_WORSE, DEPLOYMENT_WORSE, OTHERS_WORSE, POD_WORSE

HOME: Final = "llamafleet-system"
TOKEN: Final = {"name": "hub", "key": "token"}


def made(raw: Json, pools: tuple[Json, ...] = ()) -> tuple[Fleet, tuple[Json, ...]]:
    """A fleet and everything that is rendered for it."""
    resource = LlamaDeployment.model_validate(raw)
    plan = plan_of(resource, pools=[GpuPool.model_validate(one) for one in pools])
    slices = (waker_slice(resource, WakerSeen(20000, ("10.0.0.1",), "IPv4", chosen=True), awake=False),)
    return fleet_of(raw, pools), children(resource, plan, HOME, slices)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_the_samples_become_has_no_fault(path: Any) -> None:
    fleet, objects = made(raw_llama(path))
    assert [fault for one in objects for fault in faults(one, fleet)] == []


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(planned())
def test_whatever_a_valid_spec_asks_for_it_becomes_no_more_than_a_model_server(raw: Json) -> None:
    place = {"name": "llama", "namespace": "team-a", "uid": "u-1", "generation": 1, "resourceVersion": "1"}
    fleet, objects = made({**copy.deepcopy(raw), "metadata": place}, STANDING)
    assert [fault for one in objects for fault in faults(one, fleet)] == []


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(planned())
def test_no_text_of_a_spec_reaches_a_program_but_vllm(raw: Json) -> None:
    """The last program of a pod is the same for every spec, up to its numbers."""
    place = {"name": "llama", "namespace": "team-a", "uid": "u-1", "generation": 1, "resourceVersion": "1"}
    _, objects = made({**copy.deepcopy(raw), "metadata": place}, STANDING)
    _, plain = made(raw_llama())
    programs = [
        one[-1]["spec"]["template"]["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
        for one in (objects, plain)
    ]
    assert programs[0][:3] == programs[1][:3]
    assert all(word.isdigit() for word in programs[0][3:])


ALL_WORSE: Final = {**POD_WORSE, **CONTAINER_WORSE, **DEPLOYMENT_WORSE}


@pytest.mark.parametrize("what", ALL_WORSE)
def test_a_deployment_that_has_more_is_found_out(what: str) -> None:
    fleet, objects = made(raw_llama(tokenSecretRef=TOKEN))
    worse = copy.deepcopy(objects[-1])
    ALL_WORSE[what](worse)
    assert faults(objects[-1], fleet) == []
    assert len(faults(worse, fleet)) >= 1


@pytest.mark.parametrize("what", OTHERS_WORSE)
def test_another_child_that_has_more_is_found_out(what: str) -> None:
    kind, change = OTHERS_WORSE[what]
    fleet, objects = made(raw_llama())
    (child,) = [one for one in objects if one["kind"] == kind]
    worse = copy.deepcopy(child)
    change(worse)
    assert faults(child, fleet) == []
    assert len(faults(worse, fleet)) >= 1


def test_the_flags_that_are_known_are_vllms_own() -> None:
    assert {"--host", "--trust-remote-code", "--allowed-local-media-path", "--middleware"} <= FLAGS
    assert llama().spec.serving.extra_args == ()
