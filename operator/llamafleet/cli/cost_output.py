"""The answer of ``llamafleet cost`` for programs: one record, whose keys and types stay as they are.

``docs/cost-output.md`` is its reference. A key is never left out: what has no value is null. Decimals are
strings, because a float would not say what was meant.
"""

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.scalars import Timestamp, format_money
from llamafleet.cli.cost_answer import Budget, CostAnswer
from llamafleet.cli.cost_words import api_usd, fine
from llamafleet.cli.spent import Spent
from llamafleet.cli.windows_hours import hours_text, money_text
from llamafleet.planning.money.tokens import Comparison
from llamafleet.planning.schedule.month import LENGTH
from llamafleet.planning.sizing.words import usd


class ApiCost(Record):
    """One API beside the fleet."""

    api: str
    """Its name, as spec.cost.compareWith calls it."""

    compared: bool
    """Whether spec.cost.compareWith names it."""

    input_usd_per_million: str
    """What it asks for a million tokens of prompts, in USD."""

    output_usd_per_million: str | None
    """What it asks for a million tokens of answers, in USD. Null where that is not known."""

    usd_per_million: str | None
    """What it asks for a million tokens, of which inputShare are of prompts, in USD. Null where not known."""

    break_even_tokens_per_month: int | None
    """Below so many tokens in 30 days it is cheaper than the fleet. Null where there is no such number."""

    monthly_usd: str | None
    """What it asks for tokensPerMonth, in USD. Null without them."""

    cheaper: bool | None
    """Whether that is less than the fleet costs. Null without tokensPerMonth or without a price."""

    as_of: str
    """The day of its price, or the list that it was read in."""


class BudgetCost(Record):
    """The limits of spec.cost, and what the fleet can cost beside them; opening early is included."""

    hourly_limit: str | None
    """spec.cost.hourlyLimit, in USD."""

    monthly_budget: str | None
    """spec.cost.monthlyBudget, in USD; it is for a calendar month, which may have 31 days."""

    on_exhausted: str
    """What happens when the money is spent: Shutdown, Floor or Warn."""

    floor_hourly_usd: str | None
    """What an hour costs at minReplicas where they are the most, in USD. Null where no price is known."""

    ceiling_hourly_usd: str | None
    """Likewise at maxReplicas."""

    floor_usd: str | None
    """What 30 days cost at minReplicas, in USD. Null where no price is known."""

    ceiling_usd: str | None
    """Likewise at maxReplicas."""

    sentences: tuple[str, ...]
    """What is within the limits and what is not, with the sums."""


class SpentCost(Record):
    """What a fleet of a cluster really cost, by its ledger, in USD."""

    month: str
    """The present month, such as 2026-11, in the time zone of the schedule."""

    until: Timestamp
    """Until when that is counted."""

    usd: str
    """What was spent in it."""

    loading_usd: str
    """Of it from the node until a pod was ready for the first time."""

    serving_usd: str
    """Of it while pods were ready, and nothing says that they were idle."""

    idle_usd: str
    """Of it while pods were ready and had no request."""

    draining_usd: str
    """Of it from the request to delete a pod until it was gone."""

    failed_start_usd: str
    """Of it for pods that ended or crashed before they were ever ready."""

    uncertain_usd: str
    """By how much usd may be wrong, because pods vanished while nobody looked."""

    today_usd: str
    """Of it since midnight in the time zone of the schedule."""

    today_partial_since: Timestamp | None
    """todayUsd lacks pods that were gone before. Null: it lacks none."""

    last_month: str | None
    """The month before. Null: it was not watched."""

    last_month_usd: str | None
    """What was spent in it. Null: it was not watched."""


class CostOutput(Record):
    """The answer."""

    name: str
    """The name of the LlamaDeployment."""

    namespace: str
    """Its namespace; empty when the manifest has none."""

    variant: str
    """The model, a key of the catalogue."""

    feasible: bool
    """Whether any shape fits. Where none does, everything in USD of the fleet is null."""

    hourly_usd_per_replica: str | None
    """What one replica costs per hour, in USD. Null where no price is known."""

    days: int
    """How many days a month has here: 30."""

    from_: Timestamp = Field(alias="from")
    """When they begin: the present day of the schedule's time zone, in UTC."""

    open_hours: str
    """For how many hours of them the fleet is open: all 720 without a schedule."""

    monthly_usd: str | None
    """What they cost at minReplicas, at least one, in USD. Null where no price is known."""

    monthly_usd_max: str | None
    """Likewise at maxReplicas."""

    pre_warm_usd: str | None
    """What opening early costs at minReplicas, at least one, in USD; the two before do not include it."""

    tokens_per_month: int | None
    """How many tokens --tokens-per-month says. Null without it."""

    input_share: str
    """The share of tokens of prompts among them."""

    usd_per_million_tokens: str | None
    """What a million of tokensPerMonth costs, in USD. Null without them or without a price."""

    compare_with: str | None
    """spec.cost.compareWith."""

    break_even_tokens_per_month: int | None
    """The break-even of that API. Null without one."""

    apis: tuple[ApiCost, ...]
    """Every API of the catalogue and of the values file, the dearest first."""

    budget: BudgetCost | None
    """spec.cost beside what the fleet can cost. Null without spec.cost."""

    spent: SpentCost | None
    """What it really cost. Null for a resource of a file, and for one that never ran."""

    advice: tuple[str, ...]
    """Sentences: from how many tokens on the fleet pays, and what that assumes."""

    warnings: tuple[str, ...]
    """Sentences: what keeps the fleet from running, costing or opening as it should."""


def document(answer: CostAnswer) -> CostOutput:
    """The answer as its record: each figure under its public name."""
    fleet, wish, compared = answer.fleet, answer.wish, answer.compared
    price, rate = fleet.hourly_usd, answer.usd_per_million
    return CostOutput(
        name=fleet.question.llama.metadata.name,
        namespace=fleet.question.llama.metadata.namespace,
        variant=fleet.question.llama.spec.model.variant,
        feasible=fleet.shape is not None,
        hourly_usd_per_replica=None if price is None else usd(price),
        days=LENGTH.days,
        from_=answer.within[0],
        open_hours=hours_text(answer.hours.open),
        monthly_usd=money_text(answer.monthly_usd),
        monthly_usd_max=money_text(answer.usd(answer.hours.ceiling)),
        pre_warm_usd=None if fleet.lead is None else money_text(answer.usd(answer.hours.early)),
        tokens_per_month=wish.tokens,
        input_share=f"{wish.input_share}",
        usd_per_million_tokens=None if rate is None else fine(rate),
        compare_with=compared.price.key if compared else None,
        break_even_tokens_per_month=compared.break_even_tokens if compared else None,
        apis=tuple(_api(answer, one) for one in answer.apis),
        budget=_budget(answer.budget) if answer.budget else None,
        spent=_spent(answer.spent) if answer.spent else None,
        advice=tuple(answer.advice),
        warnings=tuple(answer.warnings),
    )


def _api(answer: CostAnswer, one: Comparison) -> ApiCost:
    theirs, ours, output = (
        api_usd(one, answer.wish.tokens),
        answer.monthly_usd,
        one.price.output_usd_per_million,
    )
    return ApiCost(
        api=one.price.key,
        compared=one is answer.compared,
        input_usd_per_million=usd(one.price.input_usd_per_million),
        output_usd_per_million=None if output is None else usd(output),
        usd_per_million=None if one.usd_per_million is None else fine(one.usd_per_million),
        break_even_tokens_per_month=one.break_even_tokens,
        monthly_usd=money_text(theirs),
        cheaper=None if theirs is None or ours is None else theirs < ours,
        as_of=one.price.as_of,
    )


def _spent(spent: Spent) -> SpentCost:
    phases, last = spent.phases, spent.last
    return SpentCost(
        month=spent.month.label,
        until=spent.until,
        usd=format_money(phases.usd),
        loading_usd=format_money(phases.loading),
        serving_usd=format_money(phases.serving),
        idle_usd=format_money(phases.idle),
        draining_usd=format_money(phases.draining),
        failed_start_usd=format_money(phases.failed_start),
        uncertain_usd=format_money(spent.ledger.uncertain_usd),
        today_usd=format_money(spent.today.usd),
        today_partial_since=spent.today.since,
        last_month=last.month if last else None,
        last_month_usd=format_money(last.usd) if last else None,
    )


def _budget(budget: Budget) -> BudgetCost:
    return BudgetCost(
        hourly_limit=money_text(budget.limits.hourly_limit),
        monthly_budget=money_text(budget.limits.monthly_budget),
        on_exhausted=budget.limits.on_exhausted.value,
        floor_hourly_usd=money_text(budget.floor_hourly_usd),
        ceiling_hourly_usd=money_text(budget.ceiling_hourly_usd),
        floor_usd=money_text(budget.floor_usd),
        ceiling_usd=money_text(budget.ceiling_usd),
        sentences=tuple(budget.sentences),
    )
