"""What a sizing decision is made of: pools to choose from, and the shape that was chosen.

Values only; the arithmetic lives in ``memory``, the choice in ``sizing``. All memory is in bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from llamafleet.api.gpu import CapacityType
from llamafleet.api.gpupool import Toleration
from llamafleet.api.spot import selects_spot
from llamafleet.catalogue import GpuFacts


@dataclass(frozen=True, slots=True)
class Pool:
    """GPUs of one kind on nodes of one kind. What they cost need not be known: 0 is a price, None is none.

    Attributes:
        name: the GpuPool's name, or the catalogue key of the built-in pool.
        gpu: what the catalogue knows of the GPU.
        gpus_per_node: the most that one pod can have.
        node_selector: labels of the pool's nodes; empty: the GPU's product labels select them.
        tolerations: for the taints of the pool's nodes.
        host_memory_per_gpu: bytes that a pod may ask for per GPU; None when nobody said.
        hourly_usd_per_gpu: what one GPU costs per hour on demand, US dollars; None when nobody said, or when
            all nodes are spot nodes.
        price_source: where that price was read, in a few words; empty without one.
        spot_usd_per_gpu: what one GPU of spot capacity costs per hour; None when nobody said.
        resource_name: the extended resource that counts the GPUs, such as ``nvidia.com/gpu``.
    """

    name: str
    gpu: GpuFacts
    gpus_per_node: int
    node_selector: Mapping[str, str]
    tolerations: tuple[Toleration, ...]
    host_memory_per_gpu: int | None
    hourly_usd_per_gpu: Decimal | None
    price_source: str
    spot_usd_per_gpu: Decimal | None
    resource_name: str

    @property
    def sells_on_demand(self) -> bool:
        """Whether it has GPUs on demand, at a known price or not: unless all its nodes are spot nodes."""
        return not selects_spot(self.node_selector)

    @property
    def sells_spot(self) -> bool:
        """Whether it has spot capacity: where it has a spot price, or where all its nodes are spot nodes."""
        return self.spot_usd_per_gpu is not None or not self.sells_on_demand


@dataclass(frozen=True, slots=True)
class UnusablePool:
    """A GpuPool that cannot be planned with. It stops nobody who does not name it.

    Attributes:
        name: the GpuPool's name.
        problem: which of its fields breaks which rule, as a sentence.
    """

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """Where the memory of one GPU goes, in bytes.

    Attributes:
        usable: what vLLM may use: the GPU's memory times the utilisation.
        weights: this rank's share of the weights with the parts that every rank holds, before offload.
        replicated: the part of ``weights`` that every rank holds whole.
        rope_table: the rotary table, on every GPU in full.
        offloaded: how much of ``weights`` lies in host memory instead.
        overhead: activations, CUDA context, NCCL and CUDA graphs.
        kv_needed: what the wanted requests fill, and the block that vLLM keeps empty.
    """

    usable: int
    weights: int
    replicated: int
    rope_table: int
    offloaded: int
    overhead: int
    kv_needed: int

    @property
    def kv_cache(self) -> int:
        """What is left for keys and values; negative when not even the weights fit."""
        return self.usable - self.weights - self.rope_table - self.overhead + self.offloaded

    @property
    def shortfall(self) -> int:
        """How much is missing; zero or negative when the wanted requests fit."""
        return self.kv_needed - self.kv_cache


@dataclass(frozen=True, slots=True)
class RunningShape:
    """The shape of a fleet that runs, as far as its status tells it.

    Attributes:
        pool: the pool's name.
        quantization: the precision of the weights.
        tensor_parallel: over how many GPUs each layer is split; None when the status does not tell.
        pipeline_parallel: in how many stages the layers are split.
        checkpoint: the weights that are served. A fleet that gets others restarts anyway.
    """

    pool: str
    quantization: str
    tensor_parallel: int | None
    pipeline_parallel: int
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One replica: a model in a precision on some GPUs of a pool.

    Attributes:
        pool: where it runs.
        variant: the model's key in the catalogue.
        quantization: the precision of the weights, such as ``INT4``.
        checkpoint: the Hugging Face repository of the weights, or the author's own source text.
        tensor_parallel: over how many GPUs each layer is split.
        pipeline_parallel: in how many stages, each on GPUs of its own, the layers are split.
        capacity_type: what the price is for. ``SpotPreferred`` only where the pool sells spot capacity.
        offload_gib: GiB per GPU of expert weights that lie in host memory; 0 for none.
        host_memory: bytes of host memory that the pod requests in all, /dev/shm and those experts included.
        context_length: the longest request, tokens.
        max_concurrency: how many requests of that length the KV cache holds at once.
        kv_tokens: how many tokens those requests have together; vLLM's own ``kv_cache_size_tokens``.
        kv_dtype_bytes: bytes of one key or value in the cache: 2 for bfloat16, 1 for FP8.
        memory: where the memory of each GPU goes.
        weight_bytes: the whole checkpoint, parts that are not loaded included.
        max_batched_tokens: tokens that vLLM computes in one step.
        hybrid_kv: True when vLLM's hybrid KV cache manager was counted on.
        rope_positions: what ``max_position_embeddings`` is lowered to; None: left alone.
        text_only: True when the model's vision parts are left out.
        hourly_usd: the price of one replica, US dollars per hour; None when no price is known.
    """

    pool: Pool
    variant: str
    quantization: str
    checkpoint: str
    tensor_parallel: int
    pipeline_parallel: int
    capacity_type: CapacityType
    offload_gib: int
    host_memory: int
    context_length: int
    max_concurrency: float
    kv_tokens: int
    kv_dtype_bytes: int
    memory: GpuMemory
    weight_bytes: int
    max_batched_tokens: int
    hybrid_kv: bool
    rope_positions: int | None
    text_only: bool
    hourly_usd: Decimal | None

    @property
    def gpus(self) -> int:
        """How many GPUs one replica has."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def hourly_usd_per_gpu(self) -> Decimal | None:
        """What one of its GPUs costs per hour, US dollars; None when no price is known."""
        return None if self.hourly_usd is None else self.hourly_usd / self.gpus

    @property
    def price_problem(self) -> str:
        """Why no price is known, and the field to set; a sentence without a full stop, empty with a price."""
        if self.hourly_usd is not None:
            return ""
        unknown = f"The price of pool {self.pool.name} is not known"
        if self.capacity_type is CapacityType.SPOT:
            return f"{unknown}: spec.price.spot of the GpuPool is missing"
        missing = "spec.price.onDemand of the GpuPool is missing"
        return f"{unknown}: {missing} and the catalogue has none for {self.pool.gpu.key}"
