"""The answer of ``llamafleet plan`` for programs: one record, whose keys and types stay as they are.

``docs/plan-output.md`` is its reference. A key is never left out: what has no value is null. Decimals are
strings with the digits of ``status.plan``, because a float would not say what was meant.
"""

from typing import Any, Final

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.scalars import Timestamp, format_money
from llamafleet.cli.answer import Answer
from llamafleet.planning.plan import Plan
from llamafleet.planning.schedule.month import LENGTH, Month
from llamafleet.planning.sizing.considered import Considered, LeftOut
from llamafleet.rendering.figures import figures


class MonthlyUsd(Record):
    """What one replica costs in 30 days, in USD."""

    always_on: str
    """Always on: 720 hours."""

    inside_windows: str | None
    """Inside the windows of spec.schedule only. Null without a schedule."""

    open_hours: str | None
    """For how many hours those windows are open. Null without a schedule."""

    days: int
    """How many days: 30."""

    from_: Timestamp = Field(alias="from")
    """When they begin: the present day of the schedule's time zone, in UTC."""


class Candidate(Record):
    """One shape that was considered, or a pool of which none was."""

    pool: str
    """The GpuPool."""

    gpu: str | None = None
    """The kind of GPU. This and the figures below are null for a pool of which no shape was considered."""

    gpus_per_replica: int | None = None
    """How many GPUs one replica has."""

    tensor_parallel: int | None = None
    """Over how many GPUs each layer is split."""

    pipeline_parallel: int | None = None
    """In how many stages the layers are split."""

    quantization: str | None = None
    """The precision of the weights."""

    host_offload_gib_per_gpu: str | None = None
    """The weights of one GPU that lie in host memory, in GiB."""

    kv_cache_gib_per_gpu: str | None = None
    """What is left for the KV cache on each GPU, in GiB; negative when not even the weights fit."""

    hourly_usd_per_replica: str | None = None
    """What one replica costs per hour, in USD. Null where no price is known."""

    feasible: bool
    """Whether it fits."""

    chosen: bool
    """Whether it was taken."""

    reason: str
    """Why it was taken or lost."""


class Output(Record):
    """The answer. Where nothing fits, everything about the shape of a replica is null."""

    name: str
    """The name of the LlamaDeployment."""

    namespace: str
    """Its namespace; empty when the manifest has none."""

    variant: str
    """The model, a key of the catalogue."""

    feasible: bool
    """Whether any shape fits."""

    pool: str | None = None
    """The GpuPool whose nodes are used."""

    gpu: str | None = None
    """The kind of GPU, a key of the catalogue."""

    gpus_per_replica: int | None = None
    """How many GPUs one replica has."""

    tensor_parallel: int | None = None
    """Over how many GPUs each layer is split."""

    pipeline_parallel: int | None = None
    """In how many stages, each on GPUs of its own, the layers are split."""

    quantization: str | None = None
    """The precision of the weights: BF16, FP8, INT8 or INT4."""

    capacity_type: str | None = None
    """What the price is for: OnDemand, Spot, or SpotPreferred."""

    checkpoint: str | None = None
    """The weights that are served: a repository of the model hub, or spec.model.source."""

    weights_gib_per_gpu: str | None = None
    """The weights of one GPU before anything is moved to host memory, in GiB."""

    rope_table_gib_per_gpu: str | None = None
    """The rotary table, on every GPU in full, in GiB."""

    host_offload_gib_per_gpu: str | None = None
    """The weights of one GPU that lie in host memory, in GiB."""

    host_memory_gib: str | None = None
    """The host memory that the pod of one replica requests in all, in GiB."""

    overhead_gib_per_gpu: str | None = None
    """What the server needs on each GPU beside weights and KV cache, in GiB."""

    kv_cache_gib_per_gpu: str | None = None
    """What is left for the KV cache on each GPU, in GiB."""

    kv_tokens: int | None = None
    """How many tokens the KV cache of one replica holds, in requests of full length."""

    max_context_length: int | None = None
    """The longest request that is served, in tokens."""

    max_concurrency: str | None = None
    """How many requests of full length the KV cache of one replica holds."""

    hourly_usd_per_replica: str | None = None
    """What one replica costs per hour, in USD. Null where no price is known."""

    monthly_usd_per_replica: MonthlyUsd | None = None
    """What one replica costs in 30 days, in USD. Null where no price is known."""

    replicas: int | None = None
    """How many replicas the decision wants at first."""

    reasons: tuple[str, ...]
    """Sentences: why this shape and this number of replicas, with the arithmetic; or why nothing fits."""

    not_in_effect: tuple[str, ...]
    """Fields of the resource that are valid but do nothing in this release."""

    candidates: tuple[Candidate, ...]
    """Every shape that was considered, the best first; last the pools of which none was."""

    vllm_args: tuple[str, ...]
    """The arguments of the model server, as they stand after vllm serve. Empty when nothing fits."""


_OF_A_CANDIDATE: Final = (
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
"""The figures of a shape that are told of a candidate."""


def document(answer: Answer) -> Output:
    """The answer as its record: each figure under its public name, none computed."""
    llama, plan = answer.question.llama, answer.decision
    planned = _planned(answer, plan) if isinstance(plan, Plan) else {}
    return Output.model_validate(
        {
            "name": llama.metadata.name,
            "namespace": llama.metadata.namespace,
            "variant": llama.spec.model.variant,
            "feasible": answer.feasible,
            "reasons": answer.reasons,
            "notInEffect": answer.not_in_effect,
            "candidates": [*map(_considered, answer.considered), *map(_left_out, answer.left_out)],
            "vllmArgs": answer.vllm_args,
            **planned,
        }
    )


def _planned(answer: Answer, plan: Plan) -> dict[str, Any]:
    return {
        **figures(plan.shape),
        "monthlyUsdPerReplica": answer.month and _monthly(answer, answer.month),
        "replicas": plan.replicas,
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
    return {**{key: shown.get(key) for key in _OF_A_CANDIDATE}, **told}


def _left_out(one: LeftOut) -> dict[str, Any]:
    return {"pool": one.pool, "feasible": False, "chosen": False, "reason": one.reason}
