"""What was there when we looked: values, and what they say together. Nothing is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.memory import NO_MEMORY, Memory
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import ChildSeen, Departed, Load, PodSeen, WakerSeen
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.coldstart import ColdStarts
from llamafleet.planning.demand import STEP as DEMAND
from llamafleet.planning.earlyclosing import EarlyClosing
from llamafleet.planning.money.ledger import spent
from llamafleet.planning.plan import Observation, RunningShape, UnusablePool
from llamafleet.planning.scaling.capacity import cap
from llamafleet.planning.scaling.reading import signals
from llamafleet.planning.scaling.signals import Signals
from llamafleet.planning.schedule.opening import Overrides
from llamafleet.reconcile.looks import Look


@dataclass(frozen=True, slots=True)
class Fleet:
    """The pods of a resource, and what they say.

    Attributes:
        pods: every pod that exists, oldest first.
        departed: the pods that went since somebody last accounted for them.
        version: up to which resource version all is known of both; None: nobody says.
        loads: what ready pods say of their work, by uid; None when nobody needs to know.
        spot: whether a node is a spot node, by name, where that decides a price.
        logs: the end of the log of containers that ended, by pod uid.
        held: how many requests the wakers hold for it; None: there is no waker, or none answered.
    """

    pods: tuple[PodSeen, ...]
    departed: tuple[Departed, ...]
    loads: Mapping[str, Load] | None
    spot: Mapping[str, bool | None]
    logs: Mapping[str, str]
    held: int | None = None
    version: int | None = None

    @property
    def active(self) -> tuple[PodSeen, ...]:
        """The pods that are not on their way out."""
        return tuple(pod for pod in self.pods if pod.active)

    @property
    def serving(self) -> tuple[PodSeen, ...]:
        """The pods that get requests, or will once they are ready: those that do not rest before they go."""
        return tuple(pod for pod in self.active if pod.resting is None)

    @property
    def idle(self) -> bool | None:
        """Whether every active pod is ready and has nothing to do; None without a reading of each."""
        loads = [(self.loads or {}).get(pod.uid) if pod.ready else None for pod in self.active]
        read = [load for load in loads if load is not None]
        return all(load.idle for load in read) if loads and len(read) == len(loads) else None

    @property
    def asked(self) -> tuple[PodSeen, ...]:
        """The pods whose queue counts: those that answer new requests."""
        return tuple(pod for pod in self.serving if pod.ready)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was there when we looked.

    Attributes:
        metadata: the metadata of the resource.
        llama: the resource, or why its spec cannot be read.
        suspended: whether the author wants the fleet to sleep. Known of a spec that cannot be read, too: an
            operator that is stricter than the one before must not keep anybody from saving money.
        overrides: what its annotations ask for, or why one of them cannot be read.
        before: the status that we wrote last, as the API server holds it.
        last_status: the same, parsed; an empty one when somebody garbled it.
        pools: every GpuPool that can be read.
        unreadable: the GpuPools that cannot.
        last_ledger: the account that we wrote last, whatever became of the rest, else the one that a deleted
            namesake has left; None when there is none to be read.
        children: its children, by kind.
        fleet: its pods.
        waker: where its requests may go while no replica is ready; None: nowhere.
        last_look: the last look of this process at its queue; None: there was none.
        now: when we looked, UTC.
    """

    metadata: ObjectMeta
    llama: LlamaDeployment | InvalidSpec
    suspended: bool
    overrides: Overrides | InvalidSpec
    before: Mapping[str, Any]
    last_status: LlamaDeploymentStatus
    pools: tuple[GpuPool, ...]
    unreadable: tuple[UnusablePool, ...]
    last_ledger: Ledger | None
    children: Mapping[str, ChildSeen]
    fleet: Fleet
    waker: WakerSeen | None
    last_look: Look | None
    now: datetime

    @property
    def answered(self) -> int:
        """How many of the pods whose queue can be read gave a reading, now or at the look before.

        A busy server is late with one answer now and then: that is no news, as long as the next one comes.
        """
        before = self.last_look.loads if self.last_look else {}
        read = (self.fleet.loads or {}).keys() | before.keys()
        return sum(pod.uid in read for pod in self.fleet.asked)

    def observation(self, ledger: Ledger, starts: ColdStarts) -> Observation:
        """The part of it that the plan depends on.

        Args:
            ledger: what the fleet has cost this month.
            starts: how long its pods took to become ready.
        """
        schedule = self.last_status.schedule
        early = EarlyClosing(schedule.idle_since, schedule.closed_early_until) if schedule else EarlyClosing()
        return Observation(
            now=self.now,
            replicas=self.decided_last(),
            running=self._running(),
            overrides=self.overrides if isinstance(self.overrides, Overrides) else Overrides(),
            cold_starts=starts,
            spent_usd=spent(ledger, self.now),
            paid=len(ledger.meters),
            warming_for=self._warming_for(),
            idle=self.fleet.idle,
            early=early,
            was_closed=schedule is not None and not schedule.open,
            signals=self._signals(),
            memory=self._memory(),
            can_wake=self.fleet.held is not None,
            slept=self.waker is not None and self.waker.chosen and self._asked_last() == 0,
            room=cap(self.fleet.active, self.now),
        )

    def _signals(self) -> Signals | None:
        """The queue, where somebody scales by it."""
        if isinstance(self.llama, InvalidSpec) or self.llama.spec.scaling is None:
            return None
        last = self.last_look
        return signals(
            self.fleet.serving,
            self.fleet.loads or {},
            before=last.loads if last else {},
            held=self.fleet.held,
            seconds=(self.now - last.at).total_seconds() if last else None,
            wanted=self.decided_last() or 0,
        )

    def _memory(self) -> Memory:
        """What the autoscaler remembers: from the last look of this process, else from the status."""
        if self.last_look is not None:
            return self.last_look.memory
        return self.last_status.scaling or NO_MEMORY

    def _asked_last(self) -> int | None:
        """What the first step of the last decision asked for."""
        return next((one.replicas for one in self.last_status.reasons if one.step == DEMAND), None)

    def _warming_for(self) -> datetime | None:
        """The opening for which replicas were started early: wanted, although it was closed."""
        schedule = self.last_status.schedule
        is_early = schedule is not None and not schedule.open and bool(self.decided_last())
        return schedule.next_transition if schedule is not None and is_early else None

    def _running(self) -> RunningShape | None:
        """The shape of the pods that run; None when none should, so that the next start is free to choose."""
        plan, decided = self.last_status.plan, self.decided_last()
        if plan is None or not decided:
            return None
        return RunningShape(
            pool=plan.pool,
            quantization=plan.quantization,
            tensor_parallel=plan.tensor_parallel,
            pipeline_parallel=plan.pipeline_parallel or 1,  # a status of an older release knows no stages
            checkpoint=plan.checkpoint,
        )

    def decided_last(self) -> int | None:
        """The count that was decided last: None before there is a Deployment.

        The status says it; when somebody garbled the status, the Deployment still knows.
        """
        deployment = self.children.get("Deployment")
        if deployment is None:
            return None
        if self.last_status.observed_generation < 0:
            replicas: int = orjson.loads(deployment.body)["spec"]["replicas"]
            return replicas
        return self.last_status.desired_replicas


def read_status(raw: Mapping[str, Any]) -> LlamaDeploymentStatus:
    """A status as it was written; an empty one when somebody garbled it."""
    try:
        return LlamaDeploymentStatus.model_validate(raw)
    except ValidationError:
        return LlamaDeploymentStatus()


def own_ledger(status: Mapping[str, Any]) -> Ledger | None:
    """The account in a status; None when there is none that can be read."""
    try:
        return read_ledger(status["cost"]["ledger"])
    except (KeyError, TypeError):
        return None


def read_ledger(raw: Any) -> Ledger | None:  # noqa: ANN401 - any JSON value
    """An account as it was written; None when somebody garbled it."""
    try:
        return Ledger.model_validate(raw)
    except ValidationError:
        return None
