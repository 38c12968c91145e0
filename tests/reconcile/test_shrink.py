"""A fleet that shrinks: its least busy pods are marked, and who still works rests before it goes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from builders import NOW, pod, raw_llama
from llamafleet.api.observed import Key, Load, PodSeen, WakerSeen
from llamafleet.catalogue import catalogue
from llamafleet.errors import Forbidden, Unavailable
from llamafleet.planning.drain import DEFAULT
from llamafleet.planning.scaling.resting import LOOK
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
NAMES = ("llama-a", "llama-b", "llama-c")


def ready(name: str, **changes: Any) -> PodSeen:
    return pod(name=name, uid=name, ready=True, **changes)


def working(requests: int) -> Load:
    return Load(running=requests, waiting=0, prompt_tokens=0, generation_tokens=0)


class Fleet:
    """Three replicas: the first has most to do; the last has nothing to do, unless another is said."""

    def __init__(self, *work: int, **spec: Any) -> None:
        """All is settled."""
        self.now = NOW
        self.world = Memory(raw_llama(**({} if "scaling" in spec else {"replicas": 3}), **spec))
        self._reconciler = Reconciler(self.world, lambda: self.now, "llamafleet-system", catalogue())
        self.look()
        self.world.roll_out(*(ready(name) for name in NAMES))
        self.say(*(work or (9, 0, 0)))
        self.look()

    def say(self, *work: int) -> None:
        """How many requests each replica has."""
        self.world.readings = dict(zip(NAMES, map(working, work), strict=True))

    @property
    def replicas(self) -> int:
        """Of the Deployment."""
        found: int = self.world.objects["Deployment"]["spec"]["replicas"]
        return found

    @property
    def resting(self) -> list[str]:
        """Who rests."""
        return [one.name for one in self.world.running if one.resting is not None]

    def look(self) -> list[str]:
        """Reconcile once; what was written."""
        before = len(self.world.writes)
        self.outcome = asyncio.run(self._reconciler.reconcile(KEY))
        return self.world.writes[before:]

    def wants(self, replicas: int) -> None:
        """``kubectl scale``."""
        self.edit(replicas=replicas)

    def edit(self, **fields: Any) -> None:
        """The author changes the spec; None takes a field away."""
        assert self.world.resource_now is not None
        spec = {**self.world.resource_now["spec"], **fields}
        self.world.resource_now["spec"] = {name: value for name, value in spec.items() if value is not None}
        self.world.resource_now["metadata"]["generation"] += 1


def test_the_marks_come_before_the_deployment_shrinks() -> None:
    fleet = Fleet()
    fleet.wants(1)
    assert fleet.look()[:3] == ["mark llama-b -1", "mark llama-c -1", "update Deployment"]


def test_a_quiet_fleet_marks_nobody() -> None:
    fleet = Fleet()
    assert fleet.look() == []
    fleet.world.readings["llama-b"] = working(40)
    assert fleet.look() == []


def test_a_fleet_that_grows_marks_nobody() -> None:
    fleet = Fleet()
    fleet.wants(5)
    assert fleet.look()[:1] == ["update Deployment"]


def test_where_all_go_no_mark_is_needed() -> None:
    fleet = Fleet()
    fleet.wants(0)
    assert not [written for written in fleet.look() if written.startswith("mark")]


def test_a_mark_of_yesterday_does_not_take_a_pod_that_is_busy_today() -> None:
    fleet = Fleet()
    fleet.world.running = (ready("llama-a", deletion_cost=-1), *fleet.world.running[1:])
    fleet.wants(2)
    assert fleet.look()[:2] == ["mark llama-a 0", "mark llama-c -1"]


def test_a_mark_that_cannot_be_written_does_not_hold_up_the_money() -> None:
    fleet = Fleet()
    fleet.world.refused["Pod"] = Forbidden("no right to patch pods")
    fleet.wants(1)
    assert fleet.look()[0] == "update Deployment"


def test_a_pod_on_its_way_out_is_neither_marked_nor_counted() -> None:
    fleet = Fleet()
    fleet.world.running = (*fleet.world.running, ready("llama-d", deleting=True))
    fleet.wants(2)
    assert [written for written in fleet.look() if written.startswith("mark")] == ["mark llama-c -1"]


def test_a_busy_pod_leaves_the_service_first_and_goes_once_it_is_empty() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    written = fleet.look()
    assert written[0] == "rest llama-c"
    assert "update Deployment" not in written
    assert (fleet.replicas, fleet.resting) == (3, ["llama-c"])
    assert fleet.outcome is not None
    assert fleet.outcome.wake_seconds == LOOK.total_seconds()
    fleet.say(9, 8, 1)
    assert fleet.look() == []
    fleet.say(9, 8, 0)
    assert fleet.look()[:2] == ["mark llama-c -1", "update Deployment"]
    assert fleet.replicas == 2


def test_who_has_least_to_do_by_now_does_not_change_places_with_who_rests() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.say(0, 8, 7)
    assert fleet.look() == []
    assert fleet.resting == ["llama-c"]


def test_a_change_of_mind_costs_a_label_and_no_cold_start() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(1)
    fleet.look()
    assert fleet.resting == ["llama-b", "llama-c"]
    fleet.wants(2)
    assert "serve llama-b" in fleet.look()
    assert (fleet.replicas, fleet.resting) == (3, ["llama-c"])
    fleet.wants(3)
    written = fleet.look()
    assert "serve llama-c" in written
    assert "update Deployment" not in written
    assert (fleet.replicas, fleet.resting) == (3, [])


def test_a_pod_that_does_not_become_empty_goes_when_its_time_is_over() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.now = NOW + DEFAULT - timedelta(seconds=1)
    fleet.look()
    assert fleet.replicas == 3
    fleet.now = NOW + DEFAULT
    assert fleet.look()[:2] == ["mark llama-c -1", "update Deployment"]
    assert fleet.replicas == 2


def test_another_operator_goes_on_where_the_first_one_ended() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet._reconciler = Reconciler(fleet.world, lambda: fleet.now, "llamafleet-system", catalogue())  # noqa: SLF001
    assert fleet.look() == []
    fleet.say(9, 8, 0)
    fleet.look()
    assert fleet.replicas == 2


def test_when_a_replica_that_serves_fails_the_one_that_rests_takes_its_place() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.world.running = (replace(fleet.world.running[0], ready=False), *fleet.world.running[1:])
    written = fleet.look()
    assert "serve llama-c" in written
    assert (fleet.replicas, fleet.resting) == (2, [])
    assert "mark llama-a -1" in written


def test_money_does_not_wait() -> None:
    fleet = Fleet(9, 8, 7, cost={"hourlyLimit": "10"})
    fleet.edit(cost={"hourlyLimit": "2.50"})
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (2, [])


def test_a_lower_maximum_does_not_wait() -> None:
    fleet = Fleet(9, 8, 7, scaling={"minReplicas": 3})
    assert fleet.replicas == 3
    assert fleet.world.resource_now is not None
    fleet.world.resource_now["spec"]["scaling"] = {"minReplicas": 1, "maxReplicas": 2}
    fleet.look()
    assert fleet.replicas == 2


def test_a_fleet_that_goes_to_zero_does_not_wait() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(0)
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (0, [])


def test_nobody_rests_while_a_new_template_rolls_out() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.world.objects["Deployment"]["status"]["updatedReplicas"] = 1
    fleet.wants(2)
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (2, [])


def test_a_pod_without_a_reading_goes_as_it_always_did() -> None:
    """Its own hook drains it. To wait for words that do not come would only cost money."""
    fleet = Fleet(9, 8, 7)
    fleet.world.readings = {}
    fleet.wants(2)
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (2, [])


def test_a_pod_that_rests_and_falls_silent_is_not_taken_for_empty() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.world.readings = {}
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (3, ["llama-c"])
    fleet.now = NOW + DEFAULT
    fleet.look()
    assert fleet.replicas == 2


def test_without_the_right_to_label_pods_the_fleet_shrinks_at_once() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.world.refused["Pod"] = Forbidden("no right to patch pods")
    fleet.wants(2)
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (2, [])


def test_a_pod_that_rests_keeps_no_request_from_the_waker() -> None:
    """A Service whose only ready pod rests leads to nobody else."""
    fleet = Fleet(9, 8, 7)
    fleet.world.wakers = WakerSeen(port=20007, addresses=("10.0.0.4",), family="IPv4")
    fleet.world.running = (ready("llama-a", resting=NOW), pod(name="llama-b", uid="llama-b"))
    fleet.wants(1)
    fleet.look()
    assert fleet.world.objects["EndpointSlice"]["endpoints"] != []
    fleet.look()
    assert fleet.world.objects["EndpointSlice"]["endpoints"] == []


def test_a_pod_too_many_that_is_being_deleted_is_not_asked_for_again() -> None:
    """The view may still show it, at work again by now: the Deployment must not grow for it."""
    fleet = Fleet(9, 8, 0)
    fleet.wants(2)
    fleet.look()
    assert fleet.replicas == 2
    fleet.say(9, 8, 1)
    assert fleet.look() == []
    assert (fleet.replicas, fleet.resting) == (2, [])


def test_who_rests_already_goes_on_where_not_all_may() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.world.running = (*fleet.world.running[:2], ready("llama-c", resting=NOW))
    fleet.edit(replicas=1, cost={"hourlyLimit": "2.50"})
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (2, ["llama-c"])


def test_a_spec_that_is_refused_keeps_no_pod_resting_for_ever() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.edit(gpu={"pools": ["gone"]})
    assert [word for word in fleet.look() if word != "status"] == []
    assert (fleet.replicas, fleet.resting) == (3, ["llama-c"])
    assert fleet.outcome is not None
    assert fleet.outcome.wake_seconds == LOOK.total_seconds()
    fleet.say(9, 8, 0)
    assert fleet.look()[:2] == ["mark llama-c -1", "update Deployment"]
    assert fleet.replicas == 2
    fleet.world.running = fleet.world.running[:2]
    assert fleet.look() == []


def test_where_a_spec_is_refused_and_nobody_rests_nothing_shrinks() -> None:
    fleet = Fleet(9, 8, 0)
    fleet.edit(gpu={"pools": ["gone"]}, replicas=1)
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (3, [])


def test_a_pod_that_cannot_be_put_back_is_tried_again_soon() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.wants(3)
    fleet.world.refused["Pod"] = Unavailable("the API server is busy")
    fleet.look()
    assert fleet.resting == ["llama-c"]
    assert fleet.outcome is not None
    assert fleet.outcome.wake_seconds == LOOK.total_seconds()
    fleet.world.refused.clear()
    fleet.look()
    assert fleet.resting == []


def test_one_label_that_cannot_be_written_does_not_end_the_rest_of_the_others() -> None:
    fleet = Fleet(9, 8, 7)
    fleet.wants(2)
    fleet.look()
    fleet.world.refused["Pod"] = Unavailable("the API server is busy")
    fleet.wants(1)
    fleet.look()
    assert (fleet.replicas, fleet.resting) == (2, ["llama-c"])


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=20_000)], ids=str)
def test_a_beginning_that_lies_ahead_gives_no_more_time_than_any(ahead: timedelta) -> None:
    fleet = Fleet(9, 8, 7)
    fleet.world.running = (*fleet.world.running[:2], ready("llama-c", resting=NOW + ahead))
    fleet.wants(2)
    fleet.look()
    assert fleet.replicas == 2


def test_what_rests_is_no_replica_to_an_autoscaler_and_its_gpus_are_told() -> None:
    """An autoscaler takes status.replicas, and the pods of the selector, for what it has asked for."""
    fleet = Fleet(9, 8, 7)
    fleet.world.running = tuple(replace(one, gpus=2) for one in fleet.world.running)
    fleet.wants(2)
    fleet.look()
    fleet.look()
    assert fleet.world.resource_now is not None
    status = fleet.world.resource_now["status"]
    assert (status["replicas"], status["readyReplicas"], status["drainingGpus"]) == (2, 2, 2)
    assert "app.kubernetes.io/name=vllm" in status["selector"].split(",")
    (progressing,) = [one for one in status["conditions"] if one["type"] == "Progressing"]
    assert progressing["message"] == (
        "3 replicas run, 2 are wanted. 1 gets no new requests and goes once the last ones are answered, after"
        " 5m at the latest."
    )


def test_a_pod_that_rests_and_is_silent_does_not_freeze_the_count() -> None:
    fleet = Fleet(9, 8, 7, scaling={"minReplicas": 3})
    fleet.world.running = (*fleet.world.running[:2], ready("llama-c", resting=NOW))
    fleet.edit(scaling={"minReplicas": 2, "maxReplicas": 2})
    del fleet.world.readings["llama-c"]
    fleet.look()
    assert fleet.world.resource_now is not None
    conditions = fleet.world.resource_now["status"]["conditions"]
    assert [one["reason"] for one in conditions if one["type"] == "MetricsAvailable"] == ["Read"]
