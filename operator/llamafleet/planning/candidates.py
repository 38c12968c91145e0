"""Every shape that could serve a model on the GPUs of one pool, fitting or not. Nothing is chosen here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from llamafleet.planning import host, memory, offload
from llamafleet.planning.memory import GIB, KvLayout
from llamafleet.planning.shape import GpuMemory, Pool, Shape
from llamafleet.planning.wanted import Option, Wanted

SMALLEST_CONTEXT: Final = 8192
"""Tokens that an author who names no context gets at least: one attention chunk of Llama 4."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shape that was considered.

    Attributes:
        shape: its arithmetic.
        obstacle: what of the host's memory stands in its way, as a clause; empty when nothing does.
    """

    shape: Shape
    obstacle: str

    @property
    def fits(self) -> bool:
        """Whether the GPUs hold the weights and the wanted requests, and the host holds the rest."""
        return not self.obstacle and self.shape.memory.shortfall <= 0


@dataclass(frozen=True, slots=True)
class _Trial:
    """One precision on one number of GPUs of one pool."""

    wanted: Wanted
    option: Option
    pool: Pool
    gpus: int


def candidates(wanted: Wanted, pool: Pool) -> Iterator[Candidate]:
    """One candidate for every precision and every number of GPUs of a node of the pool."""
    for gpus in memory.tensor_parallel_sizes(wanted.model, pool.gpus_per_node):
        if wanted.count in {None, gpus}:
            for option in wanted.options:
                yield _candidate(_Trial(wanted, option, pool, gpus))


def kv_layout(wanted: Wanted, pool: Pool) -> KvLayout:
    """How keys and values lie on the GPUs of this pool."""
    return KvLayout(in_flight=2 * pool.gpu.max_batched_tokens, hybrid=wanted.hybrid)


def _candidate(trial: _Trial) -> Candidate:
    """The shape with as few experts in host memory as the least context needs, then the longest context."""
    least = trial.wanted.context_length or SMALLEST_CONTEXT
    missing = max(0, _memory(trial, least, 0).shortfall)
    gib = host.whole_gib(missing) if trial.option.offload else 0
    obstacle = _obstacle(trial, gib)
    return Candidate(_shape(trial, 0 if obstacle else gib), obstacle)


def _obstacle(trial: _Trial, gib: int) -> str:
    """Why the host cannot hold the pod with so many GiB of experts per GPU; empty when it can."""
    most = offload.most_offload_gib(trial.option.weights, trial.gpus)
    if gib > most:
        return f"{gib} GiB per GPU would have to lie in host memory, and at most {most} may"
    offered = trial.pool.host_memory_per_gpu
    needed = _host_memory(trial, gib)
    if offered is None or needed <= offered * trial.gpus:
        return ""
    experts = f" with {gib} GiB of experts per GPU in it" if gib else ""
    return (
        f"the pod would request {host.whole_gib(needed)} GiB of host memory{experts}, "
        f"and the pool has {offered * trial.gpus // GIB}"
    )


def _host_memory(trial: _Trial, gib: int) -> int:
    """Bytes of host memory that the pod requests: what the author says, else the estimate."""
    if trial.wanted.host_memory is not None:
        return trial.wanted.host_memory
    if gib == 0:
        return host.pod_memory(trial.gpus, pinned=0)
    tensors = offload.layer_bytes(trial.wanted.model, trial.option.precision, trial.gpus)
    layers = offload.layers_touched(tensors, gib)
    return host.pod_memory(trial.gpus, offload.pinned(tensors, layers, trial.gpus))


def _context(trial: _Trial, gib: int) -> int:
    """The author's context, else the largest power of two that leaves room for the wanted requests."""
    if trial.wanted.context_length is not None:
        return trial.wanted.context_length
    context: int = 1 << (trial.wanted.model.max_positions.bit_length() - 1)
    while context > SMALLEST_CONTEXT and _memory(trial, context, gib).shortfall > 0:
        context //= 2
    return context


def _memory(trial: _Trial, context: int, gib: int) -> GpuMemory:
    model, gpus = trial.wanted.model, trial.gpus
    positions = memory.rope_positions(model, context)
    lean = trial.wanted.text_only and positions is not None
    layout = kv_layout(trial.wanted, trial.pool)
    requests = trial.wanted.concurrency * memory.kv_per_request(model, gpus, context, layout)
    return GpuMemory(
        usable=memory.usable(trial.pool.gpu.memory),
        weights=trial.option.weights.per_rank(gpus),
        rope_table=memory.rope_table(model, positions),
        offloaded=gib * GIB,
        overhead=memory.overhead(gpus, lean=lean),
        kv_needed=requests + memory.empty_block(model, gpus, layout),
    )


def _concurrency(trial: _Trial, filled: GpuMemory, context: int) -> float:
    """How many requests of that length fit at once, without one being pushed out."""
    model, layout = trial.wanted.model, kv_layout(trial.wanted, trial.pool)
    room = filled.kv_cache - memory.empty_block(model, trial.gpus, layout)
    return max(0, room) / memory.kv_per_request(model, trial.gpus, context, layout)


def _shape(trial: _Trial, gib: int) -> Shape:
    wanted, pool = trial.wanted, trial.pool
    context = _context(trial, gib)
    filled = _memory(trial, context, gib)
    return Shape(
        pool=pool,
        variant=wanted.model.variant,
        quantization=trial.option.precision.name,
        checkpoint=trial.option.checkpoint,
        tensor_parallel=trial.gpus,
        offload_gib=gib,
        host_memory=_host_memory(trial, gib),
        context_length=context,
        max_concurrency=_concurrency(trial, filled, context),
        memory=filled,
        weight_bytes=trial.option.checkpoint_bytes,
        max_batched_tokens=pool.gpu.max_batched_tokens,
        hybrid_kv=wanted.hybrid,
        rope_positions=memory.rope_positions(wanted.model, context),
        text_only=wanted.text_only,
        hourly_usd=trial.gpus * pool.hourly_usd_per_gpu,
    )
