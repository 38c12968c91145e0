"""The status of a LlamaDeployment as the plain dict that is applied to it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from llamafleet.api.names import pod_selector, selector_text
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.plan import Plan
from llamafleet.planning.sizing.words import usd
from llamafleet.rendering.conditions import Fleet, conditions
from llamafleet.rendering.figures import figures


@dataclass(frozen=True, slots=True)
class Account:
    """What a status is made of.

    Attributes:
        fleet: what the conditions speak about.
        before: what was said last.
        now: when this is said, UTC.
        deployed: whether the Deployment follows the decision; else the last one is still in force.
        asleep: whether a refused spec was put to sleep.
    """

    fleet: Fleet
    before: LlamaDeploymentStatus
    now: datetime
    deployed: bool = True
    asleep: bool = False


def status(account: Account) -> dict[str, Any]:
    """The whole status. A field that is left out here disappears from the resource."""
    fleet, before = account.fleet, account.before
    common = {
        "observedGeneration": fleet.metadata.generation,
        "conditions": conditions(fleet, before.conditions, account.now),
        "replicas": len(fleet.pods),
        "readyReplicas": fleet.ready,
        "selector": selector_text(pod_selector(fleet.metadata.name)),
    }
    if account.asleep:
        return {**common, **_kept(before), "desiredReplicas": 0, "cost": {"hourlyRate": usd(Decimal(0))}}
    if not isinstance(fleet.plan, Plan) or not account.deployed:
        return {**common, **_kept(before)}
    return {**common, **_decision(fleet.plan)}


def _kept(before: LlamaDeploymentStatus) -> dict[str, Any]:
    """The last decision that was carried out stays visible: its pods run, and cost."""
    fields = {"desired_replicas", "reasons", "plan", "cost"}
    kept: dict[str, Any] = before.model_dump(mode="json", by_alias=True, exclude_none=True, include=fields)
    return kept


def _decision(plan: Plan) -> dict[str, Any]:
    return {
        "desiredReplicas": plan.replicas,
        "reasons": [
            {"step": reason.step, "replicas": reason.replicas, "message": reason.message}
            for reason in plan.reasons
        ],
        "plan": {**figures(plan.shape), "explanation": plan.explanation},
        "cost": {"hourlyRate": usd(plan.hourly_usd)},
    }
