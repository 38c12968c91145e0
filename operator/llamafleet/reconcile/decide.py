"""Decide: from what was seen to what should be. Pure; it only calls the planner in the right order."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.catalogue import Catalogue
from llamafleet.errors import InvalidSpec
from llamafleet.planning.coldstart import ColdStarts, kind
from llamafleet.planning.drain import drain
from llamafleet.planning.keeping import is_over, is_spent
from llamafleet.planning.money.account import Ground, account
from llamafleet.planning.money.ledger import spent
from llamafleet.planning.money.telling import tell
from llamafleet.planning.plan import Plan, plan
from llamafleet.planning.schedule.localtime import zone_of
from llamafleet.planning.schedule.opening import Overrides
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Pool, UnusablePool
from llamafleet.reconcile.seen import Seen

Pools = tuple[Pool | UnusablePool, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What should be.

    Attributes:
        wish: the plan, or why there can be none.
        ledger: what was spent until now.
        starts: how long the fleet's own pods took to become ready.
        sleeps: whether a fleet without a plan is put to sleep.
        wake: when time alone may change this; None: not in sight.
    """

    wish: Plan | InvalidSpec
    ledger: Ledger
    starts: ColdStarts
    sleeps: bool
    wake: datetime | None


def decide(seen: Seen, known: Catalogue) -> Decided:
    """The account of what was spent, and the plan for what is left."""
    pools = resolve(seen.pools, seen.unreadable, known)
    ledger, starts = _account(seen, pools)
    wish = _plan(seen, pools, known, ledger, starts)
    if isinstance(wish, Plan):
        return Decided(wish, _told(ledger, wish), wish.case.starts, sleeps=False, wake=wish.wake)
    last = seen.last_status.schedule
    spent_all = is_spent(seen.llama, spent(ledger, seen.now))
    shut = isinstance(seen.overrides, Overrides) and seen.overrides.closed(seen.now)
    sleeps = seen.suspended or shut or is_over(last, seen.now) or spent_all
    wake = last.next_transition if last and not sleeps else None
    return Decided(wish, ledger, starts, sleeps=sleeps, wake=wake)


def _told(ledger: Ledger, plan: Plan) -> Ledger:
    """The account with what people are told of it now."""
    cost = plan.case.spec.cost
    return tell(ledger, cost.monthly_budget if cost else None, plan.case.outlook.purse.spent_usd, plan.money)


def _account(seen: Seen, pools: Pools) -> tuple[Ledger, ColdStarts]:
    """What the pods have cost, whatever the spec says now."""
    fleet = seen.fleet
    schedule = None if isinstance(seen.llama, InvalidSpec) else seen.llama.spec.schedule
    ground = Ground(
        pools=pools,
        spot=fleet.spot,
        loads=fleet.loads or {},
        zone=_zone(seen),
        grace=timedelta(seconds=drain(schedule).grace),
    )
    found = account(seen.last_ledger, (*fleet.pods, *fleet.departed), ground, seen.now, fleet.version)
    before = seen.last_status.cold_start
    shape = seen.last_status.plan
    of = kind(shape.checkpoint, shape.gpu) if shape else ""
    starts = ColdStarts(before.samples if before else (), of).with_more(found.starts)
    return found.ledger, starts


def _zone(seen: Seen) -> str:
    """The zone in which the month turns: the schedule's, while that is one; else the one that it was."""
    llama, before = seen.llama, seen.last_ledger
    if isinstance(llama, LlamaDeployment):
        name = llama.spec.schedule.time_zone if llama.spec.schedule else "UTC"
        try:
            zone_of(name)
        except InvalidSpec:
            pass
        else:
            return name
    return before.time_zone if before else "UTC"


def _plan(
    seen: Seen, pools: Pools, known: Catalogue, ledger: Ledger, starts: ColdStarts
) -> Plan | InvalidSpec:
    """The plan, or why there can be none."""
    if isinstance(seen.llama, InvalidSpec):
        return seen.llama
    observation = seen.observation(ledger, starts)
    try:
        return plan(seen.llama.spec, pools, observation, known)
    except InvalidSpec as error:
        return error
