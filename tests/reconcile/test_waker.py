"""When requests go to the waker, and what a waker changes for a fleet."""

import asyncio
from typing import Any

import pytest

from builders import NOW, pod, raw_llama
from llamafleet.api.observed import Key, WakerSeen
from llamafleet.catalogue import catalogue
from llamafleet.errors import Forbidden, Unavailable
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
WAKER = WakerSeen(port=20007, addresses=("10.0.0.4",), family="IPv4")


class Fleet:
    """One fleet in a world with a waker."""

    def __init__(self, wakers: WakerSeen | None = WAKER, **spec: Any) -> None:
        """Nothing was reconciled yet."""
        self.world = Memory(raw_llama(**spec), wakers=wakers)
        self._reconciler = Reconciler(self.world, lambda: NOW, "llamafleet-system", catalogue())

    def look(self) -> list[str]:
        """Reconcile once; what was written."""
        before = len(self.world.writes)
        asyncio.run(self._reconciler.reconcile(KEY))
        return self.world.writes[before:]

    def edit(self, **spec: Any) -> None:
        """Change the spec."""
        assert self.world.resource_now is not None
        self.world.resource_now["spec"] |= spec
        self.world.resource_now["metadata"]["generation"] += 1

    @property
    def leads_to(self) -> list[str]:
        """The addresses in the slice."""
        return [
            address
            for one in self.world.objects["EndpointSlice"]["endpoints"]
            for address in one["addresses"]
        ]


def test_a_new_fleet_leads_to_the_waker_until_a_replica_is_ready() -> None:
    fleet = Fleet()
    fleet.look()
    assert fleet.leads_to == ["10.0.0.4"]
    fleet.world.roll_out(pod(name="llama-a", ready=False))
    fleet.look()
    assert fleet.leads_to == ["10.0.0.4"]
    fleet.world.roll_out(pod(name="llama-a", ready=True))
    assert fleet.look()[0] == "update EndpointSlice"
    assert fleet.leads_to == []


def test_a_replica_that_fails_leads_back_to_the_waker() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.roll_out(pod(ready=True))
    fleet.look()
    fleet.world.roll_out(pod(ready=False))
    fleet.look()
    assert fleet.leads_to == ["10.0.0.4"]


def test_a_pod_on_its_way_out_is_none_that_is_ready() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.running = (pod(ready=True, deleting=True),)
    fleet.look()
    assert fleet.leads_to == ["10.0.0.4"]


def test_on_the_way_to_zero_requests_have_another_way_before_the_pods_end() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.roll_out(pod(ready=True))
    fleet.look()
    fleet.edit(suspend=True)
    assert fleet.look()[:3] == ["update EndpointSlice", "update Service", "update Deployment"]
    assert fleet.leads_to == ["10.0.0.4"]


def test_a_quiet_fleet_writes_nothing_awake_or_asleep() -> None:
    fleet = Fleet()
    for ready in (False, True):
        fleet.look()
        fleet.world.roll_out(pod(ready=ready))
        fleet.look()
        assert fleet.look() == []


def test_the_api_server_may_write_an_empty_list_as_null() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.roll_out(pod(ready=True))
    fleet.look()
    assert fleet.leads_to == []
    fleet.world.objects["EndpointSlice"]["endpoints"] = None
    assert fleet.look() == []


def test_without_a_waker_there_is_no_slice() -> None:
    fleet = Fleet(wakers=None)
    assert "create EndpointSlice" not in fleet.look()


def test_a_waker_that_went_away_leaves_an_empty_slice_behind() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.wakers = WakerSeen(port=20007, addresses=(), family="IPv4")
    assert fleet.look() == ["update EndpointSlice"]
    assert fleet.leads_to == []


@pytest.mark.parametrize(("chosen", "then"), [(True, 0), (False, 1)], ids=["all away", "not chosen any more"])
def test_who_sleeps_goes_on_sleeping_unless_nobody_could_wake_it(chosen: bool, then: int) -> None:  # noqa: FBT001 - a case
    fleet = Fleet(scaling={"minReplicas": 0, "maxReplicas": 2})
    fleet.look()
    resource = fleet.world.resource_now
    assert resource is not None
    asked = {"step": "demand", "message": "Nobody asks.", "replicas": 0}
    resource["status"] |= {"desiredReplicas": 0, "reasons": [asked]}
    fleet.world.wakers = WakerSeen(port=20007, addresses=(), family="IPv4", chosen=chosen)
    fleet.look()
    assert resource["status"]["desiredReplicas"] == then


@pytest.mark.parametrize("error", [Forbidden("no"), Unavailable("no")])
def test_a_slice_that_cannot_be_written_holds_up_no_replica(error: Unavailable) -> None:
    fleet = Fleet()
    fleet.world.refused["EndpointSlice"] = error
    with pytest.raises(Unavailable):
        fleet.look()
    assert "create Deployment" in fleet.world.writes


def test_a_spec_that_is_refused_still_leads_to_the_waker_when_its_pods_fail() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.roll_out(pod(ready=True))
    fleet.look()
    fleet.edit(gpu={"pools": ["none-of-that-name"]})
    fleet.look()
    assert fleet.leads_to == []
    fleet.world.roll_out(pod(ready=False))
    fleet.look()
    assert fleet.leads_to == ["10.0.0.4"]


def test_a_refused_fleet_that_is_put_to_sleep_leads_to_the_waker() -> None:
    fleet = Fleet()
    fleet.look()
    fleet.world.roll_out(pod(ready=True))
    fleet.look()
    fleet.edit(gpu={"pools": ["none-of-that-name"]}, suspend=True)
    assert fleet.look()[:3] == ["update EndpointSlice", "update Service", "update Deployment"]
    assert fleet.leads_to == ["10.0.0.4"]


def test_a_resource_that_was_never_planned_gets_no_slice() -> None:
    fleet = Fleet(gpu={"pools": ["none-of-that-name"]})
    assert fleet.look() == ["status"]
