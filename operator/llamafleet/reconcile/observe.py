"""Gather: everything that one decision needs, read once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import ChildSeen, Key, PodSeen
from llamafleet.api.problem import validation_problem
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import InvalidSpec, Unavailable
from llamafleet.planning.diagnosis import needs_log
from llamafleet.planning.plan import Observation, RunningShape, UnusablePool
from llamafleet.reconcile.ports import Views

MOST_LOGS: Final = 2
"""How many logs one look fetches, of the youngest pods: pods of one template fail alike."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was there when we looked.

    Attributes:
        metadata: the metadata of the resource.
        llama: the resource, or why its spec cannot be read.
        suspended: whether the author wants the fleet to sleep. Known of a spec that cannot be read, too: an
            operator that is stricter than the one before must not keep anybody from saving money.
        before: the status that we wrote last, as the API server holds it.
        pools: every GpuPool that can be read.
        unreadable: the GpuPools that cannot.
        children: its children, by kind.
        pods: its pods that are not on their way out.
        logs: the end of the log of containers that ended, by pod uid.
        now: when we looked, UTC.
    """

    metadata: ObjectMeta
    llama: LlamaDeployment | InvalidSpec
    suspended: bool
    before: Mapping[str, Any]
    pools: tuple[GpuPool, ...]
    unreadable: tuple[UnusablePool, ...]
    children: Mapping[str, ChildSeen]
    pods: tuple[PodSeen, ...]
    logs: Mapping[str, str]
    now: datetime

    @property
    def last_status(self) -> LlamaDeploymentStatus:
        """The status that we wrote last, parsed; an empty one when somebody garbled it."""
        try:
            return LlamaDeploymentStatus.model_validate(self.before)
        except ValidationError:
            return LlamaDeploymentStatus()

    @property
    def observation(self) -> Observation:
        """The part of it that the plan depends on."""
        return Observation(now=self.now, replicas=self._decided_last(), running=self._running())

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
    pods = world.pods(key)
    pools = [_read_pool(pool) for pool in await world.pools()]
    return Seen(
        metadata=ObjectMeta.model_validate(raw["metadata"]),
        llama=_read(raw),
        suspended=raw["spec"].get("suspend") is True,
        before=raw.get("status", {}),
        pools=tuple(pool for pool in pools if isinstance(pool, GpuPool)),
        unreadable=tuple(pool for pool in pools if isinstance(pool, UnusablePool)),
        children=world.children(key),
        pods=pods,
        logs=await _logs(world, key.namespace, pods),
        now=now,
    )


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
