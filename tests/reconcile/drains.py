"""Stories of a fleet that grows and shrinks while its pods work: a small model of what else acts on it.

A ReplicaSet takes pods in the controller's own order. Requests come to ready pods that do not rest, and now
and then to one that does, for kube-proxy keeps the connections that there are. The operator looks when
something has changed, and when it has asked to.
"""

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from builders import NOW, pod, raw_llama
from llamafleet.api.observed import Key, Load, PodSeen
from llamafleet.catalogue import catalogue
from llamafleet.errors import Unavailable
from llamafleet.reconcile.reconciler import Reconciler
from llamafleet.reconcile.workers import RESYNC_SECONDS
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
STEP = timedelta(seconds=5)
TIME = timedelta(minutes=3)
"""Of spec.schedule.drainTimeout."""

MEDDLING = 0.12
"""How often somebody does something."""

PROMPT = 0.7
"""How often the controllers act before the next step."""

DOWN = Unavailable("the API server is busy")
LIMITS = {None: 99, "1.00": 0, "2.50": 2, "4.00": 3}
"""How many replicas at 1.19 USD/h each hourly limit pays for."""


@dataclass(frozen=True)
class Went:
    """A pod that was asked to end.

    Attributes:
        at: when.
        pod: as it was seen at the look at which it was decided who goes.
        work: what it had to do then.
        excuse: what allowed to end it whatever it did; empty: nothing.
    """

    at: datetime
    pod: PodSeen
    work: int
    excuse: str


@dataclass
class Drains:
    """One story.

    Attributes:
        seed: of its chances.
        wrong: what was not as it must be.
        went: who was asked to end.
    """

    seed: int
    wrong: list[str] = field(default_factory=list)
    went: list[Went] = field(default_factory=list)

    def __post_init__(self) -> None:
        """One replica is wanted, and none is there."""
        self.chance = random.Random(self.seed)  # noqa: S311 - a story, not a secret
        always = {"name": "always", "start": "0 0 * * *", "duration": "24h"}
        schedule = {"timeZone": "UTC", "windows": [always], "drainTimeout": "3m"}
        self.world = Memory(raw_llama(replicas=1, schedule=schedule))
        self.now, self.wake, self.born = NOW, NOW, 0
        self.work: dict[str, int] = {}
        self.seen: dict[str, tuple[PodSeen, int, bool]] = {}
        self.rolls = False  # when the Deployment shrank last
        self.silent: set[str] = set()
        self.ready_at: dict[str, datetime] = {}
        self.template: dict[str, Any] = {}
        self.older: set[str] = set()
        self.pressed = False  # a new choice came before the ReplicaSet had gone down to the last count
        self.given_up: set[str] = set()  # who was there when all had to go
        self.restart()

    def restart(self) -> None:
        """The operator begins with what the cluster holds."""
        self.reconciler = Reconciler(self.world, lambda: self.now, "llamafleet-system", catalogue())
        self.wake = self.now

    def live(self, steps: int) -> None:
        """So many steps, with whatever people, networks and servers do."""
        for _ in range(steps):
            caused = self._meddle() if self.chance.random() < MEDDLING else False
            self.step(caused=caused)

    def calm(self, steps: int) -> None:
        """So many steps in which nobody does anything, and all work is finished."""
        self.silent.clear()
        if self.world.refused or self.spec.keys() & {"suspend", "gpu", "cost"}:
            self._mend()
            self.wake = self.now
        for _ in range(steps):
            self.work = {name: max(0, work - 1) for name, work in self.work.items()}
            self.step(caused=False, requests=False)

    def step(self, *, caused: bool, requests: bool = True) -> None:
        """Five seconds."""
        self.now += STEP
        if requests:
            self._serve()
        caused = self._kubelet() or caused
        if caused or self.now >= self.wake:
            self._look()
        told = self._told()
        while (not requests or self.chance.random() < PROMPT) and self._control():
            self._look()
        if not requests and told != self._told():
            self._look()

    @property
    def pods(self) -> tuple[PodSeen, ...]:
        """The pods that are not on their way out."""
        return tuple(one for one in self.world.running if one.active)

    @property
    def spec(self) -> dict[str, Any]:
        """Of the resource."""
        assert self.world.resource_now is not None
        found: dict[str, Any] = self.world.resource_now["spec"]
        return found

    @property
    def wanted(self) -> int:
        """What was decided last."""
        assert self.world.resource_now is not None
        found: int = self.world.resource_now.get("status", {}).get("desiredReplicas", 0)
        return found

    @property
    def replicas(self) -> int:
        """Of the Deployment."""
        deployment = self.world.objects.get("Deployment")
        found: int = deployment["spec"]["replicas"] if deployment else 0
        return found

    def edit(self, **fields: Any) -> bool:
        """The author changes the spec; None takes a field away."""
        assert self.world.resource_now is not None
        spec = {**self.spec, **fields}
        self.world.resource_now["spec"] = {name: value for name, value in spec.items() if value is not None}
        self.world.resource_now["metadata"]["generation"] += 1
        return True

    def _meddle(self) -> bool:
        """Somebody does something; whether the operator hears of it."""
        deeds: tuple[Any, ...] = (
            *[lambda: self.edit(replicas=self.chance.choice((0, 1, 2, 2, 3, 4, 5, 6)))] * 9,
            lambda: self.edit(suspend=self.chance.random() < 0.2 or None),
            lambda: self.edit(gpu={"pools": ["gone"]} if self.chance.random() < 0.3 else None),
            lambda: self.edit(cost=self._limit()),
            lambda: self.edit(serving={"image": f"vllm/vllm-openai:v0.{self.chance.randint(1, 3)}"}),
            self.restart,
            self._refuse,
            self._mend,
            self._fall_silent,
            self._stumble,
        )
        return self.chance.choice(deeds)() is not None

    def _limit(self) -> dict[str, str] | None:
        limit = self.chance.choice(list(LIMITS))
        return None if limit is None else {"hourlyLimit": limit}

    def _mend(self) -> bool:
        """All that was suspended, refused or limited is so no more."""
        self.world.refused.clear()
        return self.edit(suspend=None, gpu=None, cost=None)

    def _refuse(self) -> None:
        kinds = self.chance.sample(["Pod", "Deployment", "status"], self.chance.randint(0, 2))
        self.world.refused = dict.fromkeys(kinds, DOWN)

    def _fall_silent(self) -> None:
        self.silent = {one.name for one in self.pods if self.chance.random() < 0.5}

    def _stumble(self) -> bool:
        """A readiness probe fails once, or for long."""
        for one in self.pods[: self.chance.randint(0, 1)]:
            self._change(one, ready=False)
            self.ready_at[one.name] = self.now + self.chance.randint(1, 20) * STEP
        return True

    def _serve(self) -> None:
        """Requests come and end."""
        for one in self.pods:
            is_held = one.name.endswith("3")  # by a client that keeps its connection
            comes = one.ready and (one.resting is None or is_held or self.chance.random() < 0.05)
            work = self.work.get(one.name, 0) - self.chance.randint(0, 2)
            self.work[one.name] = max(0, work) + (self.chance.randint(0, 4) if comes else 0)

    def _kubelet(self) -> bool:
        """Pods become ready, and those that were asked to end do, once they have nothing to do."""
        before = self.world.running
        for one in self.pods:
            if not one.ready and self.now >= self.ready_at[one.name]:
                self._change(one, ready=True, phase="Running", node="a100-0")
        ended = {one.name for one in before if one.deleting and not self.work.pop(one.name, 0)}
        self.world.running = tuple(one for one in self.world.running if one.name not in ended)
        return self.world.running != before

    def _change(self, one: PodSeen, **changes: Any) -> None:
        changed = replace(one, **changes)
        self.world.running = tuple(changed if each.uid == one.uid else each for each in self.world.running)

    def _look(self) -> None:
        before, rests = self.replicas, {one.uid for one in self.pods if one.resting is not None}
        asked_last, marks = self.wanted, {one.uid: one.deletion_cost for one in self.pods}
        seen = {one.uid: (one, self.work.get(one.name, 0), one.name in self.silent) for one in self.pods}
        self.world.readings = {
            one.uid: Load(self.work.get(one.name, 0), 0) for one in self.pods if one.name not in self.silent
        }
        try:
            outcome = asyncio.run(self.reconciler.reconcile(KEY))
        except Unavailable:
            self.wake = self.now + STEP
        else:
            assert outcome is not None
            self.wake = self.now + timedelta(seconds=min(RESYNC_SECONDS, outcome.wake_seconds))
        if self.replicas < before or marks != {one.uid: one.deletion_cost for one in self.pods}:
            self.seen, self.rolls = seen, self._rolls()
            self.pressed = len(self.pods) > before
        if not self.replicas:
            self.given_up |= {one.uid for one in self.pods}
        self._judge(before, max(asked_last, self.wanted, self.spec["replicas"]), rests)

    def _judge(self, before: int, wanted: int, rests: set[str]) -> None:
        """What must hold after every look."""
        if self.replicas > max(before, wanted):
            self.wrong.append(
                f"{self.now} the Deployment grew from {before} to {self.replicas}, for {wanted}"
            )
        for one in self.pods:
            if one.uid in rests and one.resting is not None and self.replicas and not self.world.refused:
                over = self.now - one.resting - TIME
                if over > STEP and len(self.pods) <= self.replicas:
                    self.wrong.append(f"{self.now} {one.name} rests, {over} beyond its time")
        self._judge_choice(before)
        ready = [one for one in self.pods if one.ready]
        serving = sum(one.resting is None for one in ready)
        if not self.world.refused and self.replicas and serving < min(self.wanted, len(ready)):
            self.wrong.append(
                f"{self.now} {serving} of {len(ready)} ready pods serve, {self.wanted} are wanted"
            )

    def _judge_choice(self, before: int) -> None:
        """Where all are alike, the least busy leave."""
        known = [(one.ready, one.name not in self.silent, one.uid not in self.older) for one in self.pods]
        if self.world.refused or not self.replicas or not all(map(all, known)):
            return
        leaving = [one for one in self.pods if one.resting == self.now]
        if self.replicas < max(before, len(self.pods)):
            leaving += [one for one in self.pods if one.deletion_cost < 0]
        left = [one for one in self.pods if one not in leaving and one.resting is None]
        most = max(
            (self.work.get(one.name, 0) for one in leaving if one.resting in {None, self.now}), default=0
        )
        least = min((self.work.get(one.name, 0) for one in left), default=most)
        if most > least:
            self.wrong.append(f"{self.now} one with {most} leaves, one with {least} stays")

    def _control(self) -> bool:
        """What the Deployment and its ReplicaSets do; whether there was anything to do."""
        deployment = self.world.objects.get("Deployment")
        if deployment is None:
            return False
        template = deployment["spec"]["template"]
        is_new = bool(self.template) and template != self.template
        self.older |= {one.uid for one in self.pods} if is_new else set()
        self.template = template
        ranked = sorted(self.pods, key=self._rank)
        doomed = ranked[: max(0, len(ranked) - self.replicas)]
        old = [one for one in ranked if one.uid in self.older]
        if not doomed and old and (all(one.ready for one in ranked) or not old[0].ready):
            doomed = old[:1]
        for one in doomed:
            self._end(one)
        fewer = self.replicas - len(self.pods)
        for _ in range(fewer):
            self._begin()
        self._tell(deployment)
        return bool(doomed) or fewer > 0 or is_new

    def _rank(self, one: PodSeen) -> tuple[Any, ...]:
        """The ReplicaSet controller's own order: the lowest goes first."""
        return (
            one.node is not None,
            one.phase != "Pending",
            one.ready,
            one.deletion_cost,
            -one.created.timestamp(),
        )

    def _end(self, one: PodSeen) -> None:
        was, work, silent = self.seen.get(one.uid, (one, 0, False))
        excuse = {
            "all go": one.uid in self.given_up,
            "not ready": not (was.ready and one.ready),
            "rollout": self.rolls or self._rolls(),
            "silent": silent and was.resting is None,
            "money": len(self.pods) > LIMITS[self.spec.get("cost", {}).get("hourlyLimit")],
            "pressed": self.pressed,
            "labels refused": "Pod" in self.world.refused,
            "time": was.resting is not None and self.now - was.resting >= TIME,
        }
        self.went.append(Went(self.now, was, work, next((why for why in excuse if excuse[why]), "")))
        self.older.discard(one.uid)
        self._change(one, deleting=True, ready=False)

    def _rolls(self) -> bool:
        """Whether there are pods of two templates."""
        return bool(self.older & {one.uid for one in self.pods})

    def _begin(self) -> None:
        self.born += 1
        name = f"llama-{self.born}"
        self.ready_at[name] = self.now + self.chance.randint(1, 30) * STEP
        made = pod(name=name, uid=name, created=self.now, phase="Pending", node=None)
        self.world.running = (*self.world.running, made)

    def _told(self) -> Any:
        """The Deployment's own account."""
        return self.world.objects.get("Deployment", {}).get("status")

    def _tell(self, deployment: dict[str, Any]) -> None:
        """The Deployment's own account."""
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(self.pods),
            "updatedReplicas": sum(one.uid not in self.older for one in self.pods),
            "readyReplicas": sum(one.ready for one in self.pods),
        }
