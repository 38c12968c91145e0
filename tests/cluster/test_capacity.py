"""Spot and on-demand nodes of one pool, told apart by the real scheduler."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

MARKS = (
    "karpenter.sh/capacity-type=spot",
    "eks.amazonaws.com/capacityType=SPOT",
    "cloud.google.com/gke-spot=true",
    "kubernetes.azure.com/scalesetpriority=spot",
)
"""How Karpenter, EKS, GKE and AKS label their spot nodes."""

TAINT = f"{MARKS[-1]}:NoSchedule"
"""AKS taints its spot nodes, too."""


class Nodes(NamedTuple):
    """The names of nodes with one GPU each."""

    spot: tuple[str, ...]
    on_demand: tuple[str, ...]


@pytest.fixture(scope="module")
def nodes(installed: ControlPlane) -> Iterator[Nodes]:
    """One spot node of each cloud and one on-demand node, all of a pool that sells both.

    The spot nodes are small: were nothing preferred, the scheduler would take the on-demand node first.
    """
    made = Nodes(
        installed.add_gpu_nodes(len(MARKS), gpus=1, cpu="8", memory="32Gi", prefix="spot"),
        installed.add_gpu_nodes(1, gpus=1, prefix="on-demand"),
    )
    installed.kubectl("label", "node", *made.spot, *made.on_demand, "example.com/pool=mixed")
    for node, mark in zip(made.spot, MARKS, strict=True):
        installed.kubectl("label", "node", node, mark)
    installed.kubectl("taint", "node", made.spot[-1], TAINT)
    installed.apply(POOL)
    yield made
    installed.kubectl("delete", "gpupool", "mixed")
    installed.kubectl("delete", "node", *made.spot, *made.on_demand)


POOL = {
    "apiVersion": "llamafleet.io/v1alpha1",
    "kind": "GpuPool",
    "metadata": {"name": "mixed"},
    "spec": {
        "gpu": "a100-80gb",
        "gpusPerNode": 1,
        "nodeSelector": {"example.com/pool": "mixed"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "price": {"onDemand": "2.00", "spot": "0.80"},
    },
}


@pytest.fixture
def small(installed: ControlPlane, nodes: Nodes, namespace: str) -> Iterator[Llama]:
    """An 8B model: one GPU. Its GPUs are free again before the next test wants them."""
    del nodes
    fleet = Llama(installed, namespace, "small")
    yield fleet
    fleet.delete()
    until(lambda: not fleet.pods(), GONE_SECONDS, "its GPUs to be free again")


def run(fleet: Llama, capacity_type: str, replicas: int) -> None:
    fleet.apply(gpu={"pools": ["mixed"], "capacityType": capacity_type}, replicas=replicas)


def used(fleet: Llama) -> list[str]:
    """The node of each pod that has one."""
    return sorted(pod["spec"]["nodeName"] for pod in fleet.pods() if "nodeName" in pod["spec"])


def ready(fleet: Llama) -> int:
    """How many of its pods answer, by its status."""
    count: int = fleet.get().get("status", {}).get("readyReplicas", 0)
    return count


def test_a_spot_fleet_fills_the_spot_nodes_of_every_cloud_and_no_other(small: Llama, nodes: Nodes) -> None:
    run(small, "Spot", len(nodes.spot) + 1)
    until(lambda: ready(small) == len(nodes.spot), SETTLE_SECONDS, "a pod on each spot node")
    small.wait_for("Ready", "False", "Unschedulable")
    assert used(small) == sorted(nodes.spot)
    status = small.get()["status"]
    assert (status["plan"]["capacityType"], status["plan"]["hourlyUsdPerReplica"]) == ("Spot", "0.80")
    assert status["cost"]["hourlyRate"] == "4.00"


def test_an_on_demand_fleet_leaves_the_spot_nodes_alone(small: Llama, nodes: Nodes) -> None:
    run(small, "OnDemand", 2)
    until(lambda: ready(small) == 1, SETTLE_SECONDS, "a pod on the on-demand node")
    small.wait_for("Ready", "False", "Unschedulable")
    assert used(small) == list(nodes.on_demand)
    status = small.get()["status"]
    assert (status["plan"]["capacityType"], status["cost"]["hourlyRate"]) == ("OnDemand", "4.00")


def test_a_fleet_that_prefers_spot_takes_every_spot_node_first_and_falls_back_when_they_are_full(
    small: Llama, nodes: Nodes
) -> None:
    run(small, "SpotPreferred", len(nodes.spot))
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert used(small) == sorted(nodes.spot)
    run(small, "SpotPreferred", len(nodes.spot) + 1)
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert used(small) == sorted([*nodes.spot, *nodes.on_demand])
    assert small.get()["status"]["plan"]["capacityType"] == "SpotPreferred"
