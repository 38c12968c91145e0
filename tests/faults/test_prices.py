"""What a GPU costs is not known, no longer known, or nonsense: no fleet stops for that."""

from typing import Any

import pytest

from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

ALWAYS = {"windows": [{"name": "day", "start": "0 0 * * *", "duration": "24h"}]}
NODES = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}


@pytest.fixture
def small(installed: ControlPlane, namespace: str) -> Llama:
    """An 8B model: one GPU."""
    return Llama(installed, namespace, "small")


def ledger(llama: Llama) -> dict[str, Any]:
    found: dict[str, Any] = llama.status().get("cost", {}).get("ledger", {})
    return found


def metered(llama: Llama) -> set[str]:
    """The pods that are paid for."""
    return {meter["uid"] for meter in ledger(llama).get("meters", ())}


def test_a_missing_price_is_told_and_stops_nothing(small: Llama) -> None:
    """The catalogue has no price of this GPU; the nodes are others, which does not matter here."""
    with pools(small.cluster, pool("gift", None, "l40", nodeSelector=NODES)):
        small.apply(gpu={"pools": ["gift"]}, schedule=ALWAYS, cost={"monthlyBudget": "1.00"})
        small.wait_for("Priced", "False", "PriceMissing")
        small.wait_for("Ready", "True", "AllReplicasReady")
        small.wait_for("WithinBudget", "False", "PriceMissing")
        assert small.condition("CeilingWithinBudget") == {}
        until(lambda: metered(small) == small.uids(), SETTLE_SECONDS, "the pod to be in the ledger")
        cost = small.status()["cost"]
        assert "hourlyRate" not in cost
        assert cost["ledger"]["unpriced"] is True
        assert cost["monthToDate"] == "0.00"
        small.cluster.apply(pool("gift", "999999", "l40", nodeSelector=NODES))
        until(lambda: small.condition("Priced") == {}, SETTLE_SECONDS, "the price to be known")
        assert len(small.pods()) <= 1


def test_a_price_that_is_lost_while_fleets_run_stops_none_of_them(
    installed: ControlPlane, namespace: str
) -> None:
    """Of one the price is taken away, of one the pool; both have a budget, and go on at the last price."""
    unpriced, homeless = Llama(installed, namespace, "unpriced"), Llama(installed, namespace, "homeless")
    there = [pool("dear", "3.00", "l40", nodeSelector=NODES), pool("away", "4.00", nodeSelector=NODES)]
    with pools(installed, *there):
        unpriced.apply(gpu={"pools": ["dear"]}, cost={"monthlyBudget": "3000.00"})
        homeless.apply(gpu={"pools": ["away"]}, cost={"monthlyBudget": "3000.00"})
        before: dict[str, set[str]] = {}
        for llama in (unpriced, homeless):
            llama.wait_for("Ready", "True", "AllReplicasReady")
            until(lambda llama=llama: metered(llama) == llama.uids(), SETTLE_SECONDS, "a meter")  # type: ignore[misc]
            before[llama.name] = llama.uids()
        installed.kubectl("delete", "gpupool", "away")
        installed.kubectl("patch", "gpupool", "dear", "--type=merge", '-p={"spec":{"price":null}}')
        unpriced.wait_for("Priced", "False", "PriceMissing")
        message = homeless.wait_for("Ready", "False", "InvalidSpec")
        assert "The pods of the last valid spec keep running (1 ready)." in message
        for llama, price in ((unpriced, 3), (homeless, 4)):
            (meter,) = ledger(llama)["meters"]
            assert (llama.uids(), float(meter["hourlyUsd"])) == (before[llama.name], price)


@pytest.mark.parametrize("price", ["-1", "NaN", "1e9", "free", ""])
def test_a_price_that_is_none_is_refused(installed: ControlPlane, price: str) -> None:
    with pytest.raises(TestbedError, match=r"spec\.price\.onDemand"):
        installed.apply(pool("odd", "1.00") | {"spec": {"gpu": "a100-80gb", "price": {"onDemand": price}}})
