"""Replicas that find no node are not asked for again and again, and come back when GPUs do."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, pod
from llamafleet.api.observed import PodSeen
from llamafleet.planning.scaling.capacity import PATIENCE, cap, draining_gpus, next_cap

MINUTE = timedelta(minutes=1)
NO_GPU = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."


def bound(**changes: Any) -> PodSeen:
    return pod(**{"created": NOW - timedelta(hours=5), "ready": True, **changes})


def without_a_node(minutes: float) -> PodSeen:
    return pod(phase="Pending", node=None, unschedulable=NO_GPU, created=NOW - minutes * MINUTE)


def test_a_pod_that_waits_for_a_new_node_caps_nothing_before_its_time() -> None:
    pods = [bound(), without_a_node(9.9)]
    assert cap(pods, NOW) is None
    assert next_cap(pods, NOW) == pods[1].created + PATIENCE


def test_after_it_there_are_the_bound_ones_and_a_probe() -> None:
    found = cap([bound(), bound(), *(without_a_node(minutes) for minutes in (25, 12, 3))], NOW)
    assert found is not None
    assert found.replicas == 3
    assert found.message == (
        "2 of 5 replicas found no node for 25 min, so there are the 2 that have one and 1 that waits for the"
        " next."
    )


def test_the_probe_alone_keeps_the_cap() -> None:
    """What the cap has made of the fleet must not end it: else the count would swing."""
    found = cap([bound(), bound(), without_a_node(25)], NOW)
    assert found is not None
    assert found.replicas == 3
    assert next_cap([bound(), without_a_node(25)], NOW) is None


def test_a_probe_that_got_its_node_lifts_it() -> None:
    assert cap([bound(), bound(), bound(ready=False)], NOW) is None


def test_a_fleet_with_no_node_at_all_keeps_one_pod_that_asks() -> None:
    found = cap([without_a_node(11), without_a_node(11)], NOW)
    assert found is not None
    assert found.replicas == 1


def test_a_pod_that_nobody_has_looked_at_yet_is_not_without_a_node() -> None:
    """The scheduler may be slow, or down: that says nothing of GPUs."""
    young = pod(phase="Pending", node=None, created=NOW - timedelta(hours=1))
    assert cap([young], NOW) is None
    assert next_cap([young], NOW) is None


def test_no_pods_no_cap() -> None:
    assert cap([], NOW) is None


PODS = st.lists(
    st.one_of(st.builds(bound), st.builds(without_a_node, st.floats(0, 60))), min_size=1, max_size=8
)


@given(PODS)
def test_a_cap_never_takes_a_pod_that_has_a_node_nor_the_last_that_asks(pods: list[PodSeen]) -> None:
    found = cap(pods, NOW)
    placed = sum(one.node is not None for one in pods)
    assert found is None or found.replicas == placed + 1 <= len(pods)


@given(PODS)
def test_without_a_cap_it_comes_at_the_instant_that_is_told(pods: list[PodSeen]) -> None:
    instant = next_cap(pods, NOW)
    if cap(pods, NOW) is None and instant is not None:
        assert cap(pods, instant - timedelta(seconds=0.001)) is None
        assert cap(pods, instant) is not None


def test_gpus_on_their_way_out_are_those_of_deleted_pods_that_have_a_node() -> None:
    pods = [pod(gpus=4), pod(gpus=2, deleting=True), pod(gpus=1, deleting=True, node=None)]
    assert draining_gpus(pods) == 2
