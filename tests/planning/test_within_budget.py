"""The rule of money within the chain, the month ahead, and when time alone changes the answer."""

from datetime import timedelta
from decimal import Decimal

import pytest

from llamafleet.planning.money.budget import Kind
from planning.givens import Json, spec
from planning.hours import counts, decided, schedule, told, utc, window

NOON = "2026-11-21 12:00"
SCALING = {"minReplicas": 2, "maxReplicas": 6}


@pytest.mark.parametrize(
    ("limit", "count"), [("7.14", 6), ("7.13", 5), ("3.57", 3), ("1.19", 1), ("1.18", 0)]
)
def test_the_hourly_limit_is_a_hard_cap_even_below_the_floor(limit: str, count: int) -> None:
    found = decided(spec(scaling=SCALING, cost={"hourlyLimit": limit}), NOON, replicas=6)
    assert found.replicas == count
    assert found.hourly_usd is not None
    assert found.hourly_usd <= Decimal(limit)


def test_no_limit_that_binds_leaves_no_step_in_the_chain() -> None:
    found = decided(spec(scaling=SCALING, cost={"hourlyLimit": "7.14"}), NOON, replicas=6)
    assert [step for step, _ in counts(found)] == ["demand", "within_bounds"]


def test_the_month_shares_its_money_among_the_open_hours_that_are_left() -> None:
    """From noon on the 21st there are nine nights of four hours: 36 h; 36 x 1.19 x 2 = 85.68."""
    asked = spec(replicas=4, schedule=schedule(preWarm="0s"), cost={"monthlyBudget": "100"})
    at_start = decided(asked, "2026-11-22 00:00", replicas=4, paid=4)
    (_, _, (step, count, message)) = told(at_start)
    assert (step, count) == ("within_budget", 2)
    assert at_start.money.kind is Kind.PACED
    assert message.startswith("0.00 of 100.00 USD are spent; the 36.0 open hours left in November")


@pytest.mark.parametrize(
    ("exhausted", "count", "kind"),
    [("Shutdown", 0, Kind.EXHAUSTED), ("Floor", 2, Kind.FLOOR), ("Warn", 6, Kind.WARNED)],
)
def test_when_the_money_is_spent_the_author_decides_what_happens(
    exhausted: str, count: int, kind: Kind
) -> None:
    asked = spec(scaling=SCALING, cost={"monthlyBudget": "500", "onExhausted": exhausted})
    found = decided(asked, NOON, replicas=6, paid=6, spent_usd=Decimal(500))
    assert (found.replicas, found.money.kind) == (count, kind)


def test_the_floor_of_the_money_is_that_of_scaling_within_what_the_hour_wants() -> None:
    asked = spec(
        scaling=SCALING,
        schedule=schedule(window(minReplicas=1, maxReplicas=1)),
        cost={"monthlyBudget": "500", "onExhausted": "Floor"},
    )
    found = decided(asked, "2026-11-21 01:00", replicas=1, paid=1, spent_usd=Decimal(500))
    assert counts(found) == [
        ("demand", 1),
        ("within_bounds", 1),
        ("within_window", 1),
        ("within_budget", 1),
    ]


@pytest.mark.parametrize("exhausted", ["Shutdown", "Floor", "Warn"])
def test_spent_money_never_opens_a_closed_fleet(exhausted: str) -> None:
    asked = spec(
        scaling=SCALING, schedule=schedule(), cost={"monthlyBudget": "500", "onExhausted": exhausted}
    )
    assert decided(asked, NOON, replicas=6, paid=6, spent_usd=Decimal(600)).replicas == 0


def test_the_month_is_projected_from_the_windows_to_come_at_the_present_demand() -> None:
    """Nine nights of four hours of two replicas: 36 x 2.38 = 85.68, and what was spent before."""
    asked = spec(replicas=2, schedule=schedule(preWarm="0s"), cost={"monthlyBudget": "900"})
    found = decided(asked, NOON, replicas=0, spent_usd=Decimal("100.01"))
    assert found.case.outlook.projected_usd == Decimal("185.69")


def test_a_window_that_asks_for_more_than_a_fixed_count_is_projected_and_capped_by_what_it_asks_for() -> None:
    """Nine nights of four hours of three replicas: 36 x 3.57 = 128.52; the ceiling is that of all 30."""
    asked = spec(
        replicas=1, schedule=schedule(window(minReplicas=3), preWarm="0s"), cost={"monthlyBudget": "100"}
    )
    found = decided(asked, NOON, replicas=0)
    assert found.case.outlook.projected_usd == Decimal("128.52")
    assert found.case.outlook.excess == (
        (
            "up to 3 replicas in 120.0 open hours of November cost 428.40 USD, more than "
            "spec.cost.monthlyBudget 100.00."
        ),
    )


def test_a_suspended_fleet_is_projected_to_cost_nothing_more() -> None:
    asked = spec(replicas=2, suspend=True, cost={"monthlyBudget": "900"})
    found = decided(asked, NOON, replicas=0, spent_usd=Decimal("100.01"))
    assert found.case.outlook.projected_usd == Decimal("100.01")


def test_a_ceiling_above_the_limits_is_told_with_the_sums_before_anything_runs() -> None:
    asked = spec(scaling=SCALING, cost={"hourlyLimit": "5", "monthlyBudget": "1000"})
    found = decided(asked, NOON)
    assert found.case.outlook.excess == (
        "6 replicas cost 7.14 USD/h, more than spec.cost.hourlyLimit 5.00.",
        (
            "up to 6 replicas in 720.0 open hours of November cost 5140.80 USD, more than "
            "spec.cost.monthlyBudget 1000.00."
        ),
    )


@pytest.mark.parametrize(
    ("sections", "now", "wake"),
    [
        pytest.param({}, "2026-11-25 12:00", "2026-12-01 00:00", id="without hours and money: the month"),
        pytest.param(
            {"schedule": {**schedule(), "timeZone": "America/New_York", "preWarm": "0s"}},
            "2026-12-01 04:59:59",
            "2026-12-01 05:00",
            id="the month turns in the schedule's zone",
        ),
        pytest.param(
            {"schedule": schedule()}, "2026-11-21 01:00", "2026-11-21 04:00", id="open: the end of the window"
        ),
        pytest.param(
            {"schedule": schedule(preWarm="10m")}, NOON, "2026-11-21 23:50", id="closed: the early start"
        ),
        pytest.param(
            {"schedule": schedule(preWarm="10m")},
            "2026-11-21 23:55",
            "2026-11-22 00:00",
            id="starting: the opening",
        ),
        pytest.param(
            {"schedule": schedule(window(), window("batch", "0 3 * * *", "5h"))},
            "2026-11-21 01:00",
            "2026-11-21 02:00",
            id="open: where other bounds begin",
        ),
    ],
)
def test_it_wakes_when_time_alone_changes_something(sections: dict[str, Json], now: str, wake: str) -> None:
    assert decided(spec(replicas=1, **sections), now).wake == utc(wake)


def test_it_wakes_when_the_money_is_spent_but_for_the_drain() -> None:
    """10 USD are left and one pod is paid: 8.40 h, less the drain of 320 s and the minute of a late look."""
    asked = spec(replicas=1, cost={"monthlyBudget": "100"})
    found = decided(asked, NOON, replicas=1, paid=1, spent_usd=Decimal(90))
    hours = Decimal(10) / Decimal("1.19")
    spent_at = utc(NOON) + timedelta(seconds=int(hours * 3600) - 320 - 60)
    assert abs(found.wake - spent_at) <= timedelta(seconds=2)
    then = decided(
        asked,
        f"{found.wake:%Y-%m-%d %H:%M:%S}",
        replicas=1,
        paid=1,
        spent_usd=Decimal(90) + Decimal("1.19") * int((found.wake - utc(NOON)).total_seconds()) / 3600,
    )
    assert then.replicas == 0


def test_a_closed_fleet_does_not_wake_for_its_money() -> None:
    asked = spec(replicas=1, schedule=schedule(preWarm="0s"), cost={"monthlyBudget": "900"})
    assert decided(asked, NOON, replicas=0).wake == utc("2026-11-22 00:00")
