"""A resource that is deleted and created again goes on with its month's account."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

DEAR = "360000"
"""US dollars per hour: a hundred for each second."""

WHILE = dt.timedelta(seconds=3)


def spent(llama: Llama) -> Decimal:
    cost: dict[str, Any] = llama.get().get("status", {}).get("cost", {})
    return Decimal(cost.get("monthToDate", 0))


@pytest.mark.usefixtures("operator")
def test_deleting_a_resource_does_not_give_its_money_back(installed: ControlPlane, namespace: str) -> None:
    llama = Llama(installed, namespace, "again")
    wish = {"gpu": {"pools": ["dear"]}, "cost": {"monthlyBudget": "999999999"}}
    with pools(installed, pool("dear", DEAR)):
        llama.apply(**wish)
        llama.wait_for("Ready", "True", "AllReplicasReady")
        (meter,) = llama.get()["status"]["cost"]["ledger"]["meters"]
        since = dt.datetime.fromisoformat(meter["since"])
        until(lambda: dt.datetime.now(dt.UTC) - since > WHILE, SETTLE_SECONDS, "some seconds that cost")
        llama.delete()
        until(lambda: not llama.pods(), GONE_SECONDS, "the pods to be gone")
        llama.apply(**wish)
        llama.wait_for("Ready", "True", "AllReplicasReady")
        after = llama.get()["status"]["cost"]["ledger"]
        assert spent(llama) >= int(WHILE.total_seconds()) * 100
        assert len(after["meters"]) == 1
        llama.delete()
