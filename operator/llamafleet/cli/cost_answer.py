"""What ``llamafleet cost`` answers: what a fleet costs in 30 days, beside its budget and beside APIs. Pure.

No throughput is known here: how many tokens a replica serves depends on the requests, and nobody measured it.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from llamafleet.api.cost import Cost
from llamafleet.cli.cost_words import advice, budget_text
from llamafleet.cli.fleet import Fleet
from llamafleet.cli.spent import Spent, spent
from llamafleet.cli.windows_hours import Hours, hours_of, usd
from llamafleet.errors import InvalidSpec
from llamafleet.planning.money.projection import ceiling, excess
from llamafleet.planning.money.segments import segments
from llamafleet.planning.money.tokens import Comparison, compare, find, usd_per_million
from llamafleet.planning.schedule.month import LENGTH, month

COMPARE_WITH: Final = "spec.cost.compareWith"

NEVER_OPEN: Final = f"The fleet is not open in these {LENGTH.days} days: there is nothing to compare."


@dataclass(frozen=True, slots=True)
class Wish:
    """What the tokens of a fleet are.

    Attributes:
        tokens: how many it is to serve in 30 days; None when nobody said.
        input_share: the share of tokens of prompts among them, from 0 to 1.
    """

    tokens: int | None
    input_share: Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of spec.cost beside what the fleet can cost, in US dollars, opening early included.

    Attributes:
        limits: spec.cost.
        floor_usd: 30 days at minReplicas; None when no price is known.
        ceiling_usd: 30 days at maxReplicas; None when no price is known.
        floor_hourly_usd: an hour at the most replicas of the floor; None when no price is known.
        ceiling_hourly_usd: an hour at the most replicas of the ceiling; None when no price is known.
        sentences: what is within the limits, and what is not.
    """

    limits: Cost
    floor_usd: Decimal | None = None
    ceiling_usd: Decimal | None = None
    floor_hourly_usd: Decimal | None = None
    ceiling_hourly_usd: Decimal | None = None
    sentences: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CostAnswer:
    """What is answered.

    Attributes:
        fleet: whose cost it is.
        wish: its tokens.
        within: the first instant of the 30 days, and the first one after them, UTC.
        hours: how long it is open in them.
        apis: every API of the catalogue beside the fleet, the dearest first.
        compared: the one that spec.cost.compareWith names; None when it names none.
        budget: spec.cost; None without it.
        advice: sentences: from how many tokens on the fleet pays.
        warnings: sentences: what keeps it from running, costing or opening as it should.
        spent: what it really cost, where it is of a cluster; None: it is of a file, or it never ran.
    """

    fleet: Fleet
    wish: Wish
    within: tuple[datetime, datetime]
    hours: Hours
    apis: Sequence[Comparison]
    compared: Comparison | None
    budget: Budget | None
    advice: Sequence[str]
    warnings: Sequence[str]
    spent: Spent | None

    @property
    def monthly_usd(self) -> Decimal | None:
        """What the fleet costs at minReplicas, US dollars; None when no price is known."""
        return self.usd(self.hours.floor)

    @property
    def usd_per_million(self) -> Decimal | None:
        """What a million of the wanted tokens costs, US dollars; None without tokens or a price."""
        monthly = self.monthly_usd
        if monthly is None or self.wish.tokens is None:
            return None
        return usd_per_million(monthly, self.wish.tokens)

    def usd(self, length: timedelta) -> Decimal | None:
        """What a time of replicas costs, US dollars; None when no price is known."""
        price = self.fleet.hourly_usd
        return None if price is None else usd(price, length)


def cost_answer(fleet: Fleet, wish: Wish) -> CostAnswer:
    """What a fleet costs in the 30 days of ``llamafleet plan``.

    Raises:
        InvalidSpec: spec.cost.compareWith is no API price of the catalogue.
    """
    begun = month(Decimal(0), fleet.schedule, fleet.question.now)
    within = (begun.start, begun.end)
    hours = hours_of(fleet.schedule, within, (fleet.low, fleet.high), fleet.lead or timedelta())
    monthly = usd(fleet.hourly_usd, hours.floor) if fleet.hourly_usd is not None and hours.open else None
    apis = tuple(_beside(fleet, monthly, wish))
    compared = _compared(fleet, apis)
    return CostAnswer(
        fleet=fleet,
        wish=wish,
        within=within,
        hours=hours,
        apis=apis,
        compared=compared,
        budget=_budget(fleet, within, hours),
        advice=() if monthly is None else tuple(advice(monthly, wish.tokens, apis, compared)),
        warnings=(*fleet.warnings, *(() if hours.open else (NEVER_OPEN,))),
        spent=spent(fleet.question.llama.status, fleet.question.now),
    )


def _beside(fleet: Fleet, monthly: Decimal | None, wish: Wish) -> Iterator[Comparison]:
    """The APIs; for a fleet without a price, or that is never open, without a break-even."""
    for one in compare(fleet.question.known.api_prices, monthly or Decimal(0), wish.input_share):
        yield dataclasses.replace(one, break_even_tokens=None) if monthly is None else one


def _compared(fleet: Fleet, apis: Sequence[Comparison]) -> Comparison | None:
    cost = fleet.question.llama.spec.cost
    if cost is None or cost.compare_with is None:
        return None
    price = find(fleet.question.known.api_prices, cost.compare_with)
    if price is None:
        rule = (
            "must be the name of an API price of the catalogue or of a values file, such as "
            "openai/gpt-4.1; llamafleet prices --api lists them"
        )
        raise InvalidSpec(COMPARE_WITH, cost.compare_with, rule)
    return next(one for one in apis if one.price is price)


def _budget(fleet: Fleet, within: tuple[datetime, datetime], hours: Hours) -> Budget | None:
    limits, price, lead = fleet.question.llama.spec.cost, fleet.hourly_usd, fleet.lead or timedelta()
    if limits is None:
        return None
    if price is None:
        return Budget(limits)
    parts = segments(fleet.schedule, *within, max(1, fleet.low), max(1, fleet.high))
    top = ceiling(parts, price, lead, within[0])
    floor = hours.most * price, usd(price, hours.floor + hours.early)
    return Budget(
        limits=limits,
        floor_usd=floor[1],
        ceiling_usd=top.month.usd,
        floor_hourly_usd=floor[0],
        ceiling_hourly_usd=top.hourly_usd,
        sentences=(
            *budget_text(limits, floor, (top.hourly_usd, top.month.usd)),
            *(f"{one[0].upper()}{one[1:]}" for one in excess(limits, top, f"{LENGTH.days} days")),
        ),
    )
