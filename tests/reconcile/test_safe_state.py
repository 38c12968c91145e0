"""A fleet whose spec is refused keeps its last safe state, and comes back when the spec is valid again."""

from typing import Any

import pytest

from llamafleet.errors import Unavailable
from reconcile.nights import Night, nightly, utc

NO_POOL = {"gpu": {"pools": ["nowhere"]}}
"""Refused by the planner."""

NO_ZONE = {
    "schedule": {
        "timeZone": "Europe/Bonn",
        "windows": [{"name": "n", "start": "0 1 * * *", "duration": "4h"}],
    }
}
"""Refused by the calendar."""

NO_COUNT = {"gpu": {"count": 3}}
"""Refused when it is read: of an older release."""

REFUSALS = pytest.mark.parametrize(
    "refusal", [NO_POOL, NO_ZONE, NO_COUNT], ids=["pool", "zone", "unreadable"]
)


def opened(**spec: Any) -> Night:
    """A fleet in its window at one."""
    return nightly("2026-11-21 01:00", **spec).look()


@REFUSALS
def test_open_stays_open_until_its_known_end_and_then_closes(refusal: dict[str, Any]) -> None:
    night = opened()
    night.edit(**refusal)
    night.look("2026-11-21 02:00")
    assert (night.replicas, night.is_open, night.wake) == (1, True, utc("2026-11-21 04:00"))
    assert night.conditions()["Sized"] == ("False", "InvalidSpec")
    assert night.conditions()["WindowOpen"] == ("True", "Open"), "what was said of the hour still holds"
    assert night.look("2026-11-21 03:59:59").replicas == 1
    night.world.writes.clear()
    night.look("2026-11-21 04:00")
    assert (night.replicas, night.is_open) == (0, False)
    assert night.world.writes == ["update Service", "update Deployment", "status"]
    assert night.status["desiredReplicas"] == 0
    assert night.cost["hourlyRate"] == "0.00"
    assert night.status["schedule"] == {"open": False, "window": ""}
    assert night.conditions()["WindowOpen"] == ("False", "SpecRefused")
    assert night.told() == ["WindowOpened", "WindowClosed"]
    assert night.world.announced[-1].message == "Closed, and it stays so until its spec is valid again."


@REFUSALS
def test_closed_stays_closed_also_when_it_was_to_open(refusal: dict[str, Any]) -> None:
    night = nightly().look()
    night.edit(**refusal)
    for now in ("2026-11-20 13:00", "2026-11-20 23:50", "2026-11-21 00:00", "2026-11-21 01:00"):
        night.look(now)
        assert (night.replicas, night.is_open) == (0, False), now
    assert night.told() == []


@REFUSALS
def test_a_fleet_that_always_was_open_stays_so(refusal: dict[str, Any]) -> None:
    always = Night("2026-11-21 12:00", {"replicas": 2}).look()
    always.edit(**refusal)
    assert always.look("2026-12-24 12:00").replicas == 2
    assert always.wake is None


@REFUSALS
def test_a_spec_that_becomes_valid_again_opens_the_fleet_at_once(refusal: dict[str, Any]) -> None:
    night = nightly().look()
    good = dict(night.raw["spec"])
    night.edit(**refusal)
    night.look("2026-11-21 00:30")
    night.raw["spec"] = good
    night.raw["metadata"]["generation"] += 1
    night.look("2026-11-21 01:00")
    assert (night.replicas, night.is_open) == (1, True)
    assert night.conditions()["WindowOpen"] == ("True", "Open")
    assert night.wake == utc("2026-11-21 04:00")
    assert night.told() == ["WindowOpened"]


def test_a_closed_fleet_with_a_refused_spec_is_quiet_and_sleeps_until_it_is_looked_at() -> None:
    night = opened()
    night.edit(**NO_POOL)
    night.look("2026-11-21 04:00")
    night.world.writes.clear()
    for hour in range(5, 24):
        night.look(f"2026-11-21 {hour:02}:00")
        assert night.wake is None, "nothing changes by time alone"
    assert night.world.writes == []


def test_a_fleet_that_lost_its_deployment_does_not_ask_to_be_looked_at_all_the_time() -> None:
    night = opened()
    night.edit(**NO_POOL)
    del night.world.objects["Deployment"]
    night.look("2026-11-21 04:30")
    assert night.wake is None


def test_what_was_started_early_ends_with_its_spec() -> None:
    """It is closed, and closed stays closed: nobody knows any more for what it was started."""
    night = nightly().look().look("2026-11-20 23:50")
    assert night.replicas == 1
    night.edit(**NO_POOL)
    assert night.look("2026-11-20 23:51").replicas == 0


@REFUSALS
def test_a_refused_fleet_that_is_suspended_sleeps_and_stays_asleep(refusal: dict[str, Any]) -> None:
    night = opened()
    night.edit(**refusal, suspend=True)
    night.look("2026-11-21 02:00")
    assert (night.replicas, night.is_open) == (0, False)
    night.edit(suspend=False)
    assert night.look("2026-11-21 02:10").replicas == 0, "closed stays closed"


@REFUSALS
@pytest.mark.parametrize("spec", [{}, {"schedule": None}], ids=["with a schedule", "without a schedule"])
def test_a_refused_fleet_that_is_closed_by_hand_sleeps_and_stays_asleep(
    refusal: dict[str, Any], spec: dict[str, Any]
) -> None:
    """An annotation saves money whatever the spec says; one that opens does not spend any."""
    night = opened()
    night.edit(**spec)
    night.look()
    night.edit(**refusal)
    night.annotate(closed_until="2026-11-21T02:30Z")
    night.look("2026-11-21 02:00")
    assert (night.replicas, night.is_open) == (0, False)
    night.annotate(open_until="2026-11-21T20:00Z")
    assert night.look("2026-11-21 02:40").replicas == 0


def test_a_refused_fleet_is_told_of_an_annotation_that_cannot_be_read_too() -> None:
    night = opened()
    night.edit(**NO_POOL)
    night.annotate(closed_until="tonight")
    assert night.look("2026-11-21 02:00").replicas == 1
    assert night.conditions()["AnnotationsValid"] == ("False", "InvalidAnnotation")


def test_a_refused_fleet_ends_when_its_budget_is_spent() -> None:
    night = Night("2026-11-21 00:00", {"cost": {"monthlyBudget": "50"}}).look()
    night.starts("a")
    night.look("2026-11-21 00:01")
    night.edit(**NO_POOL)
    assert night.look("2026-11-22 18:00").replicas == 1, "42 h x 1.19 are 49.98"
    assert night.look("2026-11-22 18:02").replicas == 0
    assert night.cost["hourlyRate"] == "0.00"
    assert not night.is_open


@pytest.mark.parametrize("exhausted", ["Floor", "Warn"])
def test_a_refused_fleet_runs_on_where_its_author_wants_that(exhausted: str) -> None:
    cost = {"monthlyBudget": "50", "onExhausted": exhausted}
    night = Night("2026-11-21 00:00", {"cost": cost}).look()
    night.starts("a")
    night.look("2026-11-21 00:01")
    night.edit(**NO_POOL)
    assert night.look("2026-11-23 18:02").replicas == 1


def test_the_pods_of_a_refused_fleet_are_paid_for_and_counted() -> None:
    night = opened()
    night.starts("a")
    night.look("2026-11-21 01:01")
    night.edit(**NO_COUNT)
    night.look("2026-11-21 03:00")
    assert night.cost["monthToDate"] == "2.38"
    night.look("2026-11-21 04:00")
    night.delete("a")
    night.now = utc("2026-11-21 04:05")
    night.remove("a")
    night.look()
    assert night.world.gone == ()
    assert night.cost["ledger"]["spent"]["loading"] == "3.57", "from one to four"
    assert night.cost["monthToDate"] == "3.67", "and five minutes of draining"


def test_a_sleep_that_cannot_be_written_is_tried_again_and_does_not_look_closed() -> None:
    night = opened()
    night.edit(**NO_POOL)
    night.look("2026-11-21 02:00")
    night.world.refused["Deployment"] = Unavailable("HTTP 500")
    with pytest.raises(Unavailable):
        night.look("2026-11-21 04:00")
    assert not night.is_open, "nobody sends to it any more"
    assert night.replicas == 1
    assert night.status["schedule"]["open"]
    assert night.told() == ["WindowOpened"]
    night.world.refused.clear()
    night.look("2026-11-21 04:01")
    assert night.replicas == 0
    assert night.told() == ["WindowOpened", "WindowClosed"]


def test_a_closing_that_cannot_be_written_is_told_when_it_was() -> None:
    """With a spec that is good, too."""
    night = opened()
    night.world.refused["Deployment"] = Unavailable("HTTP 500")
    for second in range(3):
        with pytest.raises(Unavailable):
            night.look(f"2026-11-21 04:00:0{second}")
    assert night.status["schedule"]["open"], "its pods run, and cost"
    assert night.cost["hourlyRate"] == "1.19"
    assert night.told() == ["WindowOpened"]
    night.world.refused.clear()
    night.look("2026-11-21 04:01")
    assert not night.status["schedule"]["open"]
    assert night.told() == ["WindowOpened", "WindowClosed"]


def test_a_budget_that_pays_for_nothing_is_refused_and_closed_stays_closed() -> None:
    night = nightly(cost={"monthlyBudget": "1"}).look()
    assert night.world.objects == {}
    assert night.condition("Sized")[2] == (
        "spec.cost.monthlyBudget = 1.00: must pay for one hour of one replica at least, which is 1.19 USD."
    )


def test_a_budget_that_is_cut_to_nothing_ends_the_fleet_that_runs_and_is_then_refused() -> None:
    night = Night("2026-11-21 00:00", {"cost": {"monthlyBudget": "900"}}).look()
    night.starts("a")
    night.look("2026-11-21 01:00")
    night.edit(cost={"monthlyBudget": "1"})
    night.look("2026-11-21 01:01")
    assert (night.replicas, night.is_open) == (0, False)
    night.delete("a")
    night.look("2026-11-21 01:02")
    assert night.conditions()["Sized"] == ("False", "InvalidSpec")
    assert (night.replicas, night.is_open) == (0, False)
