"""Before a fleet shrinks, its least busy pods are marked; and only then."""

import asyncio
from typing import Any

from builders import NOW, pod, raw_llama
from llamafleet.api.observed import Key, Load, PodSeen
from llamafleet.catalogue import catalogue
from llamafleet.errors import Forbidden
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
NAMES = ("llama-a", "llama-b", "llama-c")


def ready(name: str, **changes: Any) -> PodSeen:
    return pod(name=name, uid=name, ready=True, **changes)


def working(requests: int) -> Load:
    return Load(running=requests, waiting=0, prompt_tokens=0, generation_tokens=0)


class Fleet:
    """Three replicas at work: the first has most to do, the last nothing."""

    def __init__(self) -> None:
        """All is settled."""
        self.world = Memory(raw_llama(replicas=3))
        self._reconciler = Reconciler(self.world, lambda: NOW, "llamafleet-system", catalogue())
        self.look()
        self.world.roll_out(*(ready(name) for name in NAMES))
        self.world.readings = dict(zip(NAMES, map(working, (9, 1, 0)), strict=True))
        self.look()

    def look(self) -> list[str]:
        """Reconcile once; what was written."""
        before = len(self.world.writes)
        asyncio.run(self._reconciler.reconcile(KEY))
        return self.world.writes[before:]

    def wants(self, replicas: int) -> None:
        """``kubectl scale``."""
        assert self.world.resource_now is not None
        self.world.resource_now["spec"]["replicas"] = replicas
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
