"""Gather: everything that one decision needs, read once."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import ChildSeen, Departed, Key, Load, PodSeen
from llamafleet.api.problem import validation_problem
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import Forbidden, InvalidSpec, Unavailable
from llamafleet.planning.coldstart import ColdStarts
from llamafleet.planning.diagnosis import needs_log
from llamafleet.planning.earlyclosing import EarlyClosing
from llamafleet.planning.money.ledger import spent
from llamafleet.planning.money.rates import sells_spot
from llamafleet.planning.plan import Observation, RunningShape, UnusablePool
from llamafleet.planning.schedule.opening import Overrides, read_overrides
from llamafleet.reconcile.ports import Views

log = logging.getLogger(__name__)

MOST_LOGS: Final = 2
"""How many logs one look fetches, of the youngest pods: pods of one template fail alike."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The pods of a resource, and what they say.

    Attributes:
        pods: every pod that exists, oldest first.
        departed: the pods that went since somebody last accounted for them.
        loads: what ready pods say of their work, by uid; None when nobody needs to know.
        spot: whether a node is a spot node, by name, where that decides a price.
        logs: the end of the log of containers that ended, by pod uid.
    """

    pods: tuple[PodSeen, ...]
    departed: tuple[Departed, ...]
    loads: Mapping[str, Load] | None
    spot: Mapping[str, bool | None]
    logs: Mapping[str, str]

    @property
    def active(self) -> tuple[PodSeen, ...]:
        """The pods that are not on their way out."""
        return tuple(pod for pod in self.pods if pod.active)

    def is_idle(self, pod: PodSeen) -> bool | None:
        """Whether a pod has nothing to do; None without a reading."""
        load = (self.loads or {}).get(pod.uid)
        return None if load is None else load.running + load.waiting == 0

    @property
    def idle(self) -> bool | None:
        """Whether every active pod is ready and has nothing to do; None without a reading of each."""
        answers = [self.is_idle(pod) if pod.ready else None for pod in self.active]
        return None if not answers or None in answers else all(answers)


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
        pools: every GpuPool that can be read.
        unreadable: the GpuPools that cannot.
        carried: the account that a deleted namesake has left, for a resource that has none yet.
        children: its children, by kind.
        fleet: its pods.
        now: when we looked, UTC.
    """

    metadata: ObjectMeta
    llama: LlamaDeployment | InvalidSpec
    suspended: bool
    overrides: Overrides | InvalidSpec
    before: Mapping[str, Any]
    pools: tuple[GpuPool, ...]
    unreadable: tuple[UnusablePool, ...]
    carried: Ledger | None
    children: Mapping[str, ChildSeen]
    fleet: Fleet
    now: datetime

    @property
    def last_status(self) -> LlamaDeploymentStatus:
        """The status that we wrote last, parsed; an empty one when somebody garbled it."""
        try:
            return LlamaDeploymentStatus.model_validate(self.before)
        except ValidationError:
            return LlamaDeploymentStatus()

    @property
    def last_ledger(self) -> Ledger | None:
        """The account that we wrote last, whatever became of the rest; None when there is none to be read."""
        return _own_ledger(self.before) or self.carried

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
            replicas=self._decided_last(),
            running=self._running(),
            overrides=self.overrides if isinstance(self.overrides, Overrides) else Overrides(),
            cold_starts=starts,
            spent_usd=spent(ledger, self.now),
            paid=len(ledger.meters),
            warming_for=self._warming_for(),
            idle=self.fleet.idle,
            early=early,
        )

    def _warming_for(self) -> datetime | None:
        """The opening for which replicas were started early: wanted, although it was closed."""
        schedule = self.last_status.schedule
        is_early = schedule is not None and not schedule.open and bool(self._decided_last())
        return schedule.next_transition if schedule is not None and is_early else None

    def _running(self) -> RunningShape | None:
        """The shape of the pods that run; None when none should, so that the next start is free to choose."""
        plan, decided = self.last_status.plan, self._decided_last()
        if plan is None or not decided:
            return None
        return RunningShape(
            pool=plan.pool,
            quantization=plan.quantization,
            tensor_parallel=plan.tensor_parallel,
            pipeline_parallel=plan.pipeline_parallel or 1,  # a status of an older release knows no stages
            checkpoint=plan.checkpoint,
        )

    def _decided_last(self) -> int | None:
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


async def observe(world: Views, key: Key, now: datetime) -> Seen | None:
    """Look at one resource and everything around it; None when the resource is gone or going.

    Raises:
        Unavailable: the API server did not answer.
    """
    raw = await world.resource(key)
    if raw is None or raw["metadata"].get("deletionTimestamp"):
        return None
    metadata, llama = ObjectMeta.model_validate(raw["metadata"]), _read(raw)
    read = [_read_pool(pool) for pool in await world.pools()]
    pools = tuple(pool for pool in read if isinstance(pool, GpuPool))
    return Seen(
        metadata=metadata,
        llama=llama,
        suspended=raw["spec"].get("suspend") is True,
        overrides=_overrides(metadata),
        before=raw.get("status", {}),
        pools=pools,
        unreadable=tuple(pool for pool in read if isinstance(pool, UnusablePool)),
        carried=await _carried(world, key, raw.get("status", {})),
        children=world.children(key),
        fleet=await _fleet(world, key, llama, pools),
        now=now,
    )


async def _carried(world: Views, key: Key, status: Mapping[str, Any]) -> Ledger | None:
    """What a namesake has left; nobody asks once the resource has an account of its own."""
    if _own_ledger(status) is not None:
        return None
    try:
        raw = await world.carried_over(key)
    except Forbidden as error:  # rights of an older release: the fleet begins at nothing, as it did then
        log.warning("%s: %s", key, error)
        return None
    return None if raw is None else read_ledger(raw)


def _own_ledger(status: Mapping[str, Any]) -> Ledger | None:
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


async def _fleet(
    world: Views, key: Key, llama: LlamaDeployment | InvalidSpec, pools: tuple[GpuPool, ...]
) -> Fleet:
    pods, departed = world.pods(key), world.departed(key)
    active = tuple(pod for pod in pods if pod.active)
    return Fleet(
        pods=pods,
        departed=departed,
        loads=await world.loads(active) if _needs_loads(llama) else None,
        spot=await _spot(world, (*pods, *(one.pod for one in departed)), pools),
        logs=await _logs(world, key.namespace, active),
    )


def _needs_loads(llama: LlamaDeployment | InvalidSpec) -> bool:
    """Who pays by the month wants to know what stood idle; who closes when idle, when that is."""
    if isinstance(llama, InvalidSpec):
        return False
    schedule = llama.spec.schedule
    return llama.spec.cost is not None or (schedule is not None and schedule.close_when_idle)


async def _spot(
    world: Views, pods: tuple[PodSeen, ...], pools: tuple[GpuPool, ...]
) -> dict[str, bool | None]:
    """Which nodes are spot nodes, of those whose pool sells both kinds of capacity."""
    both = {pool.metadata.name for pool in pools if sells_spot(pool)}
    nodes = sorted({pod.node for pod in pods if pod.node is not None and pod.pool in both})
    return {node: await _is_spot(world, node) for node in nodes}


async def _is_spot(world: Views, node: str) -> bool | None:
    """A node that cannot be looked at now is taken for a dear one, until the next look."""
    try:
        return await world.is_spot(node)
    except Unavailable:
        return None


def _overrides(metadata: ObjectMeta) -> Overrides | InvalidSpec:
    """What the annotations ask for; a mistake there must not stop the fleet."""
    try:
        return read_overrides(metadata.annotations)
    except InvalidSpec as error:
        return error


def _read(raw: Mapping[str, Any]) -> LlamaDeployment | InvalidSpec:
    """The typed resource. The API server has checked it already, by the schema of a CRD that may be older."""
    try:
        return LlamaDeployment.model_validate({**raw, "status": {}})
    except ValidationError as error:
        return validation_problem(error)


def _read_pool(raw: Mapping[str, Any]) -> GpuPool | UnusablePool:
    """The typed pool; one that cannot be read must not stop resources that use others."""
    try:
        return GpuPool.model_validate(raw)
    except ValidationError as error:
        return UnusablePool(raw["metadata"]["name"], str(validation_problem(error)))


async def _logs(world: Views, namespace: str, pods: tuple[PodSeen, ...]) -> dict[str, str]:
    """The logs that explain failed containers. A log that cannot be had stops nothing."""
    unexplained = [pod for pod in pods if needs_log(pod)][-MOST_LOGS:]
    texts = await asyncio.gather(*(_log(world, namespace, pod) for pod in unexplained))
    return {pod.uid: text for pod, text in zip(unexplained, texts, strict=True)}


async def _log(world: Views, namespace: str, pod: PodSeen) -> str:
    try:
        return await world.log_of(namespace, pod)
    except Unavailable:
        return ""
