"""A cluster in memory whose operator is killed right before or right after one of its writes.

The cluster acts by rule and never by chance: a run that is not disturbed always ends the same. It has one
resource, a Deployment with pods, a garbage collector, and people who do something at given instants.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import orjson

from builders import NOW, pod, raw_llama, raw_pool
from llamafleet.api.observed import Announcement, ChildSeen, Departed, Key, Load, PodSeen
from llamafleet.catalogue import catalogue
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
SECOND = timedelta(seconds=1)
BIND, LOAD, WORK, EMPTY = 2 * SECOND, 40 * SECOND, 30 * SECOND, SECOND
"""From its creation to the node; from there to ready; how long a pod works on when no request comes any more;
how long a pod without work takes to go."""

AWAY = 3 * SECOND
"""From the end of one operator to the first look of the next."""

RESYNC = timedelta(seconds=600)
MOST_LOOKS = 50
"""At one instant: more means that operator and controllers keep each other busy."""

Side = Literal["before", "after"]
Json = dict[str, Any]


class Crash(NamedTuple):
    """The end of one process.

    Attributes:
        write: at which of its writes, from 1.
        side: before the write, or after it, when its answer is lost.
    """

    write: int
    side: Side


class Killed(BaseException):
    """SIGKILL: nothing in the product can catch it."""


@dataclass
class Mortal(Memory):
    """A memory in which writers die.

    Attributes:
        crashes: how this process ends and those after it; beyond the last they live.
        written: how many writes this process has begun.
        total: how many writes all processes have begun.
    """

    crashes: list[Crash] = field(default_factory=list)
    written: int = 0
    total: int = 0

    async def _mortally(self, write: Coroutine[Any, Any, None]) -> None:
        self.written += 1
        self.total += 1
        crash = self.crashes[0] if self.crashes else None
        if crash == Crash(self.written, "before"):
            write.close()
            raise Killed
        await write
        if crash == Crash(self.written, "after"):
            raise Killed

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        await self._mortally(super().create_child(intent))

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        await self._mortally(super().update_child(intent, seen))

    async def mark(self, namespace: str, pod: PodSeen, cost: int) -> None:
        await self._mortally(super().mark(namespace, pod, cost))

    async def rest(self, namespace: str, pod: PodSeen, since: datetime | None) -> None:
        await self._mortally(super().rest(namespace, pod, since))

    async def carry_over(self, key: Key, ledger: Mapping[str, Any]) -> None:
        await self._mortally(super().carry_over(key, ledger))

    async def announce(self, event: Announcement) -> None:
        await self._mortally(super().announce(event))

    async def apply_status(self, key: Key, uid: str, status: Mapping[str, Any], version: str) -> None:
        await self._mortally(super().apply_status(key, uid, status, version))


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


@dataclass(frozen=True)
class Deed:
    """What a person does, and so many seconds after the beginning."""

    at: int
    do: Callable[["Stage"], None]


class Stage:
    """One resource from its creation to the end of the story.

    Attributes:
        world: the cluster.
        lives: every pod that ever was.
        deaths: how often an operator died.
    """

    def __init__(
        self, script: Sequence[Deed], crashes: Sequence[Crash] = (), *, standby: bool = False
    ) -> None:
        """Prepare the first instant.

        Args:
            script: what people do.
            crashes: how the operators end.
            standby: whether another operator sees the cluster all the time and takes over; without, the next
                one is new and sees only what is there.
        """
        self.world = Mortal(
            None, gpu_pools=(raw_pool("own", price={"onDemand": "3600"}),), crashes=[*crashes]
        )
        self.lives: list[Life] = []
        self.deaths, self.born = 0, 0
        self.busy = False
        self.now, self.wake = NOW, NOW
        self._script, self._standby = list(script), standby
        self._rested: dict[str, datetime] = {}
        self._swept: datetime | None = None
        self._restart()

    @property
    def raw(self) -> Json:
        """The resource."""
        assert self.world.resource_now is not None
        return self.world.resource_now

    def create(self, **spec: Any) -> None:
        """A person creates the resource."""
        self.born += 1
        raw = raw_llama(**spec)
        raw["metadata"]["uid"] = f"00000000-0000-4000-8000-{self.born:012}"
        self.world.resource_now = raw

    def edit(self, **spec: Any) -> None:
        """A person edits the spec; None takes a field away."""
        merged = {**self.raw["spec"], **spec}
        self.raw["spec"] = {name: value for name, value in merged.items() if value is not None}
        self.raw["metadata"]["generation"] += 1

    def delete(self) -> None:
        """A person deletes the resource, and the operator that is there hears of it."""
        ledger = self.raw.get("status", {}).get("cost", {}).get("ledger")
        if ledger is not None:
            self.world.accounts_left[KEY] = ledger
        self.world.resource_now = None
        self._swept = self.now + SECOND

    def run(self, seconds: int) -> "Stage":
        """Let so much time go by."""
        end = NOW + seconds * SECOND
        with asyncio.Runner() as runner:
            while self.now < end:
                self._step(runner)
                ahead = [*self._happenings(), self.wake, end]
                self.now = min(when for when in ahead if when > self.now)
        return self

    def truth(self, until: datetime) -> Decimal:
        """What all pods have cost until then, by their own instants, in USD: one for each second."""
        spans = (min(one.gone or until, until) - one.bound for one in self.lives)
        return sum((Decimal(max(0, int(span.total_seconds()))) for span in spans), Decimal(0))

    def _happenings(self) -> list[datetime]:
        of_pods = [when for one in self.lives for when in one.instants()]
        worked = [since + WORK for since in self._rested.values()]
        swept = [self._swept] if self._swept else []
        return [*of_pods, *worked, *swept, *(NOW + deed.at * SECOND for deed in self._script)]

    def _step(self, runner: asyncio.Runner) -> None:
        caused = self.now in self._happenings()
        for deed in self._script:
            if NOW + deed.at * SECOND == self.now:
                deed.do(self)
        self._sweep()
        self._kubelet()
        if self.now < self._back:
            self.wake = self._back
            self._control()
            return
        if caused or self.now >= self.wake:
            self._look(runner)
        for _ in range(MOST_LOOKS):
            if self.now < self._back or not self._control():
                return
            self._look(runner)
        message = f"{self.now}: operator and controllers keep each other busy"
        raise AssertionError(message)

    def _restart(self) -> None:
        self._reconciler = Reconciler(self.world, lambda: self.now, "llamafleet-system", catalogue())
        self._back = self.now

    def _die(self) -> None:
        """The next operator begins with what the cluster holds; a standby has heard everything, too."""
        self.deaths += 1
        self.world.crashes.pop(0)
        self.world.written = 0
        if not self._standby:
            self.world.gone = ()
            self.world.accounts_left.clear()
        self._restart()
        self._back = self.now + AWAY
        self.wake = self._back

    def _look(self, runner: asyncio.Runner) -> None:
        self.world.readings = {one.uid: self._load(one) for one in self.world.running}
        try:
            outcome = runner.run(self._reconciler.reconcile(KEY))
        except Killed:
            self._die()
            return
        seconds = RESYNC.total_seconds() if outcome is None else outcome.wake_seconds
        self.wake = self.now + min(RESYNC, timedelta(seconds=-(-max(1.0, min(seconds, 1e6)) // 1)))

    def _load(self, one: PodSeen) -> Load:
        rested = self._rested.get(one.name)
        works = self.busy and (rested is None or self.now < rested + WORK)
        return Load(5 if works else 0, 0, 100, 10)

    def _sweep(self) -> None:
        """The garbage collector: children go with their owner."""
        if self._swept == self.now:
            self.world.objects.clear()
            for one in self.world.running:
                self._end(one)

    def _kubelet(self) -> None:
        """Pods get their nodes, load, become ready, and go."""
        there = {life.name: life for life in self.lives}
        gone = [one for one in self.world.running if there[one.name].gone == self.now]
        self.world.running = tuple(one for one in self.world.running if one not in gone)
        if self.now >= self._back or self._standby:  # nobody hears of it else
            self.world.gone = (*self.world.gone, *(Departed(one, self.now) for one in gone))
        for one in self.world.running:
            life = there[one.name]
            if not one.deleting:
                self._change(one, **self._state(life))
            self._rested = {
                each.name: each.resting for each in self.world.running if each.resting is not None
            }

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
        self.world.running = tuple(changed if each.uid == one.uid else each for each in self.world.running)

    def _control(self) -> bool:
        """Deployment and ReplicaSets do their part; whether there was anything to do."""
        self._kubelet()
        deployment = self.world.objects.get("Deployment")
        if deployment is None:
            return False
        template = hashlib.sha256(orjson.dumps(deployment["spec"]["template"])).hexdigest()[:8]
        of = {life.name: life.template for life in self.lives}
        pods = [one for one in self.world.running if one.active]
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

    def _rank(self, one: PodSeen, is_new: bool) -> tuple[Any, ...]:  # noqa: FBT001
        """The ReplicaSet controller's own order, after that of the Deployment: the lowest goes first."""
        return is_new, one.node is not None, one.ready, one.deletion_cost, -one.created.timestamp(), one.name

    def _begin(self, template: str) -> None:
        life = Life(f"llama-{len(self.lives)}", template, self.now)
        self.lives.append(life)
        made = pod(name=life.name, uid=f"uid-{life.name}", created=self.now, pool="own", gpus=1)
        self.world.running = (*self.world.running, replace(made, **self._state(life)))

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
        pods = [one for one in self.world.running if one.active]
        of = {life.name: life.template for life in self.lives}
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(pods),
            "updatedReplicas": sum(of[one.name] == template for one in pods),
            "readyReplicas": sum(one.ready for one in pods),
        }
