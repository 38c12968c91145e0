"""The one decision: what a LlamaDeployment should be, given its pools and what was seen. Pure.

The values that make up a plan can be imported from here, wherever they are defined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import Catalogue, catalogue
from llamafleet.catalogue.prices import ApiPrice
from llamafleet.planning.assess import assess
from llamafleet.planning.earlyclosing import LOOK
from llamafleet.planning.effect import not_in_effect
from llamafleet.planning.money.budget import Allowance, next_mark
from llamafleet.planning.money.tokens import find
from llamafleet.planning.replicas import decide
from llamafleet.planning.scaling.signals import QUEUE_LOOK
from llamafleet.planning.situation import Observation, Reason, Situation
from llamafleet.planning.sizing.answers import sized
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.shape import GpuMemory, Pool, RunningShape, Shape, UnusablePool
from llamafleet.planning.within_budget import STEP, allowed

__all__ = [
    "GpuMemory",
    "Observation",
    "Plan",
    "Pool",
    "Reason",
    "RunningShape",
    "Shape",
    "UnusablePool",
    "plan",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision, with its arithmetic.

    Attributes:
        shape: one replica.
        sums: the sizing arithmetic in sentences: the memory of a GPU, its requests, the price.
        notes: what else the author should know of the shape, in sentences.
        explanation: the sums and the notes as one text, short enough for a condition.
        replicas: how many.
        reasons: why so many, one entry per rule that had something to say.
        hourly_usd: the price of all replicas, US dollars per hour; None when no price is known.
        not_in_effect: fields that the author uses and that change nothing yet.
        case: what the number of replicas was decided from: the hour, the price, what was seen.
        money: what the money allows.
        compared: the API price that spec.cost.compareWith names; None when there is none of that name.
        wake: when time alone may change the number of replicas, or a figure of the month, UTC.
    """

    shape: Shape
    sums: tuple[str, ...]
    notes: tuple[str, ...]
    explanation: str
    replicas: int
    reasons: tuple[Reason, ...]
    hourly_usd: Decimal | None
    not_in_effect: tuple[str, ...]
    case: Situation
    money: Allowance
    compared: ApiPrice | None
    wake: datetime


def plan(
    spec: LlamaDeploymentSpec,
    pools: Sequence[Pool | UnusablePool],
    seen: Observation,
    known: Catalogue | None = None,
    own: OwnWeights | None = None,
) -> Plan:
    """Size one replica, then decide how many there should be.

    Args:
        spec: what the author wants.
        pools: the GPUs that there are.
        seen: what was observed of the fleet.
        known: the catalogue; None for the built-in one.
        own: what the author's own checkpoint says of itself, where it is at hand.

    Raises:
        InvalidSpec: a field has a value that its model, checkpoint or pools cannot serve.
        DoesNotFit: no pool holds the model with the wanted requests.
    """
    one = sized(spec, pools, seen.running, known, own)
    case = assess(spec, one.shape, seen)
    reasons = decide(case)
    replicas = reasons[-1].replicas
    money = allowed(case, _before_money(reasons))
    hourly_usd = one.shape.hourly_usd
    return Plan(
        shape=one.shape,
        sums=one.sums,
        notes=one.notes,
        explanation=one.explanation,
        replicas=replicas,
        reasons=reasons,
        hourly_usd=None if hourly_usd is None else replicas * hourly_usd,
        not_in_effect=not_in_effect(spec),
        case=case,
        money=money,
        compared=_compared(spec, known or catalogue()),
        wake=_wake(case, money, replicas),
    )


def _before_money(reasons: Sequence[Reason]) -> int:
    """What the steps before the money ask for."""
    return [reason.replicas for reason in reasons if reason.step not in {STEP, "suspended"}][-1]


def _compared(spec: LlamaDeploymentSpec, known: Catalogue) -> ApiPrice | None:
    key = spec.cost.compare_with if spec.cost else None
    return find(known.api_prices, key) if key else None


def _wake(case: Situation, money: Allowance, replicas: int) -> datetime:
    """The first instant at which time alone may change something."""
    schedule, now = case.spec.schedule, case.seen.now
    told = next_mark(case.spec.cost, case.outlook.purse, case.seen.paid, now)
    instants = [case.opening.wake, case.outlook.month.end]
    instants += [instant for instant in (money.wake, told) if instant is not None]
    if replicas and case.spec.scaling is not None and not case.spec.suspend:
        instants.append(now + QUEUE_LOOK)
    if schedule is not None and schedule.close_when_idle and case.opening.open and case.early.until is None:
        instants.append(now + LOOK)
    return min(instants)
