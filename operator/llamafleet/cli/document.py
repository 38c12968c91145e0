"""From the answer of ``llamafleet plan`` to its record: each figure under its public name, none computed."""

from typing import Any, Final

from llamafleet.api.scalars import format_money
from llamafleet.cli.answer import Answer
from llamafleet.cli.output import Output
from llamafleet.errors import DoesNotFit
from llamafleet.planning.considered import Considered, LeftOut
from llamafleet.planning.effect import not_in_effect
from llamafleet.planning.month import LENGTH, Month
from llamafleet.planning.plan import Plan
from llamafleet.rendering.figures import figures
from llamafleet.rendering.vllm_args import serve_args

_SHAPE: Final = (
    "pool",
    "gpu",
    "gpusPerReplica",
    "tensorParallel",
    "pipelineParallel",
    "quantization",
    "hostOffloadGiBPerGpu",
    "kvCacheGiBPerGpu",
    "hourlyUsdPerReplica",
)
"""The figures of a candidate."""


def document(answer: Answer) -> Output:
    """The answer as its record."""
    llama, decision = answer.question.llama, answer.decision
    common = {
        "name": llama.metadata.name,
        "namespace": llama.metadata.namespace,
        "variant": llama.spec.model.variant,
        "notInEffect": not_in_effect(llama.spec),
        "candidates": [*map(_considered, answer.considered), *map(_left_out, answer.left_out)],
    }
    told = _planned(answer, decision) if isinstance(decision, Plan) else _refused(decision)
    return Output.model_validate({**common, **told})


def _refused(decision: DoesNotFit) -> dict[str, Any]:
    return {"feasible": False, "reasons": [f"{decision}."], "vllmArgs": []}


def _planned(answer: Answer, plan: Plan) -> dict[str, Any]:
    return {
        **figures(plan.shape),
        "feasible": True,
        "monthlyUsdPerReplica": answer.month and _monthly(answer, answer.month),
        "replicas": plan.replicas,
        "reasons": [*plan.sums, *plan.notes, *(reason.message for reason in plan.reasons)],
        "vllmArgs": serve_args(answer.question.llama, plan.shape),
    }


def _monthly(answer: Answer, month: Month) -> dict[str, Any]:
    scheduled = answer.question.llama.spec.schedule is not None
    return {
        "alwaysOn": format_money(month.always_on_usd),
        "insideWindows": format_money(month.open_usd) if scheduled else None,
        "openHours": f"{month.open_hours:.2f}" if scheduled else None,
        "days": LENGTH.days,
        "from": month.start,
    }


def _considered(one: Considered) -> dict[str, Any]:
    shown = figures(one.shape)
    told = {"feasible": one.feasible, "chosen": one.chosen, "reason": one.reason}
    return {**{key: shown[key] for key in _SHAPE}, **told}


def _left_out(one: LeftOut) -> dict[str, Any]:
    nothing = dict.fromkeys(_SHAPE)
    return {**nothing, "pool": one.pool, "feasible": False, "chosen": False, "reason": one.reason}
