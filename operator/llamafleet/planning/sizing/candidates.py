"""Every shape that could serve a model on the GPUs of some pools, fitting or not. Nothing is chosen here.

A search looks at hundreds of candidates and shows a few, so a candidate holds only what decides whether it
fits; the whole arithmetic is its ``shape``, computed when somebody asks.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from llamafleet.api.gpu import CapacityType
from llamafleet.planning.sizing import kv, memory
from llamafleet.planning.sizing.kv import KvLayout
from llamafleet.planning.sizing.memory import GIB
from llamafleet.planning.sizing.obstacles import host_memory, verdict
from llamafleet.planning.sizing.options import Option
from llamafleet.planning.sizing.parallel import Parallelism, parallelisms
from llamafleet.planning.sizing.shape import GpuMemory, Pool, Shape
from llamafleet.planning.sizing.wanted import Wanted


class Offer(NamedTuple):
    """What a pool sells to an author.

    Attributes:
        capacity_type: what is paid for.
        hourly_usd: US dollars per hour of one GPU; None when no price is known.
    """

    capacity_type: CapacityType
    hourly_usd: Decimal | None


class Candidate(NamedTuple):
    """One precision on one split over the GPUs of one pool.

    Attributes:
        wanted: what the author wants.
        pool: whose GPUs these are.
        split: over how many.
        option: the precision.
        offload_gib: GiB per GPU of experts that have to lie in host memory.
        shortfall: bytes per GPU that are missing for the least context, with that offload.
        obstacle: what else stands in its way, as a clause; empty when nothing does.
        capacity_type: what the price is for.
        hourly_usd: the price of one replica, US dollars per hour; None when no price is known.
    """

    wanted: Wanted
    pool: Pool
    split: Parallelism
    option: Option
    offload_gib: int
    shortfall: int
    obstacle: str
    capacity_type: CapacityType
    hourly_usd: Decimal | None

    @property
    def fits(self) -> bool:
        """Whether the GPUs hold the weights and the wanted requests, and nothing else is in the way."""
        return self.shortfall <= 0 and not self.obstacle

    @property
    def shape(self) -> Shape:
        """The whole arithmetic, for the author's context or else the longest that fits."""
        return _shape(self)


def offer(wanted: Wanted, pool: Pool) -> Offer | None:
    """How the pool has GPUs for this author; None when it does not sell what is accepted.

    What a pool sells does not hang on what is known of its prices.
    """
    accepted = wanted.capacity_type
    if pool.sells_spot and accepted is not CapacityType.ON_DEMAND:
        return Offer(accepted if pool.sells_on_demand else CapacityType.SPOT, pool.spot_usd_per_gpu)
    if pool.sells_on_demand and accepted is not CapacityType.SPOT:
        return Offer(CapacityType.ON_DEMAND, pool.hourly_usd_per_gpu)
    return None


def candidates(wanted: Wanted, pools: Sequence[Pool], most: int | None = None) -> Iterator[Candidate]:
    """One candidate for every pool, every split over the GPUs of its nodes and every precision.

    Args:
        wanted: the constraints.
        pools: where to look; one that sells nothing to this author is left out.
        most: the GPUs of a node, where another number than the pool's shall be assumed.
    """
    needs: dict[tuple[int, Parallelism], list[tuple[Option, int]]] = {}
    for pool in pools:
        sold = offer(wanted, pool)
        if sold is None:
            continue
        room = memory.usable(pool.gpu.memory)
        steps = pool.gpu.max_batched_tokens
        for split in parallelisms(wanted.model, most or pool.gpus_per_node):
            if wanted.count not in {None, split.gpus}:
                continue
            needed = needs.get((steps, split))
            if needed is None:
                needed = needs[steps, split] = [*_needs(wanted, split, steps)]
            hourly_usd = None if sold.hourly_usd is None else split.gpus * sold.hourly_usd
            for option, need in needed:
                gib, shortfall, obstacle = verdict(wanted, pool, split, option, need - room)
                yield Candidate(
                    wanted, pool, split, option, gib, shortfall, obstacle, sold.capacity_type, hourly_usd
                )


def kv_layout(wanted: Wanted, max_batched_tokens: int, split: Parallelism) -> KvLayout:
    """How keys and values lie on GPUs that compute so many tokens in one step."""
    return KvLayout(
        in_flight=kv.in_flight(max_batched_tokens, split.pipeline),
        hybrid=wanted.hybrid,
        dtype_bytes=wanted.kv_dtype_bytes,
    )


def _needs(wanted: Wanted, split: Parallelism, steps: int) -> Iterator[tuple[Option, int]]:
    """Every precision that can be split so, and its bytes per GPU with the least context that will do."""
    for option in wanted.options:
        if split.tensor <= option.widest:
            yield option, _memory(wanted, option, split, steps, wanted.least_context).shortfall


def _memory(wanted: Wanted, option: Option, split: Parallelism, steps: int, context: int) -> GpuMemory:
    """What requests of that context take of a GPU, before anybody says how large it is."""
    model = wanted.model
    positions = memory.rope_positions(model, context)
    layout = kv_layout(wanted, steps, split)
    requests = wanted.concurrency * kv.kv_per_request(model, split, context, layout)
    return GpuMemory(
        usable=0,
        weights=option.weights.per_rank(split),
        replicated=option.weights.replicated,
        rope_table=memory.rope_table(model, positions),
        offloaded=0,
        overhead=memory.overhead(split.gpus, lean=wanted.text_only and positions is not None),
        kv_needed=requests + kv.empty_block(model, split, layout),
    )


def _filled(candidate: Candidate, context: int) -> GpuMemory:
    """The memory of a GPU of the candidate with requests of that context."""
    wanted, pool, split, option = candidate[:4]
    needed = _memory(wanted, option, split, pool.gpu.max_batched_tokens, context)
    return dataclasses.replace(
        needed, usable=memory.usable(pool.gpu.memory), offloaded=candidate.offload_gib * GIB
    )


def _context(candidate: Candidate) -> int:
    """The author's context, else the largest power of two that leaves room for the wanted requests."""
    wanted = candidate.wanted
    if wanted.context_length is not None:
        return wanted.context_length
    context = wanted.longest_power_of_two
    while context > wanted.least_context and _filled(candidate, context).shortfall > 0:
        context //= 2
    return context


def _shape(candidate: Candidate) -> Shape:
    wanted, pool, split, option = candidate[:4]
    context = _context(candidate)
    filled = _filled(candidate, context)
    layout = kv_layout(wanted, pool.gpu.max_batched_tokens, split)
    room = max(0, filled.kv_cache - kv.empty_block(wanted.model, split, layout))
    request = kv.kv_per_request(wanted.model, split, context, layout)
    return Shape(
        pool=pool,
        variant=wanted.model.variant,
        quantization=option.precision.name,
        checkpoint=option.checkpoint,
        tensor_parallel=split.tensor,
        pipeline_parallel=split.pipeline,
        capacity_type=candidate.capacity_type,
        offload_gib=candidate.offload_gib,
        host_memory=host_memory(wanted, split, option, candidate.offload_gib),
        context_length=context,
        max_concurrency=room / request,
        kv_tokens=room * context // request,
        kv_dtype_bytes=wanted.kv_dtype_bytes,
        memory=filled,
        weight_bytes=option.checkpoint_bytes,
        max_batched_tokens=pool.gpu.max_batched_tokens,
        hybrid_kv=wanted.hybrid,
        rope_positions=memory.rope_positions(wanted.model, context),
        text_only=wanted.text_only,
        hourly_usd=candidate.hourly_usd,
    )
