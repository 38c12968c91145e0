"""In a pool that sells spot capacity, pods run on the nodes that their fleet pays for."""

from typing import Any

import pytest

from builders import gpu_pool, llama, plan_of
from llamafleet.api.gpupool import GpuPool
from llamafleet.rendering.children import children

BOTH = {"onDemand": "2", "spot": "1"}
RACK = {"key": "example.com/rack", "operator": "In", "values": ["7"]}
SPOT = [
    ("karpenter.sh/capacity-type", "spot"),
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("cloud.google.com/gke-spot", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
]
GKE = {"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
AKS = {
    "key": "kubernetes.azure.com/scalesetpriority",
    "operator": "Equal",
    "value": "spot",
    "effect": "NoSchedule",
}


def rack(**spec: Any) -> GpuPool:
    """A pool whose nodes are told by a label of their own; it sells both kinds of capacity."""
    return gpu_pool(**{"nodeSelector": {"example.com/rack": "7"}, "price": BOTH, **spec})


def pod_of(capacity_type: str, pool: GpuPool) -> dict[str, Any]:
    resource = llama(gpu={"capacityType": capacity_type})
    objects = children(resource, plan_of(resource, pools=[pool]), "ops")
    pod: dict[str, Any] = objects[-1]["spec"]["template"]["spec"]
    return pod


def affinity_of(capacity_type: str, pool: GpuPool) -> tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]:
    """The expressions of each term that is required, and what is preferred."""
    affinity = pod_of(capacity_type, pool)["affinity"]["nodeAffinity"]
    terms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])
    return [term["matchExpressions"] for term in terms], preferred


def told(operator: str) -> list[dict[str, Any]]:
    return [{"key": key, "operator": operator, "values": [value]} for key, value in SPOT]


def test_spot_pods_run_only_on_nodes_of_the_pool_that_some_cloud_calls_spot() -> None:
    required, preferred = affinity_of("Spot", rack())
    assert required == [[RACK, spot] for spot in told("In")]
    assert preferred == []


def test_on_demand_pods_run_on_no_node_that_any_cloud_calls_spot() -> None:
    required, preferred = affinity_of("OnDemand", rack())
    assert required == [[RACK, *told("NotIn")]]
    assert preferred == []


def test_pods_that_prefer_spot_run_on_every_node_of_the_pool_and_best_on_spot_nodes() -> None:
    required, preferred = affinity_of("SpotPreferred", rack())
    assert required == [[RACK]]
    assert preferred == [{"weight": 100, "preference": {"matchExpressions": [spot]}} for spot in told("In")]


@pytest.mark.parametrize("capacity_type", ["OnDemand", "SpotPreferred"])
def test_a_pool_that_sells_no_spot_is_not_searched_for_spot_nodes(capacity_type: str) -> None:
    pod = pod_of(capacity_type, rack(price={"onDemand": "2"}))
    assert affinity_of(capacity_type, rack(price={"onDemand": "2"})) == ([[RACK]], [])
    assert pod["tolerations"] == []


@pytest.mark.parametrize(("key", "value"), SPOT, ids=[key for key, _ in SPOT])
@pytest.mark.parametrize("capacity_type", ["Spot", "SpotPreferred"])
def test_a_pool_that_selects_spot_nodes_needs_no_further_rule(
    capacity_type: str, key: str, value: str
) -> None:
    chosen = {"key": key, "operator": "In", "values": [value]}
    assert affinity_of(capacity_type, rack(nodeSelector={key: value})) == ([[chosen]], [])


@pytest.mark.parametrize("capacity_type", ["Spot", "SpotPreferred"])
def test_pods_that_may_run_on_spot_nodes_tolerate_the_taints_of_spot_nodes(capacity_type: str) -> None:
    own = {"key": "team", "operator": "Exists"}
    assert pod_of(capacity_type, rack(tolerations=[own]))["tolerations"] == [own, GKE, AKS]


def test_a_taint_that_the_pool_tolerates_already_is_not_tolerated_twice() -> None:
    given = {key: value for key, value in AKS.items() if key != "operator"}
    assert pod_of("Spot", rack(tolerations=[given]))["tolerations"] == [AKS, GKE]


def test_on_demand_pods_do_not_tolerate_the_taints_of_spot_nodes() -> None:
    assert pod_of("OnDemand", rack())["tolerations"] == []
