"""What a fleet costs, and what its money allows, on the real control plane and by the real clock.

Seconds cost real money here: the pools ask for 999999 USD an hour.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest

from cluster.duty import Duty
from fleet_operator import running_operator
from llamafleet.api.schedule import Schedule
from llamafleet.planning.drain import drain
from llamafleet.planning.money.budget import LATE_HOURS
from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama, pool, pools
from testbed.audit import whole_lines
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

PRICE = Decimal(999999)
"""USD an hour."""

SECOND = PRICE / 3600
"""What a second of one replica costs, in USD."""

ROUNDING = 2 * SECOND
"""Pods have their instants in whole seconds: a lifetime may be a second longer, or shorter, at either end."""

WARNING = timedelta(seconds=3)
"""A second is what was promised, and this machine takes its time, too."""

ALWAYS = {"windows": [{"name": "day", "start": "0 0 * * *", "duration": "24h"}]}
GOLD = {"pools": ["gold"]}
CEILING = {"minReplicas": 1, "maxReplicas": 1000}


@pytest.fixture
def small(duty: Duty, installed: ControlPlane, namespace: str) -> Iterator[Llama]:
    """An 8B model: one GPU, of a dear pool."""
    del duty
    with pools(installed, pool("gold", f"{PRICE}")):
        yield Llama(installed, namespace, "small")


def now() -> datetime:
    return datetime.now(UTC)


def ready(llama: Llama) -> None:
    llama.wait_for("Ready", "True", "AllReplicasReady")


def meters(llama: Llama) -> list[dict[str, Any]]:
    """The pods that are paid for, by the ledger."""
    found: list[dict[str, Any]] = llama.status().get("cost", {}).get("ledger", {}).get("meters", [])
    return found


def metered(llama: Llama) -> set[str]:
    return {meter["uid"] for meter in meters(llama)}


def ledger(llama: Llama) -> dict[str, Any]:
    found: dict[str, Any] = llama.status()["cost"]["ledger"]
    return found


def bill(llama: Llama) -> Decimal:
    """What it has cost in all, once no pod of it is left."""
    until(lambda: not llama.pods() and not meters(llama), SETTLE_SECONDS, "no pod to be paid for")
    status = llama.status()["cost"]
    total = sum((Decimal(amount) for amount in status["ledger"]["spent"].values()), Decimal(0))
    assert abs(Decimal(status["monthToDate"]) - total) <= Decimal("0.005")
    return total


def worth(length: timedelta) -> Decimal:
    """What one replica costs in that time, in USD."""
    return Decimal(f"{length.total_seconds()}") * SECOND


def bound(pod: dict[str, Any]) -> datetime:
    """When a pod got its node."""
    (found,) = (one for one in pod["status"]["conditions"] if one["type"] == "PodScheduled")
    return datetime.fromisoformat(found["lastTransitionTime"])


def told_after(llama: Llama, cluster: ControlPlane, kind: str) -> timedelta:
    """From the creation of a resource to the status that brought this condition: the API server's clock."""
    since = datetime.fromisoformat(llama.condition(kind)["lastTransitionTime"])
    written = [
        json.loads(line) for line in whole_lines(cluster.audit_log) if llama.namespace.encode() in line
    ]
    about = [one for one in written if one.get("objectRef", {}).get("resource") == "llamadeployments"]
    made = next(one for one in about if one.get("responseStatus", {}).get("code") == HTTPStatus.CREATED)
    statuses = [one for one in about if one["objectRef"].get("subresource") == "status"]
    said = [datetime.fromisoformat(one["requestReceivedTimestamp"]) for one in statuses]
    return min(at for at in said if at >= since) - datetime.fromisoformat(made["stageTimestamp"])


def test_a_ceiling_above_the_budget_is_told_within_a_second(small: Llama, installed: ControlPlane) -> None:
    small.apply(gpu=GOLD, scaling=CEILING, cost={"monthlyBudget": "1000000.00"})
    message = small.wait_for("CeilingWithinBudget", "False", "CeilingExceedsBudget")
    assert told_after(small, installed, "CeilingWithinBudget") < WARNING
    assert message.startswith("Up to 1000 replicas in ")
    assert message.endswith("USD, more than spec.cost.monthlyBudget 1000000.00.")
    assert small.told().count("CeilingExceedsBudget") == 1
    small.patch(scaling={"maxReplicas": 1}, cost={"monthlyBudget": "999999999.00"})
    small.wait_for("CeilingWithinBudget", "True", "CeilingFits")


def test_the_hourly_limit_is_a_hard_cap_and_beats_the_least_replicas(small: Llama) -> None:
    limit = f"{2 * PRICE + 1}"
    small.apply(gpu=GOLD, scaling={"minReplicas": 3, "maxReplicas": 4}, cost={"hourlyLimit": limit})
    ready(small)
    status = small.status()
    assert (status["desiredReplicas"], len(small.pods())) == (2, 2)
    assert status["reasons"][-1]["message"] == "budget 1999999.00/h allows 2 at 999999.00/h."
    small.wait_for("WithinBudget", "True", "HourlyLimit")
    small.patch(cost={"hourlyLimit": f"{PRICE - 1}"})
    small.wait_for("WithinBudget", "False", "HourlyLimitTooLow")
    small.wait_for("Ready", "True", "ScaledToZero")
    until(lambda: not small.pods(), SETTLE_SECONDS, "no pod to be left")


def test_a_budget_below_one_hour_of_one_replica_is_refused(small: Llama) -> None:
    small.apply(gpu=GOLD, cost={"monthlyBudget": "999998.99"})
    said = (
        "spec.cost.monthlyBudget = 999998.99: must pay for one hour of one replica at least, "
        "which is 999999.00 USD."
    )
    small.wait_for("Sized", "False", "InvalidSpec")  # the fleet may be seen before its pool
    until(lambda: small.condition("Sized")["message"] == said, SETTLE_SECONDS, said)
    assert small.left() == []


CHEAP = Decimal(3600)
"""USD an hour: a second of one replica costs one."""

A_WHILE = timedelta(seconds=3)
"""In which a replica at ten times the dear price spends more than an hour at the cheap one costs."""

SHORT = {**ALWAYS, "drainTimeout": "1s", "preWarm": "1s"}
RESERVE = CHEAP * (Decimal(drain(Schedule.model_validate(SHORT)).grace) / 3600 + LATE_HOURS)
"""USD that must be left for the drain of one replica; below it the fleet stops."""


LEFT = 20
"""USD that one replica may still spend before something happens: as many seconds, in which this test looks at
what was before, by a few programs that a busy machine starts slowly."""


def spends(llama: Llama) -> Decimal:
    """Have one replica spend much in a second or two, and little from then on; what it has spent, in USD."""
    llama.cluster.apply(pool("gold", f"{10 * PRICE}"))
    llama.apply(gpu=GOLD, schedule=SHORT, cost={"monthlyBudget": f"{20 * PRICE}"})
    ready(llama)
    (pod,) = llama.pods()
    until(lambda: now() > bound(pod) + A_WHILE, SETTLE_SECONDS, "it to spend")
    llama.cluster.apply(pool("gold", f"{CHEAP}"))

    def cheap() -> dict[str, Any]:
        (meter,) = meters(llama)
        assert Decimal(meter["hourlyUsd"]) == CHEAP
        return meter

    begun = datetime.fromisoformat(until(cheap, SETTLE_SECONDS, "the new price to count")["since"])
    before = sum(Decimal(amount) for amount in ledger(llama)["spent"].values())
    assert before > CHEAP
    return before + Decimal(f"{(now() - begun).total_seconds()}") * CHEAP / 3600


def test_spent_money_stops_the_fleet_and_more_of_it_brings_it_back(small: Llama, duty: Duty) -> None:
    budget = (spends(small) + RESERVE + LEFT).quantize(Decimal("0.01"))
    small.patch(cost={"monthlyBudget": f"{budget}"})
    small.wait_for("WithinBudget", "True", "WithinBudget")
    small.wait_for("WithinBudget", "False", "BudgetExhausted")
    small.wait_for("Ready", "True", "ScaledToZero")
    assert budget - RESERVE - 2 < bill(small) < budget
    with duty.away():
        pass
    duty.look(small)
    status = small.status()
    assert (status["desiredReplicas"], small.pods()) == (0, [])
    assert status["schedule"]["open"] is True, "the hour is right, the money is not there"
    assert small.told().count("Budget100PercentSpent") == 1
    small.patch(cost={"monthlyBudget": f"{budget + 2 * CHEAP}"})
    ready(small)
    small.wait_for("WithinBudget", "True", "WithinBudget")


def test_money_that_was_spent_while_nobody_looked_stops_the_fleet(small: Llama, duty: Duty) -> None:
    budget = (spends(small) + RESERVE + 2).quantize(Decimal("0.01"))
    with duty.away():
        small.patch(cost={"monthlyBudget": f"{budget}"})
        later = now() + timedelta(seconds=3)
        until(lambda: now() > later, SETTLE_SECONDS, "the money to be spent")
        assert len(small.pods()) == 1
    small.wait_for("WithinBudget", "False", "BudgetExhausted")
    assert budget - RESERVE < bill(small) < budget
    assert small.told().count("Budget100PercentSpent") == 1


@pytest.mark.parametrize("percent", [50, 80])
def test_a_part_of_the_budget_that_is_spent_is_told_once(small: Llama, duty: Duty, percent: int) -> None:
    budget = ((spends(small) + LEFT) * 100 / percent).quantize(Decimal("0.01"))
    small.patch(cost={"monthlyBudget": f"{budget}"})
    small.wait_for("WithinBudget", "True", "WithinBudget")
    word = f"Budget{percent}PercentSpent"
    assert word not in small.told()

    def told() -> bool:
        duty.look(small)
        return word in small.told()

    until(told, SETTLE_SECONDS, f"{percent} % to be spent")
    with duty.away():
        pass
    duty.look(small)
    assert small.told().count(word) == 1


@pytest.fixture
def both(installed: ControlPlane) -> Iterator[dict[str, Decimal]]:
    """A pool with one spot node and one other; the price of each."""
    (spot,) = installed.add_gpu_nodes(1, gpus=1, prefix="money-spot")
    (other,) = installed.add_gpu_nodes(1, gpus=1, prefix="money-other")
    installed.kubectl("label", "node", spot, "karpenter.sh/capacity-type=spot")
    installed.kubectl("label", "node", spot, other, "example.com/pool=both")
    mixed = pool(
        "both",
        None,
        gpusPerNode=1,
        nodeSelector={"example.com/pool": "both"},
        price={"onDemand": "2.00", "spot": "0.80"},
    )
    with pools(installed, mixed):
        yield {spot: Decimal("0.80"), other: Decimal("2.00")}
    installed.kubectl("delete", "node", spot, other)


def test_each_pod_is_paid_at_the_price_of_its_own_node(small: Llama, both: dict[str, Decimal]) -> None:
    small.apply(gpu={"pools": ["both"], "capacityType": "SpotPreferred"}, replicas=2)
    ready(small)
    node_of = {pod["metadata"]["uid"]: pod["spec"]["nodeName"] for pod in small.pods()}
    until(lambda: metered(small) == {*node_of}, SETTLE_SECONDS, "both pods to be in the ledger")
    assert {node_of[meter["uid"]]: Decimal(meter["hourlyUsd"]) for meter in meters(small)} == both
    small.patch(suspend=True)
    until(lambda: not small.pods(), GONE_SECONDS, "the nodes to be free again")


def test_what_came_and_went_while_nobody_looked_is_counted_and_the_doubt_is_stated(
    small: Llama, duty: Duty
) -> None:
    small.apply(gpu=GOLD)
    ready(small)
    (first,) = small.pods()
    until(lambda: metered(small) == small.uids(), SETTLE_SECONDS, "the pod to be in the ledger")
    begun = bound(first)
    here = f"--namespace={small.namespace}"
    with duty.away():
        small.cluster.annotate_pod(small.namespace, first["metadata"]["name"], stop_time="2s")
        small.cluster.kubectl("delete", "pod", first["metadata"]["name"], here)
        gone = now()
        until(lambda: len(small.pods()) == 1, SETTLE_SECONDS, "another pod")
    ready(small)
    (second,) = small.pods()
    until(lambda: metered(small) == {second["metadata"]["uid"]}, SETTLE_SECONDS, "only that to be paid for")
    doubt = Decimal(ledger(small)["uncertainUsd"])
    assert 0 < doubt <= SECOND * drain(None).grace
    counted = sum(Decimal(amount) for amount in ledger(small)["spent"].values())
    truth = worth(gone - begun)
    assert counted >= SECOND, "the first pod is not forgotten"
    assert abs(counted - truth) <= doubt + ROUNDING
    least = truth + worth(now() - bound(second))
    small.patch(suspend=True)
    until(lambda: not small.pods(), SETTLE_SECONDS, "the second pod to be gone")
    most = truth + worth(now() - bound(second))
    usd = bill(small)
    assert least - doubt - ROUNDING <= usd <= most + doubt + ROUNDING


def test_an_operator_that_stands_by_counts_nothing(small: Llama, installed: ControlPlane, duty: Duty) -> None:
    small.apply(gpu=GOLD)
    with running_operator(installed):
        ready(small)
        (pod,) = small.pods()
        until(lambda: now() > bound(pod) + timedelta(seconds=6), SETTLE_SECONDS, "some seconds to be paid")
        duty.look(small)
        assert metered(small) == small.uids()
        least = now() - bound(pod)
        small.patch(suspend=True)
        usd = bill(small)
        most = now() - bound(pod)
    assert worth(least) - ROUNDING <= usd <= worth(most) + ROUNDING


def test_a_resource_that_is_made_anew_begins_its_own_ledger(small: Llama) -> None:
    small.apply(gpu=GOLD)
    ready(small)
    old = small.uids()
    until(lambda: metered(small) == old, SETTLE_SECONDS, "the pod to be in the ledger")
    begun = bound(small.pods()[0])
    small.delete()
    asked = now()
    small.apply(gpu=GOLD)
    until(
        lambda: small.condition("Ready").get("status") == "True", GONE_SECONDS, "the second one to be ready"
    )
    until(lambda: not small.uids() & old, GONE_SECONDS, "the first one's pod to be collected")
    until(lambda: metered(small) == small.uids(), SETTLE_SECONDS, "its pod, and no other, to be paid for")
    (pod,) = small.pods()
    least = now() - bound(pod)
    small.patch(suspend=True)
    usd = bill(small)
    assert worth(least) - ROUNDING <= usd
    # The old pod may have been there when the new resource was first looked at; then all of it is counted.
    most = (now() - begun) + (now() - asked)
    assert usd <= worth(most)
