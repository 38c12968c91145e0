"""The choice of a shape: the one that runs, else the cheapest of all that fit, else a refusal.

A fleet that runs keeps its shape while that fits: to move it for a cent would restart its pods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from llamafleet.catalogue import PRECISIONS
from llamafleet.errors import DoesNotFit, InvalidSpec
from llamafleet.planning.candidates import candidates
from llamafleet.planning.refusal import refusal
from llamafleet.planning.shape import Pool, RunningShape, Shape
from llamafleet.planning.wanted import COUNT, VARIANT, Wanted

_RANK: Final = {name: rank for rank, name in enumerate(PRECISIONS)}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the search found.

    Attributes:
        shape: the shape that is taken: the running one where it fits, else the cheapest.
        cheapest: the cheapest shape that fits.
        without_offload: the cheapest that fits with all weights on the GPUs; None when there is none.
        fitting: how many shapes fit.
    """

    shape: Shape
    cheapest: Shape
    without_offload: Shape | None
    fitting: int


def choose(wanted: Wanted, pools: Sequence[Pool], running: RunningShape | None = None) -> Choice:
    """Search every pool, precision and number of GPUs, for a fleet that runs in some shape or in none.

    Raises:
        InvalidSpec: the author insists on more GPUs than any node has.
        DoesNotFit: no shape holds the model and the wanted requests.
    """
    considered = tuple(found for pool in pools for found in candidates(wanted, pool))
    if not considered:
        most = max(pool.gpus_per_node for pool in pools)
        raise InvalidSpec(COUNT, wanted.count, f"must be at most {most}, the GPUs of the largest node")
    fitting = sorted((found.shape for found in considered if found.fits), key=_preference)
    if not fitting:
        raise DoesNotFit(VARIANT, wanted.model.variant, refusal(wanted, considered))
    return Choice(
        shape=next((shape for shape in fitting if running and shape.is_that_of(running)), fitting[0]),
        cheapest=fitting[0],
        without_offload=next((shape for shape in fitting if not shape.offload_gib), None),
        fitting=len(fitting),
    )


def _preference(shape: Shape) -> tuple[Decimal, int, int, int, str]:
    """The order of preference: cheap, precise, without offload, roomy; the name only makes it repeatable."""
    room = shape.memory.kv_cache * shape.tensor_parallel
    return shape.hourly_usd, _RANK[shape.quantization], shape.offload_gib, -room, shape.pool.name
