"""The rest of the month: the open time that is left, what it will cost, and the most that it can."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.money.budget import Purse
from llamafleet.planning.money.months import CalendarMonth, month_of
from llamafleet.planning.money.projection import Ceiling, ceiling, excess, projected
from llamafleet.planning.money.segments import Segment, hours, open_hours, openings, segments
from llamafleet.planning.schedule.localtime import zone_of


@dataclass(frozen=True, slots=True)
class Terms:
    """What one replica costs, and how long it takes to start and to end.

    Attributes:
        hourly_usd: US dollars per hour; None: no price is known.
        lead: how long before an opening it is started.
        drain: how long it may take to end.
    """

    hourly_usd: Decimal | None
    lead: timedelta
    drain: timedelta


@dataclass(frozen=True, slots=True)
class Outlook:
    """The rest of the month.

    Attributes:
        month: the month, in the schedule's zone.
        purse: the money, and the hours that it must last for.
        projected_usd: what the month will have cost at the present demand; None without a price.
        ceiling: the most that all of it can cost, whatever is past of it; None without a price.
        excess: where the ceiling is above the limits of spec.cost, in sentences with the sums.
    """

    month: CalendarMonth
    purse: Purse
    projected_usd: Decimal | None
    ceiling: Ceiling | None
    excess: tuple[str, ...]


def outlook(
    spec: LlamaDeploymentSpec, terms: Terms, demand: int, spent_usd: Decimal, now: datetime
) -> Outlook:
    """Look ahead to the end of the month. What a person opens or closes by hand is not foreseen.

    Args:
        spec: its schedule, bounds and limits.
        terms: what a replica costs.
        demand: how many replicas are asked for at present; none are while the fleet is suspended.
        spent_usd: what the month has cost so far, US dollars.
        now: the instant, UTC.

    Raises:
        InvalidSpec: the schedule cannot be evaluated.
    """
    schedule, scaling = spec.schedule, spec.scaling
    month = month_of(now, zone_of(schedule.time_zone if schedule else "UTC"))
    low, high = (scaling.min_replicas, scaling.max_replicas) if scaling else (demand, demand)
    whole = segments(schedule, month.begin, month.end, low, high)
    parts = _left(whole, now)
    purse = Purse(
        hourly_usd=terms.hourly_usd,
        spent_usd=spent_usd,
        month=month.name,
        open_hours=open_hours(parts),
        overhead_hours=openings(parts, now) * hours(terms.lead + terms.drain),
        start_hours=hours(terms.lead),
        drain_hours=hours(terms.drain),
    )
    if terms.hourly_usd is None:
        return Outlook(month, purse, None, None, ())
    coming = () if spec.suspend else parts
    expected = projected(coming, terms.hourly_usd, demand, terms.lead, now)
    top = ceiling(whole, terms.hourly_usd, terms.lead, month.begin)
    over = excess(spec.cost, top, month.name) if spec.cost else ()
    return Outlook(month, purse, spent_usd + expected.usd, top, over)


def _left(parts: Iterable[Segment], now: datetime) -> tuple[Segment, ...]:
    """What of the open time is still to come. A segment that has begun does not open any more."""
    return tuple(
        part if now < part.start else replace(part, start=now, opens=False)
        for part in parts
        if now < part.end
    )
