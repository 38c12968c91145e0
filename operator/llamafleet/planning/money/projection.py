"""What a month will have cost at its end, and the most that it can cost: open time times a price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from llamafleet.api.cost import Cost
from llamafleet.api.scalars import format_money
from llamafleet.planning.money.budget import format_price
from llamafleet.planning.money.segments import Segment, hours, open_hours

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Projection:
    """What so much open time costs, in US dollars.

    Attributes:
        open_usd: the open time itself.
        early_usd: starting before it, so that the fleet is ready at its beginning.
    """

    open_usd: Decimal
    early_usd: Decimal

    @property
    def usd(self) -> Decimal:
        """Both together."""
        return self.open_usd + self.early_usd


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that a fleet can cost: every replica that its bounds allow, all the time.

    Attributes:
        hourly_usd: per hour, US dollars, in the hour in which it is most.
        replicas: how many replicas that are.
        hours: the open hours.
        month: what they cost.
    """

    hourly_usd: Decimal
    replicas: int
    hours: Decimal
    month: Projection


def projected(
    parts: Sequence[Segment], hourly_usd: Decimal, demand: int, lead: timedelta, now: datetime
) -> Projection:
    """What the open time that is left will cost, when the demand stays as it is.

    Args:
        parts: the open time from now on, ascending.
        hourly_usd: what one replica costs per hour, US dollars.
        demand: how many replicas are asked for; each segment has its own bounds.
        lead: how long before an opening its replicas are started.
        now: the instant, UTC; time before it is not counted.
    """
    counts = [part.clamp(demand) for part in parts]
    return _costs(parts, counts, hourly_usd, lead, now)


def ceiling(parts: Sequence[Segment], hourly_usd: Decimal, lead: timedelta, now: datetime) -> Ceiling:
    """The most that the open time can cost. Arguments as those of ``projected``."""
    counts = [part.max_replicas for part in parts]
    most = max(counts, default=0)
    return Ceiling(most * hourly_usd, most, open_hours(parts), _costs(parts, counts, hourly_usd, lead, now))


def excess(cost: Cost, top: Ceiling, month: str, spent_usd: Decimal = Decimal(0)) -> tuple[str, ...]:
    """Where the ceiling is above the limits that go with it, in sentences with the sums; none when it is not.

    Args:
        cost: spec.cost.
        top: the most that the fleet can cost.
        month: what people call the month.
        spent_usd: what was spent of it before, US dollars.
    """
    found = []
    if cost.hourly_limit is not None and top.hourly_usd > cost.hourly_limit:
        found.append(
            f"{_replicas(top)} {_cost(top)} {format_price(top.hourly_usd)} USD/h, more than "
            f"spec.cost.hourlyLimit {format_money(cost.hourly_limit)}."
        )
    most = spent_usd + top.month.usd
    if cost.monthly_budget is not None and most > cost.monthly_budget:
        found.append(
            f"{_before(spent_usd)}up to {_replicas(top)} in {top.hours:.1f} open hours of {month} "
            f"{_cost(top)} {format_money(most)} USD{_of_it(top.month.early_usd)}, more than "
            f"spec.cost.monthlyBudget {format_money(cost.monthly_budget)}."
        )
    return tuple(found)


def _replicas(top: Ceiling) -> str:
    return f"{top.replicas} replica{'' if top.replicas == 1 else 's'}"


def _cost(top: Ceiling) -> str:
    return "costs" if top.replicas == 1 else "cost"


def _before(spent_usd: Decimal) -> str:
    """What was spent before, where it shows."""
    return f"{format_money(spent_usd)} USD spent and " if spent_usd >= _CENT else ""


def _of_it(early_usd: Decimal) -> str:
    """What of a sum is for starting early, where it shows: hours, replicas and price alone do not give it."""
    return f", {format_money(early_usd)} of it for starting early" if early_usd >= _CENT else ""


def _costs(
    parts: Sequence[Segment], counts: Sequence[int], hourly_usd: Decimal, lead: timedelta, now: datetime
) -> Projection:
    """Replica-hours times the price; multiplied before it is divided."""
    replica_time, early, closed_from = timedelta(), timedelta(), now
    for part, count in zip(parts, counts, strict=True):
        replica_time += count * max(timedelta(), part.end - max(part.start, now))
        if part.opens:
            early += count * max(timedelta(), min(lead, part.start - closed_from))
        closed_from = max(closed_from, part.end)
    return Projection(hourly_usd * hours(replica_time), hourly_usd * hours(early))
