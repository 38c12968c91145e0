"""A fleet whose pool loses its price runs on as it is, and its status says nothing that nobody knows."""

from typing import Any

import pytest

from builders import raw_llama, raw_pool
from reconcile.test_reconciler import Fleet

SPOT_NODES = {"karpenter.sh/capacity-type": "spot"}

LOSSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "on demand": ({"gpu": "l40"}, {"onDemand": "1.10"}),
    "spot nodes": ({"nodeSelector": SPOT_NODES}, {"spot": "0.60"}),
}


@pytest.mark.parametrize(("nodes", "price"), LOSSES.values(), ids=LOSSES.keys())
def test_losing_the_price_changes_no_child_and_leaves_the_figures_out(
    nodes: dict[str, Any], price: dict[str, Any]
) -> None:
    wish = {"capacityType": "SpotPreferred"} if "spot" in price else {}
    other = raw_pool("other", price={"onDemand": "9.00"})
    running = Fleet(raw_llama(replicas=2, gpu=wish), gpu_pools=(raw_pool(**nodes, price=price), other))
    running.settled()
    before = dict(running.raw["status"]["plan"])
    running.world.gpu_pools = (raw_pool(**nodes), other)
    assert running.repairs() == 0
    assert running.world.writes == ["status"], "not one child is written: its pods run on"
    status = running.raw["status"]
    assert running.condition("Sized")[:2] == ("True", "Fits")
    assert "The price of pool own is not known: spec.price." in running.condition("Sized")[2]
    assert status["desiredReplicas"] == 2
    assert "hourlyRate" not in status.get("cost", {})
    lost = before.pop("hourlyUsdPerReplica")
    assert lost == next(iter(price.values()))
    kept = {**status["plan"], "explanation": before["explanation"]}
    assert kept == before


def test_the_price_comes_back() -> None:
    running = Fleet(raw_llama(), gpu_pools=(raw_pool(gpu="l40"),)).settled()
    running.world.gpu_pools = (raw_pool(gpu="l40", price={"onDemand": "0"}),)
    assert running.repairs() == 0
    assert running.world.writes == ["status"]
    assert running.raw["status"]["cost"]["hourlyRate"] == "0.00", "0 is a price"


def test_a_fleet_on_two_kinds_of_nodes_keeps_them_apart_without_the_price_on_demand() -> None:
    """Else its pods would be replaced, and could land on spot nodes."""
    both = {"onDemand": "1.10", "spot": "0.40"}
    running = Fleet(raw_llama(), gpu_pools=(raw_pool(gpu="l40", price=both),)).settled()
    running.world.gpu_pools = (raw_pool(gpu="l40", price={"spot": "0.40"}),)
    assert running.repairs() == 0
    assert running.world.writes == ["status"]
