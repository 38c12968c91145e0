"""What people are told of money: conditions by reason, figures that can be traced, and events."""

from decimal import Decimal
from typing import Any

import pytest

from builders import NOW, llama
from llamafleet.api.ledger import Ledger, Told
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.money.telling import tell
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.rollout import Rollout
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Pool
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.money import figures, statements
from llamafleet.rendering.notices import notices
from llamafleet.rendering.status import Account, status
from planning.givens import unpriced


def planned(resource: LlamaDeployment, spent: str = "0", *pools: Pool, replicas: int | None = None) -> Plan:
    seen = Observation(now=NOW, replicas=replicas, paid=replicas or 0, spent_usd=Decimal(spent))
    return plan(resource.spec, pools or resolve(()), seen)


def ledger(spent: str = "0", month: str = "2026-11", tokens: int = 0) -> Ledger:
    return Ledger.model_validate({"month": month, "at": NOW, "spent": {"serving": spent}, "tokens": tokens})


def fleet(found: Plan, account: Ledger, **changes: Any) -> Fleet:
    usual: dict[str, Any] = {
        "metadata": llama().metadata,
        "plan": found,
        "failure": None,
        "pods": (),
        "rollout": Rollout(current=True, total=0, updated=0, ready=0),
        "cause": None,
        "ledger": account,
        "asleep": False,
        "odd": None,
        "now": NOW,
    }
    return Fleet(**{**usual, **changes})


def said(found: Plan) -> dict[str, tuple[bool, str]]:
    return {one.type: (one.holds, one.reason) for one in statements(found)}


def costs(limit: dict[str, str], spent: str, replicas: int | None = 2) -> Plan:
    return planned(llama(replicas=2, cost=limit), spent, replicas=replicas)


@pytest.mark.parametrize(
    ("found", "within"),
    [
        pytest.param(costs({"monthlyBudget": "900"}, "0"), (True, "WithinBudget"), id="all is paid for"),
        pytest.param(costs({"monthlyBudget": "350"}, "0"), (True, "Paced"), id="paced"),
        pytest.param(costs({"hourlyLimit": "1.19"}, "0"), (True, "HourlyLimit"), id="limited by the hour"),
        pytest.param(costs({"hourlyLimit": "1"}, "0"), (False, "HourlyLimitTooLow"), id="not even one"),
        pytest.param(costs({"monthlyBudget": "100"}, "100"), (False, "BudgetExhausted"), id="spent"),
        pytest.param(
            costs({"monthlyBudget": "100", "onExhausted": "Warn"}, "100"),
            (False, "BudgetExhausted"),
            id="spent, and the author wants to be told",
        ),
        pytest.param(
            costs({"monthlyBudget": "100", "onExhausted": "Floor"}, "100"),
            (False, "BudgetExhausted"),
            id="spent, and the floor stays",
        ),
    ],
)
def test_whether_the_money_pays_for_what_is_asked_for(found: Plan, within: tuple[bool, str]) -> None:
    assert said(found)["WithinBudget"] == within


def test_without_limits_there_is_nothing_to_say() -> None:
    assert said(planned(llama(replicas=2))) == {}


def test_without_a_price_only_that_is_said() -> None:
    limited = planned(llama(replicas=2, cost={"hourlyLimit": "1"}), "0", unpriced())
    assert said(limited) == {"Priced": (False, "PriceMissing"), "WithinBudget": (False, "PriceMissing")}
    assert said(planned(llama(replicas=2), "0", unpriced())) == {"Priced": (False, "PriceMissing")}


def test_the_condition_says_what_the_month_comes_to() -> None:
    (within, _) = statements(costs({"monthlyBudget": "900"}, "100"))
    assert within.message.endswith("At the present demand November comes to 642.64 USD."), within.message


def test_a_name_to_compare_with_that_the_catalogue_does_not_know_is_told() -> None:
    found = costs({"monthlyBudget": "900", "compareWith": "gpt-5000"}, "0")
    (within, _) = statements(found)
    assert "spec.cost.compareWith = gpt-5000: must be an API price of the catalogue." in within.message
    assert "breakEvenTokensPerMonth" not in figures(fleet(found, ledger()))


def test_the_figures_can_be_traced() -> None:
    found = costs({"monthlyBudget": "900", "compareWith": "openai/gpt-4.1"}, "100")
    shown = figures(fleet(found, ledger("100", tokens=50_000_000)))
    assert shown["monthToDate"] == "100.00"
    assert shown["projectedMonth"] == "642.64", "228 h of 2.38 and what was spent"
    assert shown["perMillionTokens"] == "2.00"
    assert shown["breakEvenTokensPerMonth"] == 98_867_693, "6.50 USD a million, a quarter of them prompts"


def test_without_tokens_there_is_no_price_of_them() -> None:
    assert "perMillionTokens" not in figures(fleet(costs({"monthlyBudget": "900"}, "0"), ledger("5")))


def told(
    found: Plan, now: Ledger, last: Ledger | None, before: LlamaDeploymentStatus | None = None
) -> list[str]:
    before = before or LlamaDeploymentStatus()
    heard = notices(fleet(found, telling(found, now)), before, last)
    return [one.reason for one in heard if "Ceiling" not in one.reason]


def telling(found: Plan, account: Ledger) -> Ledger:
    """The account with what people hear of at this decision."""
    cost = found.case.spec.cost
    assert cost is not None
    return tell(account, cost.monthly_budget, found.case.outlook.purse.spent_usd, found.money)


def spends(spent: str) -> tuple[Plan, Ledger]:
    """A fleet that is only warned, so that it may spend any part."""
    return costs({"monthlyBudget": "100", "onExhausted": "Warn"}, spent), ledger(spent)


@pytest.mark.parametrize(
    ("was", "now", "heard"),
    [
        ("0", "49.99", []),
        ("0", "50", ["Budget50PercentSpent"]),
        ("50", "79.99", []),
        ("79.99", "80", ["Budget80PercentSpent"]),
        ("99.99", "100", ["Budget100PercentSpent"]),
        ("0", "85", ["Budget80PercentSpent"]),
        ("0", "200", ["Budget100PercentSpent"]),
        ("100", "200", []),
    ],
)
def test_a_part_of_the_budget_is_told_when_it_is_reached(was: str, now: str, heard: list[str]) -> None:
    assert told(*spends(now), telling(*spends(was))) == heard


def test_a_part_that_was_reached_in_another_month_counts_anew() -> None:
    october = telling(*spends("60")).model_copy(update={"month": "2026-10"})
    assert told(*spends("60"), october) == ["Budget50PercentSpent"]
    assert told(*spends("60"), None) == ["Budget50PercentSpent"]


def after(found: Plan, account: Ledger) -> LlamaDeploymentStatus:
    """The status as the next look reads it."""
    written = status(Account(fleet(found, account), LlamaDeploymentStatus()))
    return LlamaDeploymentStatus.model_validate(written)


def test_a_fleet_that_is_stopped_before_its_money_is_spent_is_told_of_once() -> None:
    """What is left pays for the drain; so the sum never reaches the budget."""
    found, account = costs({"monthlyBudget": "100"}, "99.9"), ledger("99.9")
    assert told(found, account, account) == ["Budget100PercentSpent"]
    assert told(found, account, telling(found, account)) == []


def test_a_fleet_that_comes_back_after_a_quick_drain_and_is_stopped_again_is_not_told_of_twice() -> None:
    stopped, runs = (costs({"monthlyBudget": "100"}, spent) for spent in ("99.9", "90"))
    account = telling(runs, telling(stopped, ledger("99.9")))
    assert account.told == Told(budget=Decimal(100), percent=100)
    assert told(stopped, account, account) == []


def test_another_budget_is_told_of_anew() -> None:
    account = telling(*spends("60"))
    lower = costs({"monthlyBudget": "70", "onExhausted": "Warn"}, "60")
    assert told(lower, account, account) == ["Budget80PercentSpent"]


def test_a_ceiling_is_told_once_for_each_edit() -> None:
    found = planned(llama(scaling={"maxReplicas": 9}, cost={"monthlyBudget": "100"}))
    (first,) = notices(fleet(found, ledger()), LlamaDeploymentStatus(), ledger())
    assert (first.type, first.reason, first.again) == ("Warning", "CeilingExceedsBudget", "1")
    assert first.message[1:] == found.case.outlook.excess[0][1:]
    before = after(found, ledger())
    assert not [*notices(fleet(found, ledger()), before, ledger())]
    edited = llama().metadata.model_copy(update={"generation": 2})
    (again,) = notices(fleet(found, ledger(), metadata=edited), before, ledger())
    assert (again.reason, again.again) == ("CeilingExceedsBudget", "2")


def test_a_missing_price_is_told_once_for_each_edit() -> None:
    found = planned(llama(), "0", unpriced())
    (first,) = notices(fleet(found, ledger()), LlamaDeploymentStatus(), ledger())
    assert (first.type, first.reason) == ("Warning", "PriceMissing")
    assert not [*notices(fleet(found, ledger()), after(found, ledger()), ledger())]


def test_a_fleet_whose_decision_is_not_carried_out_yet_hears_of_money_and_not_of_hours() -> None:
    night = {"windows": [{"name": "n", "start": "0 12 * * *", "duration": "1h"}]}
    found = planned(llama(schedule=night, scaling={"maxReplicas": 9}, cost={"monthlyBudget": "20"}))
    both = [one.reason for one in notices(fleet(found, ledger()), LlamaDeploymentStatus(), None)]
    assert both == ["WindowOpened", "CeilingExceedsBudget"]
    waits = notices(fleet(found, ledger()), LlamaDeploymentStatus(), None, deployed=False)
    assert [one.reason for one in waits] == ["CeilingExceedsBudget"]
