"""The chain of a fleet's last decision as values: why so many replicas, and what happens next. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from llamafleet.api.names import CLOSED_UNTIL_ANNOTATION, OPEN_UNTIL_ANNOTATION
from llamafleet.api.scalars import format_money, parse_duration
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.cli.live.fleets import Fleet, Hours
from llamafleet.cli.live.state import condition
from llamafleet.cli.live.times import away, zone_called
from llamafleet.planning.coldstart import ColdStarts, lead
from llamafleet.planning.money.months import month_of


@dataclass(frozen=True, slots=True)
class Decision:
    """What is told of one fleet.

    Attributes:
        fleet: its row in the table of fleets.
        status: what the operator said last.
        stale: a sentence where that is not about the present spec; empty: it is.
        money: sentences: what it costs.
        ahead: sentences: what happens next, and when.
    """

    fleet: Fleet
    status: LlamaDeploymentStatus
    stale: str
    money: tuple[str, ...]
    ahead: tuple[str, ...]


def decision(raw: Mapping[str, Any], fleet: Fleet, status: LlamaDeploymentStatus, now: datetime) -> Decision:
    """What is told of a resource."""
    return Decision(
        fleet=fleet,
        status=status,
        stale=_stale(raw, status),
        money=tuple(_money(raw, fleet)),
        ahead=(*_turn(raw, status, fleet.hours, now), *_starts(status), *_month(raw, fleet, now)),
    )


def _stale(raw: Mapping[str, Any], status: LlamaDeploymentStatus) -> str:
    generation = raw["metadata"].get("generation", 0)
    if status.observed_generation >= generation:
        return ""
    if not status.conditions:
        return "The operator has not looked at it yet. Is it running, and does it work in this namespace?"
    return (
        f"The operator has not acted on the present spec yet (generation {generation}); what follows is of"
        f" generation {status.observed_generation}."
    )


def _money(raw: Mapping[str, Any], fleet: Fleet) -> Iterator[str]:
    told = fleet.account
    if told.hourly is not None and fleet.wanted:
        yield f"The {_replicas(fleet.wanted)} wanted cost {format_money(told.hourly)} USD an hour."
    if told.today is not None and told.month is not None:
        partial = f", from {told.partial_since:%H:%M} UTC on" if told.partial_since else ""
        yield (
            f"Spent today: {format_money(told.today)} USD{partial}; this month: {format_money(told.month)}."
        )
    budget = (raw["spec"].get("cost") or {}).get("monthlyBudget")
    if told.projected is not None:
        of = f" of a budget of {budget}" if budget else ""
        yield f"At the present demand the month comes to {format_money(told.projected)} USD{of}."


def _turn(
    raw: Mapping[str, Any], status: LlamaDeploymentStatus, hours: Hours | None, now: datetime
) -> Iterator[str]:
    """The next opening or closing, and what a person asked for by hand."""
    if hours is not None and hours.next_transition is not None:
        turn = hours.next_transition
        what = "closes" if hours.open else "opens"
        yield f"It {what} {_when(turn, hours)}, {away(turn, now)}."
        early = _lead(raw, status)
        if not hours.open and early is not None and turn - early > now:
            start = turn - early
            yield f"Replicas start {_when(start, hours)}, {away(start, now)}, to be ready by then."
    elif hours is not None:
        yield "It never closes." if hours.open else "No opening is ahead."
    annotations = raw["metadata"].get("annotations") or {}
    for key in (OPEN_UNTIL_ANNOTATION, CLOSED_UNTIL_ANNOTATION):
        if key in annotations:
            yield f"A person has set {key}: {annotations[key]}."


def _lead(raw: Mapping[str, Any], status: LlamaDeploymentStatus) -> timedelta | None:
    """How long before an opening its replicas start, where the status tells."""
    early = (raw["spec"].get("schedule") or {}).get("preWarm", "Auto")
    if early != "Auto":
        return parse_duration(early)
    samples = status.cold_start.samples if status.cold_start else ()
    takes = ColdStarts(samples).percentile(95)
    return None if takes is None else lead("Auto", takes)


def _starts(status: LlamaDeploymentStatus) -> Iterator[str]:
    """How long it takes until replicas that are on their way answer."""
    missing = status.desired_replicas - status.ready_replicas
    if missing <= 0:
        return
    known = status.cold_start
    takes = (
        f"; of its last {len(known.samples)} starts half took up to {known.p50_seconds} s, 95 of 100 up to"
        f" {known.p95_seconds} s"
        if known and known.samples
        else ""
    )
    progressing = condition(status, "Progressing")
    why = f" ({progressing.message})" if progressing and progressing.status == "True" else ""
    yield f"{_replicas(missing)} more {'is' if missing == 1 else 'are'} on the way{why}{takes}."


def _month(raw: Mapping[str, Any], fleet: Fleet, now: datetime) -> Iterator[str]:
    """When the money begins anew, where there is a budget."""
    if not (raw["spec"].get("cost") or {}).get("monthlyBudget"):
        return
    hours = fleet.hours or Hours()
    end = month_of(now, zone_called(hours.time_zone)).end
    yield f"The month's budget begins anew {_when(end, hours)}, {away(end, now)}."


def _when(instant: datetime, hours: Hours) -> str:
    zone = zone_called(hours.time_zone)
    try:
        return f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M} {hours.time_zone}"
    except OverflowError:
        return f"{instant:%a %Y-%m-%d %H:%M} UTC"


def _replicas(count: int) -> str:
    return "1 replica" if count == 1 else f"{count} replicas"
