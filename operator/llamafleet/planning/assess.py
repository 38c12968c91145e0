"""Assess: put together what the number of replicas depends on, before any rule decides."""

from datetime import timedelta
from typing import Final

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.schedule import Schedule
from llamafleet.errors import InvalidSpec
from llamafleet.planning.coldstart import cold_start, lead
from llamafleet.planning.demand import Ground, demand
from llamafleet.planning.drain import drain
from llamafleet.planning.earlyclosing import early_closing
from llamafleet.planning.money.outlook import Terms, outlook
from llamafleet.planning.schedule.checks import check_schedule
from llamafleet.planning.schedule.opening import Opening, opening
from llamafleet.planning.situation import Observation, Situation
from llamafleet.planning.sizing.shape import Shape
from llamafleet.planning.sizing.words import usd

BUDGET: Final = "spec.cost.monthlyBudget"


def assess(spec: LlamaDeploymentSpec, shape: Shape, seen: Observation) -> Situation:
    """Everything that the number of replicas depends on.

    Raises:
        InvalidSpec: the schedule or the budget has a value that makes no sense.
    """
    schedule = spec.schedule
    if schedule is not None:
        check_schedule(schedule)
    starts = seen.cold_starts.by(shape)
    takes = cold_start(starts, shape)
    ahead = lead(schedule.pre_warm if schedule else "Auto", takes)
    now = _opening(schedule, seen, ahead)
    early = early_closing(schedule, now, seen.overrides, before=seen.early, idle=seen.idle, now=seen.now)
    terms = Terms(shape.hourly_usd, ahead, timedelta(seconds=drain(schedule).grace))
    _check_budget(spec, shape, seen)
    asked = demand(spec, seen, Ground(shape, now, takes))
    rest = outlook(spec, terms, asked.reason.replicas, seen.spent_usd, seen.now)
    return Situation(spec, seen, now, early, starts, takes, ahead, rest, asked)


def _opening(schedule: Schedule | None, seen: Observation, ahead: timedelta) -> Opening:
    """Whether it is open. What was started for an opening stays, also when a start took less than feared."""
    now = opening(schedule, seen.overrides, seen.now, ahead)
    if now.open or now.warming or now.next_open is None or now.next_open != seen.warming_for:
        return now
    return opening(schedule, seen.overrides, seen.now, now.next_open - seen.now)


def _check_budget(spec: LlamaDeploymentSpec, shape: Shape, seen: Observation) -> None:
    """Refuse a budget that pays for nothing. A fleet that runs already is ended by its money instead."""
    budget, price = spec.cost.monthly_budget if spec.cost else None, shape.hourly_usd
    if budget is None or price is None or seen.replicas or budget >= price:
        return
    rule = f"must pay for one hour of one replica at least, which is {usd(price)} USD"
    raise InvalidSpec(BUDGET, usd(budget), rule)
