"""The choice of a shape: the one that runs, else the cheapest of all that fit, else a refusal.

A fleet that runs keeps its shape while that fits: to move it for a cent would restart its pods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from llamafleet.api.gpu import CapacityType
from llamafleet.catalogue import PRECISIONS
from llamafleet.errors import DoesNotFit
from llamafleet.planning.sizing.candidates import Candidate, candidates, offer
from llamafleet.planning.sizing.pools import LISTED
from llamafleet.planning.sizing.refusal import refusal
from llamafleet.planning.sizing.shape import Pool, RunningShape, Shape
from llamafleet.planning.sizing.wanted import CAPACITY_TYPE, COUNT, VARIANT, Wanted

NOTHING: Final = Decimal(0)

_RANK: Final = {name: rank for rank, name in enumerate(PRECISIONS)}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search found.

    Attributes:
        shape: the shape that is taken: the running one where it fits, else the cheapest.
        cheapest: the cheapest shape that fits; where none has a known price, the one on the fewest GPUs.
        without_offload: the cheapest that fits with all weights on the GPUs; None when there is none.
        fitting: how many shapes fit.
    """

    shape: Shape
    cheapest: Shape
    without_offload: Shape | None
    fitting: int


def choose(wanted: Wanted, pools: Sequence[Pool], running: RunningShape | None = None) -> Choice:
    """Search every pool, split and precision, for a fleet that runs in some shape or in none.

    Raises:
        DoesNotFit: no shape holds the model and the wanted requests.
    """
    considered = tuple(candidates(wanted, pools))
    if not considered:
        raise _nothing_offered(wanted, pools)
    fitting = [candidate for candidate in considered if candidate.fits]
    if not fitting:
        raise DoesNotFit(VARIANT, wanted.model.variant, refusal(wanted, considered))
    cheapest = best(fitting)
    kept = next((found for found in fitting if running and _runs(found, running)), None)
    return Choice(
        shape=kept.shape if kept else cheapest,
        cheapest=cheapest,
        without_offload=_best_without_offload(fitting, cheapest),
        fitting=len(fitting),
    )


def _nothing_offered(wanted: Wanted, pools: Sequence[Pool]) -> DoesNotFit:
    """Why no pool has so much as a candidate."""
    spot = wanted.capacity_type is CapacityType.SPOT
    sellers = [pool for pool in pools if offer(wanted, pool)]
    if not sellers:
        names = ", ".join(pool.name for pool in pools[:LISTED])
        sells = "spot capacity, by its spec.price.spot" if spot else "on-demand capacity"
        rule = f"must find a pool that sells {sells}; none of these does: {names}"
        return DoesNotFit(CAPACITY_TYPE, wanted.capacity_type.value, rule)
    sold = "" if len(sellers) == len(pools) else f" that sells {'spot' if spot else 'on-demand'} capacity"
    most = max(pool.gpus_per_node for pool in sellers)
    return DoesNotFit(COUNT, wanted.count, f"must be at most {most}, the GPUs of the largest node{sold}")


def best(fitting: Sequence[Candidate]) -> Shape:
    """The first of those that fit, in the order of the choice."""
    ranked = [(preference(candidate), candidate) for candidate in fitting]
    least = min(rank for rank, _ in ranked)
    return min((candidate.shape for rank, candidate in ranked if rank == least), key=room)


def preference(candidate: Candidate) -> tuple[bool, Decimal, int, int, int]:
    """What decides first between two that fit: price, then precision, then the least in host memory.

    A known price comes before any that is not known. Where GPUs cost nothing, or nobody knows what they
    cost, fewer of them are cheaper.
    """
    rank = _RANK[candidate.option.precision.name]
    hourly_usd = candidate.hourly_usd
    unpaid = 0 if hourly_usd else candidate.split.gpus
    return hourly_usd is None, hourly_usd or NOTHING, unpaid, rank, candidate.offload_gib


def room(shape: Shape) -> tuple[int, int, str]:
    """What decides then: the KV cache that holds more tokens. The rest only makes the choice repeatable.

    Tokens and not bytes: where heads are copied, the same bytes hold fewer tokens.
    """
    return -shape.kv_tokens, shape.pipeline_parallel, shape.pool.name


def _best_without_offload(fitting: Sequence[Candidate], cheapest: Shape) -> Shape | None:
    if not cheapest.offload_gib:
        return cheapest
    whole = [candidate for candidate in fitting if not candidate.offload_gib]
    return best(whole) if whole else None


def _runs(candidate: Candidate, running: RunningShape) -> bool:
    """Whether a fleet that runs in that shape could go on with this one."""
    return running == RunningShape(
        pool=candidate.pool.name,
        quantization=candidate.option.precision.name,
        tensor_parallel=candidate.split.tensor,
        pipeline_parallel=candidate.split.pipeline,
        checkpoint=candidate.option.checkpoint,
    )
