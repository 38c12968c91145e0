"""``spec.gpu``: which GPUs the operator may choose from."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.texts import Name, distinct


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

    pools: Annotated[tuple[Name, ...], Field(max_length=32, json_schema_extra=distinct())] = ()
    """The names of the GpuPools to choose from, in no order of preference. Absent: every pool."""

    count: Literal[1, 2, 4, 8, 16, 32, 64] | None = None
    """How many GPUs one replica gets. Absent: as few as the cheapest shape that fits needs."""

    host_offload: HostOffload = HostOffload.AUTO
    """Whether a part of a mixture-of-experts model may lie in pinned host memory, which needs fewer GPUs and
    answers more slowly. Default Auto: when that is the cheapest shape that fits. Never: not at all."""

    capacity_type: CapacityType = CapacityType.ON_DEMAND
    """How the GPUs are paid for: OnDemand, Spot, or SpotPreferred (spot while there is some).
    Default OnDemand."""
