"""What model servers say of their queue is a stranger's word: missing, garbled, late, or never the same.

The operator's parts, the control plane and HTTP are the real ones; its clock is set by the test.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from cluster.simulated import SimulatedClock, SimulatedOperator, simulated_operator
from faults.bad_pods import BAD, BUSY, IDLE, Pods, answering_pods, saying
from faults.simulated_story import DEADLINE, at, condition, look, until_all
from llamas import Llama
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

NOON: Final = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
LOOK: Final = timedelta(seconds=15)
FLAPS: Final = 9
"""Two minutes of looks, and half a minute for each second that a busy machine takes over them: less than a
count is held for, so every change that they cause is a flap."""

SCALING: Final = {"minReplicas": 1, "maxReplicas": 2, "scaleDownDelay": "2h"}


@pytest.fixture
def pods() -> Iterator[Pods]:
    """Fake pods that answer, all of them busy until a test says otherwise."""
    with answering_pods() as server:
        yield server


async def grown(operator: SimulatedOperator, *fleets: Llama) -> None:
    """Every fleet has two busy replicas, and a reading of both."""
    look(operator, *fleets)
    await until_all({fleet.name: fleet for fleet in fleets}, _is_grown, "two busy replicas")


def _is_grown(status: dict[str, Any]) -> bool:
    return status["readyReplicas"] == status["desiredReplicas"] == 2 and _is_read(status)


def _is_read(status: dict[str, Any]) -> bool:
    return condition(status, "MetricsAvailable").get("status") == "True"


def _is_unread(status: dict[str, Any]) -> bool:
    return condition(status, "MetricsAvailable").get("status") == "False"


async def addresses(fleet: Llama) -> list[str]:
    """Where its pods answer."""
    return [pod["status"]["podIP"] for pod in await asyncio.to_thread(fleet.pods)]


async def looks(operator: SimulatedOperator, pods: Pods, fleet: Llama, there: list[str]) -> None:
    """Have a fleet looked at, a look later; its pods are asked there."""
    before = sum(pods.asked[address] for address in there)
    at(operator, operator.clock.now() + LOOK, fleet)
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while sum(pods.asked[address] for address in there) < before + len(there):
        assert asyncio.get_running_loop().time() < deadline, "nobody looked"
        await asyncio.sleep(0.02)


async def forge(fleet: Llama) -> None:
    """Somebody who may write the status of pods claims that they live on the operator's own machine."""
    status = {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}
    flags = ("--subresource=status", "--type=merge", f"--patch={json.dumps({'status': status})}")
    for pod in await asyncio.to_thread(fleet.pods):
        place = (fleet.namespace, pod["metadata"]["name"])
        await asyncio.to_thread(partial(fleet.cluster.annotate_pod, *place, hold="true"))
        here = f"--namespace={fleet.namespace}"
        await asyncio.to_thread(fleet.cluster.kubectl, "patch", "pod", place[1], here, *flags)


def test_a_reading_that_is_none_holds_the_fleet_as_it_is_and_is_told(
    installed: ControlPlane, namespace: str, tmp_path: Path, pods: Pods
) -> None:
    """For hours, in a fleet for each way to be none. Whoever believed one of them would take a replica."""
    fleets = {what: Llama(installed, namespace, what) for what in BAD}
    half = Llama(installed, namespace, "half")
    forged = Llama(installed, namespace, "forged")
    everyone = {**fleets, "half": half, "forged": forged}

    async def story() -> None:
        async with simulated_operator(installed, tmp_path, SimulatedClock(NOON)) as operator:
            await grown(operator, *everyone.values())
            for what, fleet in fleets.items():
                pods.answers |= dict.fromkeys(await addresses(fleet), BAD[what])
            await forge(forged)
            idle, bad = await addresses(half)
            pods.answers |= {idle: saying(IDLE), bad: BAD["missing"]}
            at(operator, NOON + timedelta(hours=9), *everyone.values())
            found = await until_all(everyone, _is_unread, "the word that it could not be read")
            counts = {name: (one["desiredReplicas"], one["replicas"]) for name, one in found.items()}
            assert counts == dict.fromkeys(everyone, (2, 2)), "half a truth takes no replica, either"
            pods.answers.clear()
            mended = {name: fleet for name, fleet in everyone.items() if fleet is not forged}
            look(operator, *mended.values())
            await until_all(mended, _is_read, "a reading again")

    installed.apply(*(_manifest(fleet) for fleet in everyone.values()))
    asyncio.run(story())
    deployments = installed.get("deployments", f"--namespace={namespace}")["items"]
    grew = {one["metadata"]["name"]: one["metadata"]["generation"] for one in deployments}
    assert grew == dict.fromkeys(everyone, 2), "every fleet grew once, and that was all"
    assert pods.asked["127.0.0.1"] == 0, "nobody asks where a forged status of a pod points"


def _manifest(fleet: Llama) -> dict[str, Any]:
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
    spec = {"model": {"variant": "llama-3.1-8b"}, "scaling": SCALING}
    return {**head, "metadata": {"name": fleet.name, "namespace": fleet.namespace}, "spec": spec}


def test_a_queue_that_is_another_at_each_look_does_not_move_the_fleet_at_each_look(
    installed: ControlPlane, namespace: str, tmp_path: Path, pods: Pods
) -> None:
    """Full, empty and silent in turn."""
    fleet = Llama(installed, namespace, "flaps")
    turns = [saying(IDLE), saying(BUSY), BAD["missing"]]

    async def story() -> None:
        async with simulated_operator(installed, tmp_path, SimulatedClock(NOON)) as operator:
            await grown(operator, fleet)
            there = await addresses(fleet)
            for number in range(FLAPS):
                pods.usual = turns[number % len(turns)]
                await looks(operator, pods, fleet, there)
            found = await asyncio.to_thread(fleet.status)
            assert found["desiredReplicas"] == 2

    installed.apply(_manifest(fleet))
    asyncio.run(story())
    assert fleet.get("deployment")["metadata"]["generation"] == 2, "it grew once, and was never moved since"
