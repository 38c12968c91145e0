"""What people are told of the money: figures, conditions and events."""

from collections.abc import Iterator
from typing import Any, Final

from llamafleet.api.ledger import Ledger
from llamafleet.api.scalars import format_money
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.money.budget import Kind, mark
from llamafleet.planning.money.ledger import spent
from llamafleet.planning.money.telling import ALL, told
from llamafleet.planning.money.tokens import blended, break_even_tokens, usd_per_million
from llamafleet.planning.plan import Plan
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.notice import Notice
from llamafleet.rendering.statement import Statement, false, true

WITHIN_BUDGET: Final = "WithinBudget"
CEILING: Final = "CeilingWithinBudget"
PRICED: Final = "Priced"


def figures(fleet: Fleet) -> dict[str, Any]:
    """What was spent, and what the month will have cost; as of the ledger's last look."""
    ledger = fleet.ledger
    per_million = usd_per_million(spent(ledger, ledger.at), ledger.tokens)
    return {
        "monthToDate": format_money(spent(ledger, ledger.at)),
        **(_ahead(fleet.plan) if isinstance(fleet.plan, Plan) else {}),
        **({} if per_million is None else {"perMillionTokens": format_money(per_million)}),
        "ledger": ledger.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


def _ahead(plan: Plan) -> dict[str, Any]:
    """What the month will have cost, and how many tokens an API would serve for that."""
    expected = plan.case.outlook.projected_usd
    if expected is None:
        return {}
    tokens = break_even_tokens(expected, blended(plan.compared)) if plan.compared else None
    return {
        "projectedMonth": format_money(expected),
        **({} if tokens is None else {"breakEvenTokensPerMonth": tokens}),
    }


def statements(plan: Plan) -> Iterator[Statement]:
    """The conditions about money."""
    problem = plan.shape.price_problem
    if problem:
        yield false(PRICED, "PriceMissing", f"{problem}. Pods without a price are counted at nothing.")
    if plan.case.spec.cost is None:
        return
    yield _within_budget(plan)
    if plan.case.outlook.excess:
        yield false(CEILING, "CeilingExceedsBudget", _over(plan))
    elif not problem:
        yield true(CEILING, "CeilingFits", "All that the bounds allow costs no more than spec.cost.")


def _over(plan: Plan) -> str:
    """Where the ceiling is above the limits."""
    return " ".join(text[:1].upper() + text[1:] for text in plan.case.outlook.excess)


def _within_budget(plan: Plan) -> Statement:
    """Whether the money pays for what is asked for."""
    money, message = plan.money, _sentences(plan)
    match money.kind:
        case Kind.EXHAUSTED | Kind.FLOOR | Kind.WARNED:
            return false(WITHIN_BUDGET, "BudgetExhausted", message)
        case Kind.HOURLY_LIMIT if not money.replicas:
            return false(WITHIN_BUDGET, "HourlyLimitTooLow", message)
        case Kind.UNPRICED:
            return false(WITHIN_BUDGET, "PriceMissing", message)
        case Kind.FREE:
            return true(WITHIN_BUDGET, "WithinBudget", message)
        case kind:
            return true(WITHIN_BUDGET, kind.value, message)


def _sentences(plan: Plan) -> str:
    """What the money allows, and what the month is expected to cost."""
    outlook, cost = plan.case.outlook, plan.case.spec.cost
    ahead, odd = "", ""
    if outlook.projected_usd is not None:
        comes_to = format_money(outlook.projected_usd)
        ahead = f" At the present demand {outlook.month.name} comes to {comes_to} USD."
    if cost and cost.compare_with and plan.compared is None:
        odd = f" spec.cost.compareWith = {cost.compare_with}: must be an API price of the catalogue."
    allows = plan.money.message[:1].upper() + plan.money.message[1:]
    return f"{allows}{ahead}{odd}".strip()


def notices(
    plan: Plan, fleet: Fleet, before: LlamaDeploymentStatus, ledger: Ledger | None
) -> Iterator[Notice]:
    """A part of the budget that was spent since the last look, and a ceiling above the budget.

    What the last status says already is no news: an Event is forgotten after an hour, and would come again.
    """
    generation = fleet.metadata.generation
    yield from _marks(plan, fleet.ledger, ledger)
    excess, problem = _over(plan), plan.shape.price_problem
    if excess and not _is_said(before, CEILING, "CeilingExceedsBudget", generation):
        yield Notice("Warning", "CeilingExceedsBudget", excess, str(generation))
    if problem and not _is_said(before, PRICED, "PriceMissing", generation):
        yield Notice("Warning", "PriceMissing", f"{problem}.", str(generation))


def _is_said(before: LlamaDeploymentStatus, kind: str, reason: str, generation: int | None = None) -> bool:
    """Whether the last status has a condition for this reason, and of this generation where one is given."""
    return any(
        (said.type, said.reason) == (kind, reason) and generation in {None, said.observed_generation}
        for said in before.conditions
    )


def _marks(plan: Plan, ledger: Ledger, last: Ledger | None) -> Iterator[Notice]:
    """50, 80 or 100 percent. A fleet that is stopped so that its bill stays below the budget has spent it."""
    budget = plan.case.spec.cost.monthly_budget if plan.case.spec.cost else None
    if budget is None:
        return
    month, now = plan.case.outlook.month, told(ledger, budget)
    was = told(last, budget) if last and last.month == ledger.month else 0
    if now > was:
        is_short = now == ALL and mark(plan.case.outlook.purse.spent_usd, budget) < ALL
        said = "The budget of {} is used up" if is_short else f"{now} % of the budget of {{}}"
        yield Notice(
            "Warning" if now == ALL else "Normal",
            f"Budget{now}PercentSpent",
            f"{said.format(month.name)}: {plan.money.message}",
            f"{month.label} {budget}",
        )
