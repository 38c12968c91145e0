"""Replicas for which there are no GPUs: asked for once, then only one of them waits, until GPUs are back."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cluster.podserver import answering, metrics
from cluster.simulated import SimulatedClock, simulated_operator
from llamafleet.api.names import SERVING_PORT
from llamafleet.api.observed import Key
from llamas import Llama, pool, pools
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DEADLINE = 90.0
"""For ten minutes of the story, and what two controllers and a scheduler make of them."""

FEW = "few"


@pytest.fixture
def nodes(installed: ControlPlane) -> Iterator[tuple[str, ...]]:
    """Two nodes with one GPU each, of a pool of their own."""
    made = add(installed, 2)
    with pools(installed, pool(FEW, "1.00", gpusPerNode=1, nodeSelector={"example.com/pool": FEW})):
        yield made
    installed.kubectl("delete", "node", "-l", f"example.com/pool={FEW}")


def add(cluster: ControlPlane, count: int) -> tuple[str, ...]:
    """More nodes of that pool."""
    made = cluster.add_gpu_nodes(count, gpus=1, prefix=FEW)
    cluster.kubectl("label", "node", *made, f"example.com/pool={FEW}")
    return made


def test_replicas_that_find_no_node_are_capped_and_come_back_with_the_gpus(
    installed: ControlPlane, nodes: tuple[str, ...], namespace: str, tmp_path: Path
) -> None:
    fleet = Llama(installed, namespace, "small")

    async def story() -> None:
        clock = SimulatedClock(NOON)
        async with simulated_operator(installed, tmp_path, clock) as operator:
            fleet.apply(
                gpu={"pools": [FEW]}, scaling={"minReplicas": 1, "maxReplicas": 6, "scaleDownDelay": "1h"}
            )
            operator.look(Key(namespace, fleet.name))
            asked = await until(fleet, lambda status: status["desiredReplicas"] > 4, "the queue to ask")
            status = await until(fleet, lambda status: status["desiredReplicas"] == 3, "the cap")
            assert "found no node for 10 min" in reason(status)
            assert status["readyReplicas"] == len(nodes)
            await until(fleet, lambda status: status["replicas"] == 3, "the others to be gone")
            add(installed, 1)
            await until(
                fleet,
                lambda status: status["desiredReplicas"] >= asked["desiredReplicas"],
                "the cap to be lifted, for the one that waited has its node",
            )

    with answering(SERVING_PORT, lambda _address, path: metrics(250, 900) if path == "/metrics" else None):
        asyncio.run(story())
    fleet.delete()


def reason(status: dict[str, Any]) -> str:
    """Why the queue gets no more."""
    found: str = next(one["message"] for one in status["reasons"] if one["step"] == "demand")
    return found


async def until(llama: Llama, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """Wait until the status is so."""
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while True:
        found: dict[str, Any] = await asyncio.to_thread(llama.status)
        if "desiredReplicas" in found and holds(found):
            return found
        assert asyncio.get_running_loop().time() < deadline, f"{what}: {found}"
        await asyncio.sleep(0.1)
