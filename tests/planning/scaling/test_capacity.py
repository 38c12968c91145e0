"""Replicas that find no node are not asked for again and again, and come back when GPUs do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, pod
from llamafleet.api.observed import PodSeen
from llamafleet.planning.scaling.capacity import cap, draining_gpus
from llamafleet.planning.scaling.retire import retiring

MINUTE = timedelta(minutes=1)
NO_GPU = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."


def bound(**changes: Any) -> PodSeen:
    return pod(**{"created": NOW - timedelta(hours=5), "ready": True, **changes})


def without_a_node(minutes: float) -> PodSeen:
    return pod(phase="Pending", node=None, unschedulable=NO_GPU, created=NOW - minutes * MINUTE)


def test_a_pod_that_waits_for_a_new_node_caps_nothing_before_its_time() -> None:
    pods = [bound(), without_a_node(9.9)]
    assert cap(pods, NOW) is None


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


def test_gpus_on_their_way_out_are_those_of_pods_that_have_a_node_and_finish_what_they_have() -> None:
    deleted = [pod(gpus=2, deleting=True), pod(gpus=1, deleting=True, node=None)]
    assert draining_gpus([pod(gpus=4), *deleted, pod(gpus=8, resting=NOW)]) == 10


def test_pods_that_wait_for_other_reasons_than_a_node_cap_nothing() -> None:
    """An image that cannot be pulled holds a node; a pod that a gate holds back was not looked at."""
    long_ago = NOW - timedelta(hours=1)
    images = bound(created=long_ago, ready=False, phase="Pending", waiting_reason="ImagePullBackOff")
    assert cap([images, pod(phase="Pending", node=None, created=long_ago)], NOW) is None


class Cluster:
    """Eight replicas are asked for, look after look, of a cluster that has so many GPUs."""

    def __init__(self) -> None:
        """No replica yet."""
        self.now = NOW
        self.pods: tuple[PodSeen, ...] = ()

    def look(self, gpus: int, minutes: int) -> list[int]:
        """A look each 15 seconds; the counts, each run of the same one once."""
        runs: list[int] = []
        for _ in range(4 * minutes):
            self.now += timedelta(seconds=15)
            found = cap(self.pods, self.now)
            count = 8 if found is None else min(8, found.replicas)
            gone = {one.uid for one in retiring(self.pods, {}, count)}
            kept = [one for one in self.pods if one.uid not in gone]
            fresh = [self._born(number) for number in range(count - len(kept))]
            self.pods = self._scheduled([*kept, *fresh], gpus)
            runs = runs if runs[-1:] == [count] else [*runs, count]
        return runs

    def _born(self, number: int) -> PodSeen:
        uid = f"{self.now}-{number}"
        return pod(uid=uid, name=uid, phase="Pending", node=None, unschedulable=NO_GPU, created=self.now)

    def _scheduled(self, pods: list[PodSeen], gpus: int) -> tuple[PodSeen, ...]:
        free = gpus - sum(one.node is not None for one in pods)
        waiting = [one.uid for one in pods if one.node is None][: max(free, 0)]
        bound: dict[str, Any] = {"node": "a100-0", "phase": "Running", "unschedulable": None, "ready": True}
        return tuple(replace(one, **bound) if one.uid in waiting else one for one in pods)


def test_in_two_hours_without_gpus_they_are_asked_for_once_and_each_gpu_that_comes_is_found() -> None:
    cluster = Cluster()
    assert cluster.look(gpus=0, minutes=120) == [8, 1]
    assert cluster.look(gpus=1, minutes=120) == [1, 8, 2], "one GPU is reason to ask again, once"
    assert cluster.look(gpus=5, minutes=120) == [2, 8, 6]
    assert cluster.look(gpus=3, minutes=120) == [6], "a node that is full of others takes no pod away"
    assert cluster.look(gpus=9, minutes=120) == [6, 8]
