"""The status of a LlamaDeployment: what the operator has seen and decided.

Decimals are strings. Every field may be missing, because a status begins empty.
"""

from typing import Annotated, Literal

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.ledger import Ledger
from llamafleet.api.lists import in_order, keyed_by
from llamafleet.api.memory import Memory
from llamafleet.api.scalars import Timestamp
from llamafleet.api.texts import LARGEST, Digits, Text


class Condition(Record):
    """One statement about the resource, in the shape that Kubernetes gives conditions."""

    type: Annotated[str, Field(max_length=316, pattern=r"^[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?$")]
    """What the statement is about, such as Ready or Sized. Required."""

    status: Literal["True", "False", "Unknown"]
    """Whether it holds. Required."""

    reason: Annotated[str, Field(max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """Why, in one word for programs. Required."""

    message: Annotated[str, Field(max_length=32768)] = ""
    """Why, in sentences for people. Default empty."""

    last_transition_time: Timestamp
    """When the status of this condition last changed. Required."""

    observed_generation: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    """The generation of the spec that this statement is about. Default 0."""


class StatusReason(Record):
    """One step of the last decision about the number of replicas."""

    step: Annotated[str, Field(max_length=63)]
    """The rule that was applied, such as demand or within_bounds. Required."""

    replicas: Annotated[int, Field(ge=0, le=2**31 - 1)]
    """The number of replicas after this step. Required."""

    message: Text = ""
    """What the rule said. Default empty."""


class StatusPlan(Record):
    """The chosen shape of one replica, with the numbers that led to it; GiB are 2^30 bytes."""

    # A number without a value is absent, never zero: nobody shall read a number that was not computed.

    pool: Annotated[str, Field(max_length=253)] = ""
    """The GpuPool whose nodes are used."""

    gpu: Annotated[str, Field(max_length=63)] = ""
    """The kind of GPU, a key of the catalogue."""

    gpus_per_replica: Annotated[int, Field(ge=1, le=64)] | None = None
    """How many GPUs one replica has."""

    tensor_parallel: Annotated[int, Field(ge=1, le=64)] | None = None
    """Over how many GPUs each layer is split."""

    pipeline_parallel: Annotated[int, Field(ge=1, le=64)] | None = None
    """In how many stages, each on GPUs of its own, the layers are split; 1 for not at all."""

    quantization: Annotated[str, Field(max_length=16)] = ""
    """The precision of the weights."""

    capacity_type: Annotated[str, Field(max_length=16)] = ""
    """What the price is for: OnDemand, Spot, or SpotPreferred where the pool sells spot capacity."""

    checkpoint: Annotated[str, Field(max_length=512)] = ""
    """The weights that are served: a repository of the model hub, or the spec's own source."""

    weights_gib_per_gpu: Digits | None = None
    """The weights of one GPU before anything is moved to host memory, in GiB."""

    rope_table_gib_per_gpu: Digits | None = None
    """The table of the rotary position embedding, which every GPU holds whole, in GiB."""

    host_offload_gib_per_gpu: Digits | None = None
    """The weights of one GPU that lie in host memory, in GiB."""

    host_memory_gib: Digits | None = None
    """The host memory that the pod of one replica requests in all, in GiB."""

    overhead_gib_per_gpu: Digits | None = None
    """What the server needs on each GPU beside weights and KV cache, in GiB."""

    kv_cache_gib_per_gpu: Digits | None = None
    """What is left for the KV cache on each GPU, in GiB."""

    kv_tokens: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """How many tokens the KV cache of one replica holds in requests of full length."""

    max_context_length: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """The longest request that is served, in tokens."""

    max_concurrency: Digits | None = None
    """How many requests of full length the KV cache of one replica holds."""

    hourly_usd_per_replica: Digits | None = None
    """What one replica costs per hour, in USD. Absent: no price is known."""

    explanation: Text = ""
    """The arithmetic in words."""


class StatusSchedule(Record):
    """Whether the fleet is open, and what comes next."""

    open: bool = False
    """Whether the schedule, or a person by an annotation, holds the fleet open. Default false."""

    window: Annotated[str, Field(max_length=8192)] = ""
    """The names of the windows that hold it open; exception, override or always where none does."""

    next_transition: Timestamp | None = None
    """When it closes if it is open, when it opens if it is closed. Absent: no such time is known."""

    idle_since: Timestamp | None = None
    """Since when no request was running or waiting, read for spec.schedule.closeWhenIdle. Absent: there was
    one, or it is not known."""

    closed_early_until: Timestamp | None = None
    """The end of the window that was closed early because its queue was empty. Absent: none was."""


class StatusColdStart(Record):
    """How long the fleet's own pods took from their node to their first answer."""

    p50_seconds: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """Half of the remembered starts took no longer, in seconds."""

    p95_seconds: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """95 of 100 of the remembered starts took no longer, in seconds."""

    samples: Annotated[
        tuple[Annotated[int, Field(ge=0, le=LARGEST)], ...],
        Field(max_length=20, json_schema_extra=in_order()),
    ] = ()
    """The last 20 starts, oldest first, in seconds."""


class StatusQueue(Record):
    """The queue as it was read last, summed over the replicas that answered."""

    waiting: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    """Requests that no replica has begun, those that the waker holds among them. Default 0."""

    running: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    """Requests that are being worked on. Default 0."""

    kv_usage_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """How much of the KV cache is in use, in percent, the mean over the replicas. Absent: not known."""


class StatusCost(Record):
    """What the fleet costs, in USD."""

    hourly_rate: Digits | None = None
    """What the wanted replicas cost per hour together, in USD. Absent: no price is known."""

    month_to_date: Digits | None = None
    """What the fleet's pods have cost in the present month, as of ledger.at, in USD."""

    projected_month: Digits | None = None
    """What the month will have cost at its end: monthToDate, and the windows that are still to come at the
    present demand, before any budget holds it back, in USD."""

    per_million_tokens: Digits | None = None
    """What a million tokens have cost this month, prompts and answers together, in USD. Absent: no tokens
    were read."""

    break_even_tokens_per_month: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """How many tokens a month the API of spec.cost.compareWith would serve for projectedMonth. Absent: none
    is compared with."""

    ledger: Ledger | None = None
    """The account that all this is computed from. The operator continues it; nobody else needs it."""


class LlamaDeploymentStatus(Record):
    """What the operator has seen and decided."""

    observed_generation: Annotated[int, Field(ge=-1, le=LARGEST)] = -1
    """The generation of the spec that the operator has last acted on. Default -1: not yet on any, so that
    no tool takes a new resource for a finished one."""

    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=16, json_schema_extra=keyed_by("type"))
    ] = ()
    """Ready, Progressing, Degraded, Sized and others, each with its reason."""

    replicas: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """How many model servers there are, ready or not, without those that finish their last requests.
    Default 0."""

    ready_replicas: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """How many of these answer requests. Default 0."""

    draining_gpus: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """How many GPUs are held by model servers that finish their last requests. They are paid for until
    these are gone. Default 0."""

    desired_replicas: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """How many model servers the last decision wants. Default 0."""

    selector: Text = ""
    """The label selector of the pods of these model servers, as text, for autoscalers."""

    reasons: Annotated[tuple[StatusReason, ...], Field(max_length=16, json_schema_extra=in_order())] = ()
    """The steps of the last decision about the number of replicas, in order."""

    plan: StatusPlan | None = None
    """The chosen shape of one replica. Absent: no shape was chosen yet."""

    schedule: StatusSchedule | None = None
    """Whether the fleet is open, and what comes next. Absent: it is always open."""

    cold_start: StatusColdStart | None = None
    """How long the fleet's own pods took to become ready. Absent: none did yet."""

    queue: StatusQueue | None = None
    """The queue at the last look. Absent: it is not read, or it could not be."""

    scaling: Memory | None = None
    """What the autoscaler remembers. Absent: nothing, because spec.scaling is not given."""

    cost: StatusCost | None = None
    """What the fleet costs. Absent: no shape was chosen yet, and no pod ever had a node."""
