"""``spec.gpu``: which GPUs the operator may choose from."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from llamafleet.api.base import Obeys, Record, Rule
from llamafleet.api.lists import Once
from llamafleet.api.texts import Name

MOST_GPUS: Final = 64
"""The most GPUs that one replica can have: more than any node offers."""

_POWER_OF_TWO: Final = Rule(
    "self in [1, 2, 4, 8, 16, 32, 64]",
    "spec.gpu.count must be a power of two, such as 2, 4 or 8: tensor parallelism splits the attention heads "
    "of a Llama evenly over its GPUs",
    lambda count: count & (count - 1) == 0,
)


class HostOffload(StrEnum):
    """Whether weights may lie in host memory."""

    AUTO = "Auto"
    NEVER = "Never"


class CapacityType(StrEnum):
    """How nodes are paid for."""

    ON_DEMAND = "OnDemand"
    SPOT = "Spot"
    SPOT_PREFERRED = "SpotPreferred"


class Gpu(Record):
    """Which GPUs the operator may choose from."""

    pools: Annotated[tuple[Name, ...], Field(max_length=32), Once()] = ()
    """The names of the GpuPools to choose from, in no order of preference. Absent: every pool."""

    count: Annotated[int, Field(ge=1, le=MOST_GPUS), Obeys((_POWER_OF_TWO,))] | None = None
    """How many GPUs one replica gets, a power of two. Absent: as few as the cheapest shape that fits
    needs."""

    host_offload: HostOffload = HostOffload.AUTO
    """Whether a part of a mixture-of-experts model may lie in pinned host memory, which needs fewer GPUs and
    answers more slowly. Default Auto: when that is the cheapest shape that fits. Never: not at all."""

    capacity_type: CapacityType = CapacityType.ON_DEMAND
    """How the GPUs are paid for: OnDemand; Spot, only from pools that sell spot; or SpotPreferred, at the
    spot price where a pool sells spot, whose spot nodes are then preferred. Default OnDemand."""
