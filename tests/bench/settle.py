"""How long a fleet takes from the first create call until everything is there."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import client
from bench.fleet import resource, written
from bench.usage import cpu_seconds, peak_mib
from fleet_operator import OperatorProcess
from llamafleet.adapters.kinds import CHILD_BY_NAME, CHILDREN, LLAMA_DEPLOYMENT
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from testbed.errors import TestbedError

DEADLINE_SECONDS: Final = 1800.0
"""Ten thousand pods take a small machine some minutes."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What the bare client needed.

    Attributes:
        written: seconds until everything was written.
        ready: seconds until every Deployment had its pods ready, which is no work of the client's.
        cpu: processor seconds of the client until everything was written.
    """

    written: float
    ready: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Settled:
    """What the operator needed.

    Attributes:
        sized: seconds until every resource had its children and Sized=True.
        ready: seconds until every resource was Ready.
        cpu: processor seconds of the operator until then.
        peak_mib: its peak resident memory by then, MiB.
        writes: its writes per resource by then.
    """

    sized: float
    ready: float
    cpu: float
    peak_mib: float
    writes: float


async def floor(kubeconfig: Path, keys: Sequence[Key]) -> Floor:
    """The bare client creates the fleet and writes everything that belongs to it."""
    plans = [(raw, written(raw)) for raw in map(resource, keys)]
    async with client.connected(kubeconfig) as transport, asyncio.timeout(DEADLINE_SECONDS):
        stream = await client.events(transport, CHILD_BY_NAME["Deployment"])
        started, cpu = time.monotonic(), time.process_time()
        await client.in_flight([client.write(transport, *one) for one in plans])
        done, used = time.monotonic() - started, time.process_time() - cpu
        waiting = set(keys)
        await client.first(stream, lambda seen: _has_pods(seen) and not _without(waiting, seen))
        return Floor(done, time.monotonic() - started, used)


async def ours(
    kubeconfig: Path, keys: Sequence[Key], operator: OperatorProcess, replicas: int = 1
) -> Settled:
    """The bare client creates the fleet, and the operator does the rest."""
    fleet = [resource(key, replicas) for key in keys]
    async with client.connected(kubeconfig) as transport, asyncio.timeout(DEADLINE_SECONDS):
        stream = await client.events(transport, LLAMA_DEPLOYMENT)
        cpu, writes = cpu_seconds(operator.pid), _writes(operator)
        started = time.monotonic()
        watching = asyncio.create_task(_arrivals(stream, set(keys)))
        await client.in_flight([client.create(transport, raw) for raw in fleet])
        sized, ready = await watching
        used = cpu_seconds(operator.pid) - cpu
        await _require_children(transport, keys)
    written_each = (_writes(operator) - writes) / len(keys)
    return Settled(sized - started, ready - started, used, peak_mib(operator.pid), written_each)


async def _arrivals(stream: client.Events, keys: set[Key]) -> tuple[float, float]:
    """The instants at which the last of them was Sized and the last was Ready.

    The operator reports Sized after it has applied the children, so the children are there as well.
    """
    missing = {"Sized": set(keys), "Ready": set(keys)}
    at: dict[str, float] = {}

    def all_arrived(raw: dict[str, Any]) -> bool:
        for condition, waiting in missing.items():
            if _is_true(raw, condition) and not _without(waiting, raw):
                at.setdefault(condition, time.monotonic())
        return len(at) == len(missing)

    await client.first(stream, all_arrived)
    return at["Sized"], at["Ready"]


def _without(waiting: set[Key], raw: dict[str, Any]) -> set[Key]:
    """Who is still waited for after this one has arrived."""
    waiting.discard(Key(raw["metadata"]["namespace"], raw["metadata"]["name"]))
    return waiting


def _has_pods(deployment: dict[str, Any]) -> bool:
    return bool(deployment.get("status", {}).get("readyReplicas") == deployment["spec"]["replicas"])


def _is_true(raw: dict[str, Any], kind: str) -> bool:
    """Whether a resource says that a condition holds."""
    conditions = raw.get("status", {}).get("conditions", ())
    return any(item["type"] == kind and item["status"] == "True" for item in conditions)


async def _require_children(transport: Transport, keys: Sequence[Key]) -> None:
    """Fail when a child is missing: a quick operator that does half of the work is not quick."""
    for kind in CHILDREN:
        missing = set(keys)
        for raw in await client.items(transport, kind):
            _without(missing, raw)
        if missing:
            message = f"{len(missing)} of {len(keys)} resources are Ready without their {kind.name}."
            raise TestbedError(message)


def _writes(operator: OperatorProcess) -> float:
    return operator.count("llamafleet_writes_total")
