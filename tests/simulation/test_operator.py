"""The operator in the simulator: the same chain of rules, with what it has to remember between two looks."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from builders import shape_of
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.simulation import View
from llamafleet.simulation.operator import Driven, Ground, Operator
from llamafleet.simulation.policies import Static
from llamafleet.simulation.view import NOTHING

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
NIGHTLY = {
    "timeZone": "UTC",
    "preWarm": "10m",
    "windows": [{"name": "nightly", "start": "0 1 * * *", "duration": "1h"}],
}
SCALING = {"minReplicas": 1, "maxReplicas": 4}


def ground(cold_start_seconds: float = 180, **spec: Any) -> Ground:
    """A fleet of small replicas at midnight."""
    raw = {"metadata": {"name": "llama"}, "spec": {"model": {"variant": "llama-3.1-8b"}, **spec}}
    llama = LlamaDeployment.model_validate(raw)
    return Ground(llama.spec, shape_of(llama), MIDNIGHT, cold_start_seconds)


def follow(decider: Operator, until: float, **seen: Any) -> list[tuple[float, int]]:
    """What is decided at each look, where every replica is ready at once; only where it changes."""
    found: list[tuple[float, int]] = []
    wanted = 0
    for look in range(int(until // 15) + 1):
        view = replace(NOTHING, now_s=15.0 * look, wanted=wanted, ready=wanted, **seen)
        count = decider.look(view)
        if not found or count != wanted:
            found.append((15.0 * look, count))
        wanted = count
    return found


def test_it_decides_as_the_plan_of_a_cluster_does() -> None:
    here = ground(scaling=SCALING, cost={"hourlyLimit": "2.50"})
    seen = Observation(now=MIDNIGHT, replicas=None, can_wake=True)
    assert Operator(here).first() == plan(here.spec, resolve(()), seen).replicas == 1


def test_a_window_opens_early_and_closes() -> None:
    """At 00:50, ten minutes before 01:00, and at 02:00."""
    decider = Operator(ground(scaling=SCALING, schedule=NIGHTLY))
    assert follow(decider, 3 * 3600) == [(0, 0), (3000, 1), (7200, 0)]


def test_a_window_closes_early_when_nothing_is_to_do() -> None:
    """Five minutes after it has opened, by closeWhenIdle; the next one opens early again."""
    decider = Operator(ground(scaling=SCALING, schedule={**NIGHTLY, "closeWhenIdle": True}))
    changes = follow(decider, 25 * 3600)
    assert changes == [(0, 0), (3000, 1), (3900, 0), (24 * 3600 + 3000, 1)]
    assert decider.refusing is False


def test_requests_are_refused_while_no_window_is_open() -> None:
    decider = Operator(ground(scaling=SCALING, schedule=NIGHTLY))
    told = []
    for now, ready in ((0, 0), (3000, 0), (3300, 1), (3600, 1), (7200, 1), (7215, 0)):
        decider.look(replace(NOTHING, now_s=float(now), ready=ready, wanted=ready))
        told.append(decider.refusing)
    # Closed; replicas start; ready early, so that requests reach them; open; closing; closed.
    assert told == [True, True, False, False, True, True]


def test_an_idle_fleet_of_zero_holds_requests_instead() -> None:
    decider = Operator(ground(scaling={"minReplicas": 0, "maxReplicas": 4}))
    decider.look(NOTHING)
    assert not decider.refusing


def test_a_suspended_fleet_refuses() -> None:
    decider = Operator(ground(scaling=SCALING, suspend=True))
    assert decider.look(NOTHING) == 0
    assert decider.refusing


def test_money_is_counted_from_the_simulated_replicas() -> None:
    """The budget pays for five hours of one replica, less what ending it costs."""
    here = ground(scaling={"minReplicas": 1, "maxReplicas": 1}, cost={"monthlyBudget": "5.95"})
    price = here.shape.hourly_usd
    assert price == Decimal("1.19")
    decider = Operator(here)
    counts = [
        decider.look(replace(NOTHING, now_s=now, wanted=1, ready=1, billed_s=now))
        for now in (15.0, 3600.0, 4.8 * 3600, 5 * 3600.0)
    ]
    assert counts == [1, 1, 1, 0]
    assert decider.refusing
    assert decider.steps["within_budget"] == 1


def test_a_new_month_begins_with_nothing_spent() -> None:
    here = replace(
        ground(scaling={"minReplicas": 1, "maxReplicas": 1}, cost={"monthlyBudget": "5.95"}),
        start=datetime(2026, 11, 30, 18, tzinfo=UTC),
    )
    decider = Operator(here)
    decider.look(replace(NOTHING, now_s=15.0))
    assert decider.look(replace(NOTHING, now_s=5 * 3600, ready=1, wanted=1, billed_s=5 * 3600.0)) == 0
    assert decider.look(replace(NOTHING, now_s=6 * 3600 + 15, billed_s=5 * 3600.0)) == 1


def test_the_lead_follows_the_cold_start_that_is_given() -> None:
    """With preWarm Auto a window opens early by the cold start and the minute until a pod has its node."""
    schedule = {**NIGHTLY, "preWarm": "Auto"}
    changes = follow(Operator(ground(600, scaling=SCALING, schedule=schedule)), 3600)
    assert changes == [(0, 0), (3600 - 660, 1)]


def test_it_looks_at_nothing_while_a_fleet_of_zero_has_nothing_to_do() -> None:
    decider = Operator(ground(scaling=SCALING, schedule=NIGHTLY))
    follow(decider, 2000)
    assert sum(decider.steps.values()) == 1


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (3, 3), (9, 4)])
def test_a_driver_asks_within_its_most(asked: int, given: int) -> None:
    decider = Driven(ground(scaling=SCALING), Static(asked), most=4)
    assert decider.look(NOTHING) == given


def test_a_driver_is_held_by_windows_and_money() -> None:
    here = ground(scaling=SCALING, schedule=NIGHTLY, cost={"hourlyLimit": "2.50"})
    assert follow(Driven(here, Static(3), most=4), 3 * 3600) == [(0, 0), (3000, 2), (7200, 0)]


def test_a_driver_sees_what_it_asked_for_and_not_what_the_window_left_of_it() -> None:
    seen = []

    class Watching(Static):
        def look(self, view: View) -> int:
            seen.append(view.wanted)
            return super().look(view)

    decider = Driven(ground(scaling=SCALING, schedule=NIGHTLY), Watching(3), most=4)
    for look in range(3):
        decider.look(replace(NOTHING, now_s=15.0 * look))
    assert seen == [1, 3, 3]


def test_a_week_of_looks_is_fast() -> None:
    """40,320 looks with windows and money take at most 10 s; here are five times a fiftieth of them."""
    budget = {"monthlyBudget": "900", "hourlyLimit": "9"}
    schedule = {**NIGHTLY, "windows": [{"name": "day", "start": "0 0 * * *", "duration": "23h"}]}
    took = []
    for _ in range(5):
        decider = Operator(ground(scaling=SCALING, schedule=schedule, cost=budget))
        begun = time.process_time()
        follow(decider, 3.4 * 3600, running=3)
        took.append(time.process_time() - begun)
    assert min(took) < 0.8  # a busy machine may take four times as long
