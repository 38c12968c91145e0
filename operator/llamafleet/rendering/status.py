"""The status of a LlamaDeployment as the plain dict that is applied to it."""

from dataclasses import dataclass
from typing import Any

from llamafleet.api.ledger import Ledger
from llamafleet.api.names import selector_text, serving_selector
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.coldstart import NO_STARTS, ColdStarts
from llamafleet.planning.plan import Plan
from llamafleet.planning.sizing.words import usd
from llamafleet.rendering import hours, money, queue
from llamafleet.rendering.conditions import conditions
from llamafleet.rendering.figures import figures
from llamafleet.rendering.fleet import Fleet

NO_REPLICAS = {"desiredReplicas": 0}
LOOKING_AHEAD = {"projected_month", "break_even_tokens_per_month"}
CLOSED = {"open": False, "window": ""}


@dataclass(frozen=True, slots=True)
class Account:
    """What a status is made of.

    Attributes:
        fleet: what the conditions speak about.
        before: what was said last.
        starts: how long the fleet's own pods took to become ready.
        deployed: whether the Deployment follows the decision; else the last one is still in force.
    """

    fleet: Fleet
    before: LlamaDeploymentStatus
    starts: ColdStarts = NO_STARTS
    deployed: bool = True


def status(account: Account) -> dict[str, Any]:
    """The whole status. A field that is left out here disappears from the resource."""
    fleet, before = account.fleet, account.before
    return {
        "observedGeneration": fleet.metadata.generation,
        "conditions": conditions(fleet, before.conditions),
        "replicas": len(fleet.serving),
        "readyReplicas": fleet.ready,
        "drainingGpus": fleet.draining_gpus,
        "selector": selector_text(serving_selector(fleet.metadata.name)),
        **_cold_start(account.starts),
        **_decided(account),
        **_cost(account),
    }


def _decided(account: Account) -> dict[str, Any]:
    """The decision that is in force: this one, or the last that was carried out, whose pods run, and cost."""
    fleet, before = account.fleet, account.before
    if isinstance(fleet.plan, Plan) and account.deployed:
        return _decision(fleet.plan)
    fields = {"desired_replicas", "reasons", "plan", "schedule", "scaling"}
    kept: dict[str, Any] = before.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields)
    if not fleet.asleep:
        return kept
    return {**kept, **NO_REPLICAS, **({"schedule": CLOSED} if before.schedule else {})}


def _decision(plan: Plan) -> dict[str, Any]:
    schedule = {"schedule": hours.figures(plan.case)} if hours.is_used(plan.case) else {}
    return {
        "desiredReplicas": plan.replicas,
        "reasons": [
            {"step": reason.step, "replicas": reason.replicas, "message": reason.message}
            for reason in plan.reasons
        ],
        "plan": {**figures(plan.shape), "explanation": plan.explanation},
        **schedule,
        **queue.figures(plan),
    }


def _cost(account: Account) -> dict[str, Any]:
    """What it costs; nothing before there is anything to pay for."""
    fleet, before = account.fleet, account.before.cost
    rate, ledger = _hourly_rate(account), fleet.ledger
    if not rate and ledger == Ledger(month=ledger.month, at=ledger.at, time_zone=ledger.time_zone):
        return {}
    kept: dict[str, Any] = {}
    if before is not None and isinstance(fleet.plan, InvalidSpec):
        kept = before.model_dump(mode="json", by_alias=True, exclude_none=True, include=LOOKING_AHEAD)
    return {"cost": {**rate, **kept, **money.figures(fleet)}}


def _hourly_rate(account: Account) -> dict[str, Any]:
    """What the decision that is in force costs. A price that is not known is left out, never zero."""
    fleet, before = account.fleet, account.before
    if fleet.asleep:
        return {"hourlyRate": "0.00"}
    if isinstance(fleet.plan, Plan) and account.deployed:
        return {} if fleet.plan.hourly_usd is None else {"hourlyRate": usd(fleet.plan.hourly_usd)}
    rate = before.cost.hourly_rate if before.cost else None
    return {} if rate is None else {"hourlyRate": rate}


def _cold_start(starts: ColdStarts) -> dict[str, Any]:
    """What was learned; nothing before the first start."""
    half, most = starts.percentile(50), starts.percentile(95)
    if half is None or most is None:
        return {}
    seconds = {"p50Seconds": int(half.total_seconds()), "p95Seconds": int(most.total_seconds())}
    return {"coldStart": {**seconds, "samples": [*starts.samples]}}
