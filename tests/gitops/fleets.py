"""A fleet in a world in memory that the operator looks at, and what people and clusters do to it."""

import asyncio
import contextlib
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import ended, pod, raw_llama, raw_pool
from llamafleet.api.observed import Key, Load, PodSeen, WakerSeen
from llamafleet.catalogue import catalogue
from llamafleet.errors import LlamafleetError
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

Json = dict[str, Any]

KEY = Key("team-a", "llama")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NIGHT = {"timeZone": "UTC", "windows": [{"name": "night", "start": "0 1 * * *", "duration": "4h"}]}
DAY = {"timeZone": "UTC", "windows": [{"name": "day", "start": "0 8 * * *", "duration": "8h"}]}
READY = pod(ready=True)
CRASHED = ended("Error", 1, "ValueError: To serve at least one request")


class Fleet:
    """One resource that the operator looks at."""

    def __init__(self, **spec: Any) -> None:
        """Create it; wakers stand by, so that it may go to zero without requests."""
        self.now = NOON
        self.world = Memory(
            raw_llama(**spec),
            gpu_pools=(raw_pool("own", price={"onDemand": "1.00"}),),
            wakers=WakerSeen(port=20007, addresses=("10.0.0.4",), family="IPv4"),
            requests_held=0,
        )

    def look(self) -> "Fleet":
        """Reconcile it once, whatever comes of it."""
        reconciler = Reconciler(self.world, lambda: self.now, "llamafleet-system", catalogue())
        with contextlib.suppress(LlamafleetError):
            asyncio.run(reconciler.reconcile(KEY))
        return self

    def with_pods(self, *pods: PodSeen) -> "Fleet":
        """The Deployment controller has made these, and the operator looks again."""
        self.look()
        self.world.roll_out(*pods)
        return self.look()

    def edit(self, **spec: Any) -> "Fleet":
        """A person changes the spec; nobody has looked yet."""
        raw = self.world.resource_now
        assert raw is not None
        raw["spec"] |= spec
        raw["metadata"]["generation"] += 1
        return self

    def refusing(self, kind: str, error: LlamafleetError) -> "Fleet":
        """Writes of this kind fail from now on."""
        self.world.refused[kind] = error
        return self.look()

    @property
    def resource(self) -> Json:
        """The whole object."""
        head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
        return {**head, **copy.deepcopy(self.world.resource_now or {})}


def as_created() -> Json:
    """A resource that nobody has looked at, with the status that the schema gives it."""
    return {**Fleet().resource, "status": {"observedGeneration": -1}}


def refused_by_quota() -> Json:
    """The Deployment is there, and its pods are not let in."""
    fleet = Fleet().look()
    quota = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: gpus"}
    fleet.world.objects["Deployment"]["status"] = {"conditions": [quota]}
    return fleet.look().resource


def while_draining() -> Json:
    """Closed, and the last pod still answers."""
    return Fleet(schedule=NIGHT).with_pods(READY).resource


def without_requests(**spec: Any) -> Json:
    """For two hours nobody has asked for anything."""
    fleet = Fleet(scaling={"minReplicas": 0, "maxReplicas": 2}, **spec).with_pods(READY)
    fleet.world.readings = {READY.uid: Load(running=0, waiting=0)}
    for _ in range(3):
        fleet.look()
        fleet.now += timedelta(hours=1)
    return fleet.look().resource


def spent(on_exhausted: str) -> Json:
    """Its budget pays for two hours, and its pod has been there for ten."""
    old = pod(ready=True, bound=NOON - timedelta(hours=10), pool="own", gpus=1)
    cost = {"monthlyBudget": "2.00", "onExhausted": on_exhausted}
    return Fleet(cost=cost, gpu={"pools": ["own"]}).with_pods(old).look().resource


def annotated(name: str, value: str, **spec: Any) -> Fleet:
    """A fleet that a person gave an annotation."""
    fleet = Fleet(**spec)
    assert fleet.world.resource_now is not None
    fleet.world.resource_now["metadata"]["annotations"] = {f"llamafleet.io/{name}": value}
    return fleet


def opened_by_hand() -> Fleet:
    """Open outside of its window."""
    return annotated("open-until", "2026-11-21T20:00Z", schedule=NIGHT)


def closed_by_hand() -> Fleet:
    """Closed without a schedule."""
    return annotated("closed-until", "2026-11-21T20:00Z")


def with_odd_annotation() -> Fleet:
    """Nobody can read what was meant."""
    return annotated("open-until", "tomorrow")
