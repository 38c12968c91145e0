"""The last safe state of a fleet whose spec is refused."""

from decimal import Decimal

import pytest

from builders import NOW, llama
from llamafleet.api.status import StatusSchedule
from llamafleet.errors import InvalidSpec
from llamafleet.planning.keeping import is_over, is_spent

REFUSED = InvalidSpec("spec.gpu.count", 3, "must be a number of GPUs that divides the heads")


def said(*, is_open: bool, end: str | None = None) -> StatusSchedule:
    return StatusSchedule.model_validate({"open": is_open, **({"nextTransition": end} if end else {})})


@pytest.mark.parametrize(
    ("last", "over"),
    [
        pytest.param(None, False, id="a fleet without a schedule stays open"),
        pytest.param(said(is_open=True), False, id="open without a known end stays open"),
        pytest.param(said(is_open=True, end="2026-11-21T12:00:01Z"), False, id="open stays open to its end"),
        pytest.param(said(is_open=True, end="2026-11-21T12:00:00Z"), True, id="and closes at it"),
        pytest.param(said(is_open=False), True, id="closed stays closed"),
        pytest.param(said(is_open=False, end="2026-11-21T11:00:00Z"), True, id="also when it was to open"),
    ],
)
def test_closed_stays_closed_and_open_stays_open_until_its_known_end(
    last: StatusSchedule | None, *, over: bool
) -> None:
    assert is_over(last, NOW) is over


@pytest.mark.parametrize(
    ("cost", "spent", "over"),
    [
        ({"monthlyBudget": "10"}, "10", True),
        ({"monthlyBudget": "10"}, "9.999999999", False),
        ({"monthlyBudget": "10", "onExhausted": "Floor"}, "11", False),
        ({"monthlyBudget": "10", "onExhausted": "Warn"}, "11", False),
        ({"hourlyLimit": "10"}, "11", False),
    ],
)
def test_a_refused_fleet_runs_on_until_its_money_is_spent(
    cost: dict[str, str], spent: str, *, over: bool
) -> None:
    assert is_spent(llama(cost=cost), Decimal(spent)) is over


def test_no_money_ends_a_fleet_without_a_budget_or_with_a_spec_that_cannot_be_read() -> None:
    assert not is_spent(llama(), Decimal(10_000))
    assert not is_spent(REFUSED, Decimal(10_000))
