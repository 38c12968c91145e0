"""What a fleet costs, look by look: nothing is lost, nothing counted twice, and people hear of it once."""

import dataclasses
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from builders import raw_pool
from llamafleet.errors import LlamafleetError, Stale, Unavailable
from reconcile.nights import BUSY, IDLE, Night, nightly, utc

RESYNC = timedelta(minutes=15)
"""Every resource is looked at so often, whatever it asks for."""

LAST = [Stale("HTTP 409"), Unavailable("HTTP 500")]


def always(now: str = "2026-11-21 00:00", /, **spec: Any) -> Night:
    """One replica that was started an hour ago and is ready since half past."""
    night = Night(now, spec).look()
    night.starts("a")
    night.look()
    return night


def phases(night: Night) -> dict[str, str]:
    found: dict[str, str] = night.cost["ledger"]["spent"]
    return {name: usd for name, usd in found.items() if Decimal(usd)}


def test_a_pod_costs_from_its_node_to_its_end_by_what_it_did() -> None:
    """Ten hours at 1.19: one of loading, six of work, two idle, one of draining."""
    fleet = always(cost={"monthlyBudget": "900"})
    fleet.now = utc("2026-11-21 01:00")
    fleet.ready("a")
    fleet.look()
    fleet.say(IDLE, "a")
    fleet.look("2026-11-21 03:00")
    fleet.say(BUSY, "a")
    fleet.look("2026-11-21 05:00")
    fleet.now = utc("2026-11-21 09:00")
    fleet.delete("a", grace=7200)
    fleet.look()
    fleet.now = utc("2026-11-21 10:00")
    fleet.remove("a")
    fleet.look()
    assert phases(fleet) == {"loading": "1.19", "serving": "7.14", "idle": "2.38", "draining": "1.19"}
    assert fleet.cost["monthToDate"] == "11.90"
    assert fleet.cost["ledger"]["meters"] == []


def test_a_restart_loses_nothing_and_counts_nothing_twice() -> None:
    calm, restarted = always(), always()
    for hour in range(1, 24):
        calm.look(f"2026-11-21 {hour:02}:00")
        restarted.restart()
        restarted.look(f"2026-11-21 {hour:02}:00").look()
        restarted.restart()
    assert restarted.cost["monthToDate"] == calm.cost["monthToDate"] == "27.37"


def test_an_operator_that_was_away_for_hours_counts_them() -> None:
    fleet = always()
    fleet.restart()
    assert fleet.look("2026-11-21 20:00").cost["monthToDate"] == "23.80"


@pytest.mark.parametrize("garbled", [{"conditions": "all well"}, {"desiredReplicas": -1}, {"schedule": 7}])
def test_a_garbled_status_keeps_the_account_that_stands_in_it(garbled: dict[str, Any]) -> None:
    fleet = always()
    fleet.now = utc("2026-11-21 10:00")
    fleet.delete("a")
    fleet.remove("a")
    fleet.look()
    ledger = fleet.cost["ledger"]
    fleet.raw["status"] = {**fleet.status, **garbled}
    fleet.restart()
    fleet.look("2026-11-21 11:00")
    assert fleet.cost["monthToDate"] == "11.90"
    assert fleet.cost["ledger"] == ledger
    assert fleet.told() == []


@pytest.mark.parametrize(
    "cost", ["much", None, {"ledger": "all paid"}, {"ledger": {"month": "2026-11"}}, {"ledger": None}]
)
def test_an_account_that_cannot_be_read_begins_anew_with_the_pods_that_are_there(cost: object) -> None:
    fleet = always()
    fleet.raw["status"]["cost"] = cost
    assert fleet.look("2026-11-21 10:00").cost["monthToDate"] == "11.90"


@pytest.mark.parametrize("error", LAST)
def test_a_pod_that_is_gone_is_settled_only_after_the_status_was_written(error: LlamafleetError) -> None:
    fleet = always()
    fleet.now = utc("2026-11-21 10:00")
    fleet.delete("a")
    fleet.remove("a")
    fleet.world.refused["status"] = error
    for _ in range(3):
        with pytest.raises(type(error)):
            fleet.look()
        assert len(fleet.world.gone) == 1
    fleet.world.refused.clear()
    fleet.look("2026-11-21 10:05")
    assert fleet.world.gone == ()
    assert fleet.cost["monthToDate"] == "11.90"
    fleet.look("2026-11-21 12:00")
    assert fleet.cost["monthToDate"] == "11.90"


def test_a_pod_that_is_gone_while_children_cannot_be_written_is_counted_all_the_same() -> None:
    fleet = always()
    fleet.now = utc("2026-11-21 10:00")
    fleet.delete("a")
    fleet.remove("a")
    fleet.world.objects.pop("Service")
    fleet.world.refused["Service"] = Unavailable("HTTP 500")
    with pytest.raises(Unavailable):
        fleet.look()
    assert fleet.cost["monthToDate"] == "11.90"
    assert fleet.world.gone == ()


def test_two_operators_that_saw_the_same_write_the_same() -> None:
    fleet = always()
    fleet.now = utc("2026-11-21 10:00")
    fleet.delete("a")
    fleet.remove("a")
    before, gone = fleet.raw["status"], fleet.world.gone
    fleet.look()
    first = fleet.status
    fleet.raw["status"], fleet.world.gone = before, gone
    fleet.look()
    assert fleet.status == first
    fleet.world.gone = gone
    fleet.look()
    assert fleet.status == first, "nor does the other one count a pod again that is settled"


def test_a_resource_that_is_made_again_counts_the_pods_that_its_namesake_left() -> None:
    """They cost until they are gone, and nobody else counts them."""
    fleet = always()
    fleet.look("2026-11-21 05:00")
    fleet.now = utc("2026-11-21 10:00")
    fleet.delete("a")
    fleet.raw["metadata"]["uid"] = "00000000-0000-4000-8000-000000000002"
    fleet.raw["status"] = {}
    fleet.look()
    fleet.starts("b")
    fleet.look()
    fleet.now = utc("2026-11-21 10:05")
    fleet.remove("a")
    fleet.look("2026-11-21 11:00")
    assert fleet.cost["ledger"]["spent"]["draining"] == "0.099166667", "five minutes"
    assert fleet.cost["monthToDate"] == "13.19", "ten hours and five minutes of one, an hour of the other"


def test_the_month_turns_in_the_zone_of_the_schedule_while_nobody_looks() -> None:
    night = nightly(
        "2026-11-30 22:00", schedule={"windows": [{"name": "n", "start": "0 23 * * *", "duration": "4h"}]}
    )
    night.look()
    night.starts("a")
    night.look()
    night.look("2026-12-01 01:00")
    assert night.cost["ledger"]["month"] == "2026-12"
    assert night.cost["ledger"]["lastMonth"] == {"month": "2026-11", "usd": "1.19"}
    assert night.cost["monthToDate"] == "2.38"


def test_it_wakes_when_the_month_turns_and_when_the_window_ends() -> None:
    fleet = always("2026-11-27 13:00")
    assert fleet.wake == utc("2026-12-01 00:00")
    night = nightly("2026-11-21 01:00").look()
    assert night.wake == utc("2026-11-21 04:00")


def test_it_wakes_when_its_money_is_spent_and_stops_then_with_enough_for_the_drain() -> None:
    fleet = always(cost={"monthlyBudget": "50"})
    for _ in range(200):
        assert fleet.wake is not None
        fleet.now = min(fleet.wake, fleet.now + RESYNC)
        fleet.look()
        if not fleet.replicas:
            break
    fleet.delete("a")
    fleet.look()
    fleet.now = fleet.world.running[0].deadline or fleet.now
    fleet.remove("a")
    fleet.look()
    assert Decimal("49.9") < Decimal(fleet.cost["monthToDate"]) <= 50
    assert fleet.conditions()["WithinBudget"] == ("False", "BudgetExhausted")
    assert not fleet.is_open
    assert fleet.told() == [
        "CeilingExceedsBudget",
        "Budget50PercentSpent",
        "Budget80PercentSpent",
        "Budget100PercentSpent",
    ]


def test_it_comes_back_when_the_month_turns() -> None:
    fleet = always("2026-11-29 00:00", cost={"monthlyBudget": "20"})
    fleet.look("2026-11-29 16:45")
    assert fleet.replicas == 0
    fleet.delete("a")
    fleet.now = utc("2026-11-29 16:46")
    fleet.remove("a")
    fleet.look()
    assert fleet.look("2026-11-30 23:59:59").replicas == 0
    assert fleet.wake == utc("2026-12-01 00:00")
    assert fleet.look("2026-12-01 00:00").replicas == 1
    assert fleet.conditions()["WithinBudget"][0] == "True"


MARKS = ["Budget50PercentSpent", "Budget80PercentSpent", "Budget100PercentSpent"]


@pytest.mark.parametrize("error", [None, *LAST])
def test_each_part_of_the_budget_is_told_once_whatever_happens_to_the_status(
    error: LlamafleetError | None,
) -> None:
    fleet = always("2026-11-01 00:00", cost={"monthlyBudget": "100"})
    for hour in range(1, 96):
        now = f"2026-11-0{1 + hour // 24} {hour % 24:02}:00"
        if error:
            fleet.world.refused["status"] = error
            for _ in range(2):
                with pytest.raises(type(error)):
                    fleet.look(now)
            fleet.world.refused.clear()
        fleet.look(now)
    assert fleet.told("Budget") == MARKS
    assert [event.type for event in fleet.world.announced if event.reason in MARKS] == [
        "Normal",
        "Normal",
        "Warning",
    ]


def test_what_was_told_is_not_offered_again_after_its_event_is_forgotten() -> None:
    """A cluster keeps Events for an hour: each of these would come back every hour to the month's end."""
    fleet = always("2026-11-01 00:00", cost={"monthlyBudget": "100"})
    for hour in range(1, 96):
        fleet.look(f"2026-11-0{1 + hour // 24} {hour % 24:02}:00")
    fleet.look("2026-11-05 00:00")
    fleet.world.announced.clear()
    for hour in range(1, 24):
        fleet.look(f"2026-11-05 {hour:02}:00")
        fleet.restart()
    assert fleet.told() == []


def test_the_next_month_is_told_anew() -> None:
    fleet = always("2026-11-27 00:00", cost={"monthlyBudget": "100", "onExhausted": "Warn"})
    for day in ("2026-11-29", "2026-11-30", "2026-12-01", "2026-12-03", "2026-12-04"):
        fleet.look(f"{day} 12:00")
    assert fleet.told("Budget") == MARKS[:2] * 2


def test_a_ceiling_above_the_budget_is_told_in_the_first_status() -> None:
    fleet = Night(
        "2026-11-21 00:00", {"scaling": {"maxReplicas": 8}, "cost": {"monthlyBudget": "900"}}
    ).look()
    status, reason, message = fleet.condition("CeilingWithinBudget")
    assert (status, reason) == ("False", "CeilingExceedsBudget")
    assert message == (
        "Up to 8 replicas in 720.0 open hours of November cost 6854.40 USD, more than "
        "spec.cost.monthlyBudget 900.00."
    )
    assert fleet.told() == ["CeilingExceedsBudget"]
    fleet.look("2026-11-21 05:00")
    fleet.edit(cost={"monthlyBudget": "901"})
    fleet.look()
    assert fleet.told() == ["CeilingExceedsBudget"] * 2, "an edit is answered"
    fleet.edit(cost={"monthlyBudget": "9000"})
    fleet.look()
    assert fleet.condition("CeilingWithinBudget")[:2] == ("True", "CeilingFits")


def test_a_shape_without_a_price_is_limited_by_nothing_and_that_is_told() -> None:
    own = raw_pool(gpu="l40")
    spec = {"replicas": 3, "cost": {"monthlyBudget": "1", "hourlyLimit": "0.01"}}
    fleet = Night("2026-11-21 00:00", spec, gpu_pools=(own,)).look()
    fleet.starts("a", pool="own")
    fleet.look("2026-11-21 05:00").look("2026-11-25 05:00")
    assert fleet.replicas == 3
    conditions = fleet.conditions()
    assert conditions["Priced"] == ("False", "PriceMissing")
    assert conditions["WithinBudget"] == ("False", "PriceMissing")
    assert "CeilingWithinBudget" not in conditions
    assert "hourlyRate" not in fleet.cost
    assert "projectedMonth" not in fleet.cost
    assert fleet.cost["ledger"]["unpriced"]
    assert fleet.told() == ["PriceMissing"]
    fleet.world.gpu_pools = (raw_pool(gpu="l40", price={"onDemand": "0.50"}),)
    fleet.look("2026-11-25 06:00")
    assert "Priced" not in fleet.conditions()


def test_a_fleet_that_lost_its_price_keeps_the_account_of_the_month_before() -> None:
    fleet = Night("2026-11-30 00:00", {}, gpu_pools=(raw_pool(gpu="l40", price={"onDemand": "1"}),)).look()
    fleet.starts("a", pool="own")
    fleet.look()
    fleet.now = utc("2026-11-30 10:00")
    fleet.delete("a")
    fleet.remove("a")
    fleet.look()
    fleet.world.gpu_pools = (raw_pool(gpu="l40"),)
    fleet.look("2026-12-01 10:00").look("2026-12-01 11:00")
    assert fleet.cost["ledger"]["lastMonth"] == {"month": "2026-11", "usd": "10"}
    assert fleet.cost["monthToDate"] == "0.00"


BOTH = raw_pool(price={"onDemand": "2.00", "spot": "0.50"})


def spot(**world: Any) -> Night:
    """A fleet whose pool sells both, with one pod on a node of either kind."""
    spec = {"replicas": 2, "gpu": {"capacityType": "SpotPreferred"}}
    fleet = Night("2026-11-21 00:00", spec, gpu_pools=(BOTH,), **world).look()
    fleet.starts("cheap", pool="own", node="spot-0")
    fleet.starts("dear", pool="own", node="a100-0")
    return fleet


def test_the_price_of_a_pod_is_that_of_its_node() -> None:
    fleet = spot(spot_nodes={"spot-0": True, "a100-0": False}).look()
    prices = {meter["uid"]: meter["hourlyUsd"] for meter in fleet.cost["ledger"]["meters"]}
    assert {uid: Decimal(usd) for uid, usd in prices.items()} == {
        "uid-cheap": Decimal("0.50"),
        "uid-dear": Decimal("2.00"),
    }
    assert fleet.look("2026-11-21 10:00").cost["monthToDate"] == "25.00"


def test_a_node_that_goes_away_does_not_make_its_pod_dearer() -> None:
    """Spot nodes go; their pods are there for some minutes more."""
    fleet = spot(spot_nodes={"spot-0": True, "a100-0": False}).look()
    del fleet.world.spot_nodes["spot-0"]
    assert fleet.look("2026-11-21 10:00").cost["monthToDate"] == "25.00"


def test_a_node_that_cannot_be_looked_at_stops_nothing_and_changes_no_price() -> None:
    fleet = spot(spot_nodes={"spot-0": True, "a100-0": False}).look()
    fleet.world.broken = {"is_spot": Unavailable("HTTP 500")}
    fleet.look("2026-11-21 05:00")
    fleet.world.broken = {}
    assert fleet.look("2026-11-21 10:00").cost["monthToDate"] == "25.00"


def test_a_node_that_was_gone_before_anybody_looked_counts_as_dear() -> None:
    assert spot(spot_nodes={"a100-0": False}).look().look("2026-11-21 10:00").cost["monthToDate"] == "40.00"


def test_a_pod_that_came_and_went_between_two_looks_has_the_price_of_its_node() -> None:
    fleet = spot(spot_nodes={"spot-0": True, "a100-0": False}).look()
    fleet.now = utc("2026-11-21 10:00")
    fleet.starts("brief", pool="own", node="spot-1")
    fleet.world.spot_nodes["spot-1"] = True
    fleet.now = utc("2026-11-21 12:00")
    fleet.delete("brief", grace=0)
    fleet.remove("brief")
    fleet.look()
    assert fleet.cost["monthToDate"] == "31.00", "two hours at 0.50 beside twelve of the others"


def test_tokens_that_were_read_give_a_price_per_million() -> None:
    fleet = always(cost={"monthlyBudget": "900"})
    fleet.now = utc("2026-11-21 01:00")
    fleet.ready("a", load=dataclasses.replace(BUSY, prompt_tokens=0, generation_tokens=0))
    fleet.look()
    fleet.say(dataclasses.replace(BUSY, prompt_tokens=9_000_000, generation_tokens=1_000_000), "a")
    fleet.look("2026-11-21 10:00")
    assert fleet.cost["ledger"]["tokens"] == 10_000_000
    assert fleet.cost["perMillionTokens"] == "1.19"
