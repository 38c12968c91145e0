"""Gather: everything that one decision needs, read once."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import Key, PodSeen
from llamafleet.api.problem import validation_problem
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import Forbidden, InvalidSpec, Unavailable
from llamafleet.planning.diagnosis import needs_log
from llamafleet.planning.money.rates import sells_spot
from llamafleet.planning.plan import UnusablePool
from llamafleet.planning.schedule.opening import Overrides, read_overrides
from llamafleet.reconcile.looks import Looks
from llamafleet.reconcile.ports import Views
from llamafleet.reconcile.seen import Fleet, Seen, own_ledger, read_ledger, read_status

log = logging.getLogger(__name__)

MOST_LOGS: Final = 2
"""How many logs one look fetches, of the youngest pods: pods of one template fail alike."""


async def observe(world: Views, looks: Looks, key: Key, now: datetime) -> Seen | None:
    """Look at one resource and everything around it; None when the resource is gone or going.

    Raises:
        Unavailable: the API server did not answer.
    """
    raw = await world.resource(key)
    if raw is None or raw["metadata"].get("deletionTimestamp"):
        return None
    before = raw.get("status", {})
    last_status = read_status(before)
    metadata, llama = ObjectMeta.model_validate(raw["metadata"]), _read(raw)
    pools, unreadable = await read_pools(world)
    return Seen(
        metadata=metadata,
        llama=llama,
        suspended=raw["spec"].get("suspend") is True,
        overrides=_overrides(metadata),
        before=before,
        last_status=last_status,
        pools=pools,
        unreadable=unreadable,
        last_ledger=await _ledger(world, key, before, last_status),
        children=world.children(key),
        fleet=await _fleet(world, key, llama, pools),
        waker=world.waker(key),
        last_look=looks.last(key, metadata.uid),
        now=now,
    )


async def read_pools(world: Views) -> tuple[tuple[GpuPool, ...], tuple[UnusablePool, ...]]:
    """Every GpuPool that can be read, and those that cannot."""
    read = [_read_pool(pool) for pool in await world.pools()]
    pools = tuple(pool for pool in read if isinstance(pool, GpuPool))
    return pools, tuple(pool for pool in read if isinstance(pool, UnusablePool))


async def _ledger(
    world: Views, key: Key, raw: Mapping[str, Any], status: LlamaDeploymentStatus
) -> Ledger | None:
    """The account of the resource; while it has none of its own, what a namesake has left."""
    own = status.cost.ledger if status.cost else own_ledger(raw)
    return own or await _carried(world, key)


async def _carried(world: Views, key: Key) -> Ledger | None:
    """What a namesake has left."""
    try:
        raw = await world.carried_over(key)
    except Forbidden as error:  # rights of an older release: the fleet begins at nothing, as it did then
        log.warning("%s: %s", key, error)
        return None
    return None if raw is None else read_ledger(raw)


async def _fleet(
    world: Views, key: Key, llama: LlamaDeployment | InvalidSpec, pools: tuple[GpuPool, ...]
) -> Fleet:
    pods, departed, version = world.pods(key), world.departed(key), world.pods_version(key)
    active = tuple(pod for pod in pods if pod.active)
    return Fleet(
        pods=pods,
        departed=departed,
        loads=await world.loads(key.namespace, active) if _needs_loads(llama) else None,
        spot=await spot_nodes(world, (*pods, *(one.pod for one in departed)), pools),
        logs=await _logs(world, key.namespace, active),
        held=world.held(key),
        version=version,
    )


def _needs_loads(llama: LlamaDeployment | InvalidSpec) -> bool:
    """Who scales reads the queue; who pays wants to know what stood idle; who closes when idle, when."""
    if isinstance(llama, InvalidSpec):
        return False
    spec = llama.spec
    closes = spec.schedule is not None and spec.schedule.close_when_idle
    return spec.scaling is not None or spec.cost is not None or closes


async def spot_nodes(
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
