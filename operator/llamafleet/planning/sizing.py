"""The choice of a shape: the cheapest of all that fit, or a refusal with the arithmetic of the nearest."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from llamafleet.catalogue import PRECISIONS
from llamafleet.errors import DoesNotFit, InvalidSpec
from llamafleet.planning.candidates import Candidate, candidates
from llamafleet.planning.refusal import refusal
from llamafleet.planning.shape import Pool, Shape
from llamafleet.planning.wanted import COUNT, VARIANT, Wanted

_RANK: Final = {name: rank for rank, name in enumerate(PRECISIONS)}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search found.

    Attributes:
        shape: the cheapest shape that fits.
        without_offload: the cheapest that fits with all weights on the GPUs; None when there is none.
        fitting: how many shapes fit.
        considered: how many shapes were computed.
    """

    shape: Shape
    without_offload: Shape | None
    fitting: int
    considered: int


def choose(wanted: Wanted, pools: Sequence[Pool]) -> Choice:
    """Search every pool, precision and number of GPUs.

    Raises:
        InvalidSpec: the author insists on more GPUs than any node has.
        DoesNotFit: no shape holds the model and the wanted requests.
    """
    considered = tuple(found for pool in pools for found in candidates(wanted, pool))
    if not considered:
        most = max(pool.gpus_per_node for pool in pools)
        raise InvalidSpec(COUNT, wanted.count, f"must be at most {most}, the GPUs of the largest node")
    fitting = sorted((found.shape for found in considered if _fits(found)), key=_preference)
    if not fitting:
        raise DoesNotFit(VARIANT, wanted.model.variant, refusal(wanted, considered))
    return Choice(
        shape=fitting[0],
        without_offload=next((shape for shape in fitting if not shape.offload_gib), None),
        fitting=len(fitting),
        considered=len(considered),
    )


def _fits(candidate: Candidate) -> bool:
    return candidate.shape.memory.shortfall <= 0


def _preference(shape: Shape) -> tuple[Decimal, int, int, int, str]:
    """The order of preference: cheap, precise, without offload, roomy; the name only makes it repeatable."""
    room = shape.memory.kv_cache * shape.tensor_parallel
    return shape.hourly_usd, _RANK[shape.quantization], shape.offload_gib, -room, shape.pool.name
