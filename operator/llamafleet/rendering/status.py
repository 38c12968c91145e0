"""The status of a LlamaDeployment as the plain dict that is applied to it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from llamafleet.api.names import pod_selector, selector_text
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.plan import Plan, Shape
from llamafleet.rendering.conditions import Fleet, conditions

GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Account:
    """What a status is made of: the fleet, what was said before, and when."""

    fleet: Fleet
    before: LlamaDeploymentStatus
    now: datetime


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
    if not isinstance(fleet.plan, Plan):
        return {**common, **_kept(before)}
    return {**common, **_decision(fleet.plan)}


def _kept(before: LlamaDeploymentStatus) -> dict[str, Any]:
    """The last valid decision stays in force, and visible, while a new spec is refused."""
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
        "plan": _shape(plan.shape, plan.explanation),
        "cost": {"hourlyRate": _money(plan.hourly_usd)},
    }


def _shape(shape: Shape, explanation: str) -> dict[str, Any]:
    memory = shape.memory
    return {
        "pool": shape.pool.name,
        "gpu": shape.pool.gpu.key,
        "gpusPerReplica": shape.tensor_parallel,
        "tensorParallel": shape.tensor_parallel,
        "quantization": shape.quantization,
        "checkpoint": shape.checkpoint,
        "weightsGiBPerGpu": _gib(memory.weights),
        "hostOffloadGiBPerGpu": _gib(memory.offloaded),
        "hostMemoryGiB": _gib(shape.host_memory),
        "overheadGiBPerGpu": _gib(memory.overhead),
        "kvCacheGiBPerGpu": _gib(memory.kv_cache),
        "maxContextLength": shape.context_length,
        "maxConcurrency": f"{shape.max_concurrency:.2f}",
        "hourlyUsdPerReplica": _money(shape.hourly_usd),
        "explanation": explanation,
    }


def _gib(amount: int) -> str:
    """Bytes as GiB with two places."""
    return f"{Decimal(amount) / GIB:.2f}"


def _money(amount: Decimal) -> str:
    """USD with two places, or with four where two would round."""
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount:.4f}"
