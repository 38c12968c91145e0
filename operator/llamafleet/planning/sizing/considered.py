"""Every shape that was considered, and why it was taken or lost, for ``llamafleet plan`` to show."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llamafleet.api.gpu import CapacityType
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import Catalogue
from llamafleet.planning.sizing.candidates import Candidate, candidates, offer
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.choice import NOTHING, preference, room
from llamafleet.planning.sizing.pools import eligible
from llamafleet.planning.sizing.refusal import arithmetic
from llamafleet.planning.sizing.shape import Pool, Shape, UnusablePool
from llamafleet.planning.sizing.wanted import Wanted, wanted
from llamafleet.planning.sizing.words import usd


@dataclass(frozen=True, slots=True)
class Considered:
    """One shape that was considered.

    Attributes:
        shape: its arithmetic.
        feasible: whether it fits.
        chosen: whether it was taken.
        reason: why it was taken or lost, as a sentence without a full stop.
    """

    shape: Shape
    feasible: bool
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A pool of which no shape was considered.

    Attributes:
        pool: its name.
        reason: why, as a sentence without a full stop.
    """

    pool: str
    reason: str


def considered(
    spec: LlamaDeploymentSpec,
    pools: Sequence[Pool | UnusablePool],
    chosen: Shape | None,
    known: Catalogue | None = None,
    own: OwnWeights | None = None,
) -> tuple[Considered, ...]:
    """Every shape that the search looked at, the best first, those that do not fit by what they miss.

    Args:
        spec: what was planned.
        pools: the pools that it was planned with.
        chosen: the shape of the plan; None when nothing fits.
        known: the catalogue; None for the built-in one.
        own: what the author's own checkpoint says of itself, where it is at hand.

    Raises:
        InvalidSpec: as ``plan`` does.
    """
    asked = wanted(spec, known, own)
    found = tuple(candidates(asked, eligible(pools, spec.gpu.pools)))
    fitting = sorted((candidate for candidate in found if candidate.fits), key=_order)
    missing = sorted((candidate for candidate in found if not candidate.fits), key=_shortness)
    shapes = [candidate.shape for candidate in fitting]
    taken = shapes.index(chosen) if chosen in shapes else 0
    told = ((shape, _reason(shapes, place, taken)) for place, shape in enumerate(shapes))
    return (
        *(Considered(shape, feasible=True, chosen=shape == chosen, reason=why) for shape, why in told),
        *map(_missing, missing),
    )


def left_out(
    spec: LlamaDeploymentSpec,
    pools: Sequence[Pool | UnusablePool],
    known: Catalogue | None = None,
    own: OwnWeights | None = None,
) -> tuple[LeftOut, ...]:
    """Every pool that the search did not look at, with the reason."""
    asked = wanted(spec, known, own)
    told = ((pool.name, _why_left_out(asked, spec, pool)) for pool in pools)
    return tuple(LeftOut(name, reason) for name, reason in told if reason)


def _why_left_out(asked: Wanted, spec: LlamaDeploymentSpec, pool: Pool | UnusablePool) -> str:
    if isinstance(pool, UnusablePool):
        return pool.problem
    if spec.gpu.pools and pool.name not in spec.gpu.pools:
        return "it is not among spec.gpu.pools"
    if offer(asked, pool) is None:
        sold = "no spot capacity" if asked.capacity_type is CapacityType.SPOT else "spot capacity only"
        return f"it sells {sold}, and spec.gpu.capacityType is {asked.capacity_type}"
    if asked.count is not None and asked.count > pool.gpus_per_node:
        return f"its nodes have {pool.gpus_per_node} GPUs, and spec.gpu.count is {asked.count}"
    return ""


def _order(candidate: Candidate) -> tuple[object, ...]:
    return (*preference(candidate), *room(candidate.shape))


def _shortness(candidate: Candidate) -> tuple[object, ...]:
    usd_per_hour = candidate.hourly_usd
    return candidate.shortfall, usd_per_hour is None, usd_per_hour or NOTHING, candidate.pool.name


def _missing(candidate: Candidate) -> Considered:
    return Considered(candidate.shape, feasible=False, chosen=False, reason=arithmetic(candidate))


def _reason(shapes: Sequence[Shape], place: int, taken: int) -> str:
    """Why the shape at that place, the best first, was taken or lost to the one at the other."""
    if place == taken:
        return "it fits, and the fleet runs in it and keeps it" if taken else "it is the best that fits"
    if place > taken:
        return _why_worse(shapes[place], shapes[taken])
    better = _why_better(shapes[place].hourly_usd, shapes[taken].hourly_usd)
    return f"it fits and {better}, but the fleet runs in another shape and keeps it"


def _why_better(hourly_usd: Decimal | None, kept: Decimal | None) -> str:
    """What speaks for a shape of that price against the one that a fleet keeps."""
    if hourly_usd is None:  # then neither price is known
        return "is the better one"
    if kept is None:
        return "its price is known"
    less = kept - hourly_usd
    return f"costs {usd(less)} USD/h less" if less else "is the better one at the same price"


def _why_worse(shape: Shape, chosen: Shape) -> str:
    """The first of the criteria of the choice by which the chosen shape is better."""
    if shape.hourly_usd != chosen.hourly_usd:
        return _why_dearer(shape.hourly_usd, chosen.hourly_usd)
    if not shape.hourly_usd and shape.gpus != chosen.gpus:
        fits = "it fits" if shape.hourly_usd is None else "it fits and costs nothing either"
        return f"{fits}, but takes {shape.gpus} GPUs instead of {chosen.gpus}"
    alike = "on as many GPUs" if shape.hourly_usd is None else "at the same price"
    if shape.quantization != chosen.quantization:
        return f"it fits {alike}, in the lower precision {shape.quantization}"
    if shape.offload_gib != chosen.offload_gib:
        return f"it fits {alike}, with {shape.offload_gib} GiB per GPU in host memory"
    if shape.kv_tokens != chosen.kv_tokens:
        tokens = f"{shape.kv_tokens:,} tokens instead of {chosen.kv_tokens:,}"
        return f"it fits {alike}, with room for {tokens}"
    return "it fits just as well, and of equals the first by name is taken"


def _why_dearer(hourly_usd: Decimal | None, chosen: Decimal | None) -> str:
    if hourly_usd is None or chosen is None:  # of two prices, the known one is chosen
        return "it fits, but its price is not known"
    return f"it fits, and costs {usd(hourly_usd - chosen)} USD/h more"
