"""How much of the budget people were told to be spent: each part once a month, whatever comes between.

A fleet that was stopped for money may come back, because its pods took less to drain than was kept, and be
stopped again. That is one budget that is used up, not two.
"""

from decimal import Decimal

from llamafleet.api.ledger import Ledger, Told
from llamafleet.planning.money.budget import Allowance, Kind, mark

ALL = 100
"""Percent."""


def tell(ledger: Ledger, budget: Decimal | None, spent_usd: Decimal, allowance: Allowance) -> Ledger:
    """The account with the part that people are told of after this decision; another budget starts anew.

    Args:
        ledger: the account.
        budget: spec.cost.monthlyBudget; None: there is none.
        spent_usd: what was spent this month, US dollars.
        allowance: what the money allows. A fleet that is stopped so that its bill stays below the budget has
            spent it.
    """
    if budget is None or allowance.kind is Kind.UNPRICED:
        return ledger
    is_spent = allowance.kind in {Kind.EXHAUSTED, Kind.FLOOR, Kind.WARNED}
    percent = max(told(ledger, budget), ALL if is_spent else mark(spent_usd, budget))
    said = Told(budget=budget, percent=percent)
    return ledger if ledger.told == said or not percent else ledger.model_copy(update={"told": said})


def told(ledger: Ledger | None, budget: Decimal) -> int:
    """The part of this budget that people were told of, in percent; 0 for none."""
    said = ledger.told if ledger else None
    return said.percent if said is not None and said.budget == budget else 0
