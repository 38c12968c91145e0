"""What a cluster in memory does by itself: its nodes, its controllers, its garbage collector.

All act by rule and never by chance: what is not disturbed always ends the same.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from builders import NOW, pod
from llamafleet.api.observed import Departed, Load, PodSeen
from reconcile.memory import Memory

SECOND = timedelta(seconds=1)
BIND, LOAD, WORK, EMPTY = 2 * SECOND, 40 * SECOND, 30 * SECOND, SECOND
"""From its creation to the node; from there to ready; how long a pod works on when no request comes any more;
how long a pod without work takes to go."""

Json = dict[str, Any]


@dataclass
class Life:
    """A pod as its node knows it: its template, its instants, and those that lie ahead."""

    name: str
    template: str
    born: datetime
    requested: datetime | None = None
    gone: datetime | None = None

    @property
    def bound(self) -> datetime:
        return self.born + BIND

    @property
    def ready(self) -> datetime:
        return self.bound + LOAD

    def instants(self) -> tuple[datetime, ...]:
        ends = tuple(when for when in (self.gone,) if when is not None)
        return ends if self.requested else (self.bound, self.ready)


class Controllers:
    """One Deployment with its pods, from its creation to the end of the story.

    Attributes:
        now: the present instant, UTC.
        lives: every pod that ever was.
        busy: whether requests come.
    """

    def __init__(self, world: Memory, is_heard: Callable[[], bool]) -> None:
        """Nothing is there yet.

        Args:
            world: the cluster.
            is_heard: whether an operator sees pods go now.
        """
        self.now = NOW
        self.lives: list[Life] = []
        self.busy = False
        self._world = world
        self._is_heard = is_heard
        self._rested: dict[str, datetime] = {}
        self._swept: datetime | None = None

    def happenings(self) -> list[datetime]:
        """The instants at which something happens by itself."""
        of_pods = [when for one in self.lives for when in one.instants()]
        worked = [since + WORK for since in self._rested.values()]
        return [*of_pods, *worked, *([self._swept] if self._swept else [])]

    def lose_owner(self) -> None:
        """The resource is gone."""
        self._swept = self.now + SECOND

    def truth(self, until: datetime) -> Decimal:
        """What all pods have cost until then, by their own instants, in USD: one for each second."""
        spans = (min(one.gone or until, until) - one.bound for one in self.lives)
        return sum((Decimal(max(0, int(span.total_seconds()))) for span in spans), Decimal(0))

    def load(self, one: PodSeen) -> Load:
        """What a pod says of its work."""
        rested = self._rested.get(one.name)
        works = self.busy and (rested is None or self.now < rested + WORK)
        return Load(5 if works else 0, 0, 100, 10)

    def sweep(self) -> None:
        """The garbage collector: children go with their owner."""
        if self._swept == self.now:
            self._world.objects.clear()
            for one in self._world.running:
                self._end(one)

    def kubelet(self) -> None:
        """Pods get their nodes, load, become ready, and go."""
        there = {life.name: life for life in self.lives}
        gone = [one for one in self._world.running if there[one.name].gone == self.now]
        self._world.running = tuple(one for one in self._world.running if one not in gone)
        if self._is_heard():
            self._world.gone = (*self._world.gone, *(Departed(one, self.now) for one in gone))
        for one in self._world.running:
            life = there[one.name]
            if not one.deleting:
                self._change(one, **self._state(life))
            self._rested = {
                each.name: each.resting for each in self._world.running if each.resting is not None
            }

    def control(self) -> bool:
        """Deployment and ReplicaSets do their part; whether there was anything to do."""
        self.kubelet()
        deployment = self._world.objects.get("Deployment")
        if deployment is None:
            return False
        template = hashlib.sha256(orjson.dumps(deployment["spec"]["template"])).hexdigest()[:8]
        of = {life.name: life.template for life in self.lives}
        pods = [one for one in self._world.running if one.active]
        replicas = deployment["spec"]["replicas"]
        doomed = sorted(pods, key=lambda one: self._rank(one, of[one.name] == template))
        doomed = doomed[: max(0, len(pods) - replicas)]
        old = [one for one in pods if of[one.name] != template and one not in doomed]
        if old and all(one.ready for one in pods):
            doomed = [*doomed, old[0]]
        for one in doomed:
            self._end(one)
        missing = replicas - len(pods) + (1 if old and doomed and old[0] in doomed else 0)
        for _ in range(missing):
            self._begin(template)
        before = deployment["status"]
        self._tell(deployment, template)
        return bool(doomed) or missing > 0 or before != deployment["status"]

    def _state(self, life: Life) -> Json:
        is_bound, is_ready = life.bound <= self.now, life.ready <= self.now
        return {
            "phase": "Running" if is_bound else "Pending",
            "node": "a100-0" if is_bound else None,
            "bound": life.bound if is_bound else None,
            "ready": is_ready,
            "started": is_ready,
            "ready_since": life.ready if is_ready else None,
        }

    def _change(self, one: PodSeen, **changes: Any) -> None:
        changed = replace(one, **changes)
        self._world.running = tuple(changed if each.uid == one.uid else each for each in self._world.running)

    def _rank(self, one: PodSeen, is_new: bool) -> tuple[Any, ...]:  # noqa: FBT001
        """The ReplicaSet controller's own order, after that of the Deployment: the lowest goes first."""
        return is_new, one.node is not None, one.ready, one.deletion_cost, -one.created.timestamp(), one.name

    def _begin(self, template: str) -> None:
        life = Life(f"llama-{len(self.lives)}", template, self.now)
        self.lives.append(life)
        made = pod(name=life.name, uid=f"uid-{life.name}", created=self.now, pool="own", gpus=1)
        self._world.running = (*self._world.running, replace(made, **self._state(life)))

    def _end(self, one: PodSeen) -> None:
        (life,) = (each for each in self.lives if each.name == one.name)
        if life.requested is not None:
            return
        life.requested = self.now
        rested = self._rested.get(one.name)
        works = self.busy and one.ready and (rested is None or self.now < rested + WORK)
        life.gone = self.now + (WORK if works else EMPTY)
        deadline = self.now + 320 * SECOND
        self._change(one, deleting=True, deadline=deadline, grace_seconds=320, ready=False)

    def _tell(self, deployment: Json, template: str) -> None:
        """The Deployment's own account."""
        pods = [one for one in self._world.running if one.active]
        of = {life.name: life.template for life in self.lives}
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(pods),
            "updatedReplicas": sum(of[one.name] == template for one in pods),
            "readyReplicas": sum(one.ready for one in pods),
        }
