"""The conditions that are shown as metrics are those that the operator writes."""

from typing import Any

from builders import NOW, llama, plan_of
from llamafleet.adapters.fleetmetrics import CONDITIONS
from llamafleet.api.ledger import Ledger
from llamafleet.planning.rollout import Rollout
from llamafleet.rendering import hours, money, queue
from llamafleet.rendering.conditions import statements
from llamafleet.rendering.fleet import Fleet


def test_every_condition_that_is_shown_is_one_that_the_operator_writes() -> None:
    elsewhere = (hours.WINDOW_OPEN, money.WITHIN_BUDGET, money.PRICED, queue.METRICS_AVAILABLE)
    assert set(CONDITIONS) - set(elsewhere) <= {one.type for one in statements(new_fleet())}


def new_fleet() -> Fleet:
    """A fleet that was just planned."""
    resource, state = llama(), Rollout(current=True, total=0, updated=0, ready=0)
    nothing: dict[str, Any] = {"failure": None, "cause": None, "odd": None, "pods": (), "asleep": False}
    return Fleet(
        resource.metadata,
        plan=plan_of(resource),
        rollout=state,
        ledger=Ledger(month="2026-11", at=NOW),
        now=NOW,
        **nothing,
    )
