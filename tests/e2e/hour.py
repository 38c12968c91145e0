"""An hour of simulated time: a fleet opens and closes, one scales, one is paced, one runs out of money."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cluster.podserver import answering, metrics
from cluster.simulated import SPEED, SimulatedClock, SimulatedOperator, simulated_operator
from llamafleet.api.names import SERVING_PORT
from llamafleet.api.observed import Key
from llamas import SETTLE_SECONDS, Llama, pool
from testbed.control_plane import ControlPlane
from testbed.wait import until

START: Final = datetime(2026, 3, 2, 7, 50, tzinfo=UTC)
BEFORE: Final = timedelta(minutes=60)
"""Since when there are fleets. The money of one is spent an hour and a half after its pod was made: within
the hour, even where a busy machine takes a minute for that, which is half an hour here."""

HOUR: Final = timedelta(hours=1)
NIGHT_SHIFT: Final = {
    "timeZone": "UTC",
    "preWarm": "5m",
    "windows": [
        {"name": "early", "start": "0 8 * * *", "duration": "15m", "minReplicas": 1},
        {"name": "late", "start": "30 8 * * *", "duration": "10m", "minReplicas": 3},
    ],
}
CROWD: Final = (timedelta(minutes=10), timedelta(minutes=30))
"""When requests wait at the fleet that scales."""

LOOK: Final = timedelta(seconds=20)

POOL: Final = "paper"
GPU: Final = {"pools": [POOL]}
SPECS: Final[dict[str, dict[str, Any]]] = {
    "windowed": {"schedule": NIGHT_SHIFT, "gpu": GPU},
    "scaled": {"scaling": {"minReplicas": 1, "maxReplicas": 3}, "gpu": GPU},
    "paced": {"replicas": 3, "cost": {"monthlyBudget": "1300"}, "gpu": GPU},
    "spent": {"replicas": 1, "cost": {"monthlyBudget": "1.50"}, "gpu": GPU},
}
"""Two of them say in Git how many replicas they want; an operator that wrote there would be corrected."""

Counts = dict[str, list[int]]


def pool_on_paper() -> dict[str, Any]:
    """The nodes that kwok plays, at one dollar."""
    return pool(POOL, "1.00", nodeSelector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"})


def manifests(namespace: str) -> list[dict[str, Any]]:
    """What Git holds."""
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
    fleets = [
        {
            **head,
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"model": {"variant": "llama-3.1-8b"}, **spec},
        }
        for name, spec in SPECS.items()
    ]
    return [pool_on_paper(), *fleets]


def live_through(cluster: ControlPlane, namespace: str, folder: Path) -> Counts:
    """Live through the hour; which counts of replicas each fleet had, in order.

    Args:
        cluster: where the fleets are.
        namespace: of the fleets.
        folder: for a kubeconfig.
    """
    clock = SimulatedClock(START - BEFORE)

    def answer(_address: str, path: str) -> str | None:
        is_crowded = CROWD[0] <= clock.now() - START < CROWD[1]
        said = metrics(250, 900) if is_crowded else metrics(0)
        return said if path == "/metrics" else None

    with ExitStack() as stack:
        stack.enter_context(answering(SERVING_PORT, answer))
        return asyncio.run(_hour(cluster, namespace, folder, clock))


async def _hour(cluster: ControlPlane, namespace: str, folder: Path, clock: SimulatedClock) -> Counts:
    async with simulated_operator(cluster, folder, clock) as operator:
        look(operator, namespace)
        await asyncio.to_thread(until, lambda: _is_ready(cluster, namespace), SETTLE_SECONDS, "a first pod")
        clock.set(START)
        look(operator, namespace)
        counts: Counts = {name: [] for name in SPECS}
        while clock.now() < START + HOUR:
            await asyncio.to_thread(_note, cluster, namespace, counts)
            await asyncio.sleep(LOOK.total_seconds() / SPEED)
        return counts


def look(operator: SimulatedOperator, namespace: str) -> None:
    """There are fleets, or the clock was set: nothing else tells this operator."""
    for name in SPECS:
        operator.look(Key(namespace, name))


def _is_ready(cluster: ControlPlane, namespace: str) -> bool:
    """Whether the fleet that is to run out of money has begun to spend it."""
    return bool(Llama(cluster, namespace, "spent").status()["readyReplicas"])


def _note(cluster: ControlPlane, namespace: str, counts: Counts) -> None:
    """Keep every count that differs from the one before."""
    for name, seen in counts.items():
        status = Llama(cluster, namespace, name).status()
        wanted = status["desiredReplicas"]
        if status["observedGeneration"] > 0 and seen[-1:] != [wanted]:
            seen.append(wanted)
