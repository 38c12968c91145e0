"""Whether a request may wait, read from what the operator says of a LlamaDeployment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llamafleet.waker.standing import Shut, standing

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPENS = datetime(2026, 11, 22, 1, tzinfo=UTC)


def llama(spec: dict[str, Any] | None = None, generation: int = 3, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "scout",
            "namespace": "team-a",
            "uid": "uid",
            "resourceVersion": "7",
            "generation": generation,
            "creationTimestamp": "2026-11-21T11:00:00Z",
        },
        "spec": {"model": {"variant": "scout"}, **(spec or {})},
        "status": {"observedGeneration": 3, **status},
    }


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-21T11:00:00Z",
    }


def step(name: str, replicas: int) -> dict[str, Any]:
    return {"step": name, "replicas": replicas, "message": ""}


CLOSED = {"open": False, "nextTransition": "2026-11-22T01:00:00Z"}
SPENT = condition("WithinBudget", "False", "BudgetExhausted")
BUDGET = {"monthlyBudget": "100"}


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        (llama({"suspend": True}), "fleet_suspended"),
        (llama({"suspend": True}, generation=4), "fleet_suspended"),
        (llama({"replicas": 0}), "fleet_at_zero"),
        (llama(conditions=[condition("Sized", "False", "DoesNotFit")]), "fleet_refused"),
        (llama(schedule=CLOSED), "fleet_closed"),
        (llama({"cost": BUDGET}, conditions=[SPENT]), "budget_exhausted"),
        (
            llama(
                {"cost": {**BUDGET, "onExhausted": "Floor"}},
                conditions=[SPENT],
                reasons=[step("demand", 1), step("within_budget", 0)],
            ),
            "budget_exhausted",
        ),
        (
            llama(
                {"cost": {"hourlyLimit": "1"}},
                conditions=[condition("WithinBudget", "False", "HourlyLimitTooLow")],
                reasons=[step("demand", 1), step("within_budget", 0)],
            ),
            "budget_exhausted",
        ),
    ],
    ids=[
        "suspended",
        "suspended a moment ago",
        "scaled to zero by hand",
        "refused",
        "closed",
        "money spent",
        "no floor to keep",
        "one replica costs too much",
    ],
)
def test_a_fleet_that_will_not_come_is_shut(resource: dict[str, Any], code: str) -> None:
    shut = standing(resource).shut
    assert shut is not None
    assert shut.code == code
    assert shut.holds(NOW, 900)


@pytest.mark.parametrize(
    "resource",
    [
        llama(),
        {**llama(), "status": {}},
        llama(schedule={"open": True, "window": "night"}),
        llama(generation=4, schedule=CLOSED),
        llama({"cost": {**BUDGET, "onExhausted": "Warn"}}, conditions=[SPENT], reasons=[step("demand", 0)]),
        llama(
            {"cost": {**BUDGET, "onExhausted": "Floor"}},
            conditions=[SPENT],
            reasons=[step("demand", 3), step("within_budget", 1)],
        ),
        llama({"cost": BUDGET}, conditions=[condition("WithinBudget", "False", "PriceMissing")]),
        llama({"cost": BUDGET}, conditions=[condition("WithinBudget", "True", "Paced")]),
        {**llama(), "spec": {"suspend": "perhaps"}},
    ],
    ids=[
        "idle",
        "nothing decided yet",
        "open",
        "the status is of an older spec",
        "money spent, and only told",
        "money spent, and a floor kept",
        "no price known",
        "paced",
        "cannot be read",
    ],
)
def test_any_other_fleet_lets_requests_wait(resource: dict[str, Any]) -> None:
    assert standing(resource).shut is None


def test_a_closed_fleet_knows_when_it_opens_and_why_it_is_closed() -> None:
    said = condition("WindowOpen", "False", "Closed", "It opens Sunday 01:00.")
    shut = standing(llama(schedule=CLOSED, conditions=[said])).shut
    assert shut == Shut("fleet_closed", "is closed. It opens Sunday 01:00.", OPENS)
    assert shut.wait_seconds(NOW) == 13 * 3600


def test_what_should_have_opened_by_now_lets_requests_wait() -> None:
    shut = standing(llama(schedule=CLOSED)).shut
    assert shut is not None
    assert shut.holds(OPENS - timedelta(seconds=1), 900)
    assert not shut.holds(OPENS, 900)


def test_replicas_that_are_on_their_way_are_waited_for() -> None:
    shut = standing(llama(schedule=CLOSED, conditions=[condition("WindowOpen", "False", "PreWarming")])).shut
    assert shut is not None
    assert not shut.holds(OPENS - timedelta(seconds=900), 900)
    assert shut.holds(OPENS - timedelta(seconds=901), 900)


def test_the_learned_cold_start_and_the_age_are_known() -> None:
    seen = standing(llama(coldStart={"p95Seconds": 180}))
    created = int(datetime(2026, 11, 21, 11, tzinfo=UTC).timestamp())
    assert (seen.uid, seen.resource_version, seen.cold_start_seconds, seen.created) == (
        "uid",
        "7",
        180,
        created,
    )


def test_no_sum_of_money_is_told_to_a_caller() -> None:
    said = condition("WithinBudget", "False", "BudgetExhausted", "99.12 of 100.00 USD are spent")
    shut = standing(llama({"cost": BUDGET}, conditions=[said])).shut
    assert shut is not None
    assert "USD" not in shut.why
