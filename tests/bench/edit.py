"""How soon an edit of a LlamaDeployment reaches its Deployment, when nothing else happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from bench import client
from bench.fleet import owned, resource, written
from llamafleet.adapters.kinds import CHILD_BY_NAME, LLAMA_DEPLOYMENT
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key

DEADLINE_SECONDS: Final = 600.0

Edit = Callable[[int], Awaitable[None]]
"""Asks for a number of replicas and returns when the Deployment asks for it too."""


async def floor(kubeconfig: Path, key: Key, count: int) -> list[float]:
    """The two round trips that no operator can do without: the edit, and the write of the Deployment."""
    async with client.connected(kubeconfig) as transport, asyncio.timeout(DEADLINE_SECONDS):
        uid = await client.write(transport, resource(key), written(resource(key)))

        async def edit(replicas: int) -> None:
            raw = resource(key, replicas)
            child = owned(written(raw).children[-1], uid)
            started = time.monotonic()
            await client.create(transport, raw)
            await client.apply_child(transport, child)
            seconds.append(time.monotonic() - started)

        seconds: list[float] = []
        await _edits(transport, key, edit, (count, 1))
        return seconds


async def ours(kubeconfig: Path, key: Key, count: int, replicas: int = 1) -> list[float]:
    """The edit alone; a watch tells when the operator has changed the Deployment.

    Args:
        kubeconfig: of the cluster.
        key: of the resource that is edited.
        count: how many edits: one replica more, one less, in turn.
        replicas: those that it has.
    """
    async with client.connected(kubeconfig) as transport, asyncio.timeout(DEADLINE_SECONDS):
        deployments = await client.events(transport, CHILD_BY_NAME["Deployment"])

        async def edit(replicas: int) -> None:
            raw = resource(key, replicas)
            started = time.monotonic()
            await client.create(transport, raw)
            await client.first(deployments, lambda seen: _asks(seen, key, replicas))
            seconds.append(time.monotonic() - started)

        seconds: list[float] = []
        llamas = await client.events(transport, LLAMA_DEPLOYMENT)
        await _edits(transport, key, edit, (count, replicas), llamas)
        return seconds


async def _edits(
    transport: Transport, key: Key, edit: Edit, plan: tuple[int, int], llamas: client.Events | None = None
) -> None:
    """One edit after another, each after everything that the last one caused has ended.

    ``plan`` is how many edits, and how many replicas there are.
    """
    count, usual = plan
    deployments = await client.events(transport, CHILD_BY_NAME["Deployment"])
    for number in range(count):
        replicas = usual + 1 - number % 2
        await edit(replicas)
        await client.first(deployments, lambda seen, wanted=replicas: _serves(seen, key, wanted))  # type: ignore[misc]
        if llamas is not None:
            await client.first(llamas, lambda seen, wanted=replicas: _serves(seen, key, wanted))  # type: ignore[misc]


def _asks(seen: dict[str, Any], key: Key, replicas: int) -> bool:
    metadata = seen["metadata"]
    return (metadata["namespace"], metadata["name"]) == key and seen["spec"]["replicas"] == replicas


def _serves(seen: dict[str, Any], key: Key, replicas: int) -> bool:
    """Whether a Deployment or a LlamaDeployment asks for so many and has as many, no more, all ready."""
    status = seen.get("status", {})
    current = status.get("observedGeneration") == seen["metadata"]["generation"]
    counts = {status.get("replicas"), status.get("readyReplicas")}
    return _asks(seen, key, replicas) and current and counts == {replicas}
