"""``spec.scaling``: how many replicas the operator's own autoscaler may run."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from llamafleet.api.base import Record, Rule
from llamafleet.api.scalars import Duration

MAX_REPLICAS: Final = 1000
"""The bound of every replica count: eight GPUs each would already be 8000 GPUs."""

Replicas = Annotated[int, Field(ge=0, le=MAX_REPLICAS)]


class Scaling(Record):
    """How many replicas the operator's own autoscaler may run, and how eagerly."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            "spec.scaling.minReplicas must be at most spec.scaling.maxReplicas",
            lambda scaling: scaling.min_replicas <= scaling.max_replicas,
            at="minReplicas",
        ),
    )

    min_replicas: Replicas = 1
    """The fewest replicas. Default 1; 0 lets the fleet sleep while nobody asks, where a waker is installed
    that brings it back."""

    max_replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] = 10
    """The most replicas. Default 10."""

    queue_depth: Annotated[int, Field(ge=1, le=10_000)] = 8
    """How many requests may wait per ready replica before replicas are started to work them off. Default 8.
    Load that arrives is counted besides, whether anything waits or not."""

    scale_down_delay: Duration | None = None
    """How long a lower count must be enough before a replica is taken away. Absent: as long as a replica of
    this fleet takes to start, and less after a burst which found it at zero."""

    idle_timeout: Duration | None = None
    """How long without any request before the fleet goes to zero, if minReplicas is 0. Absent: as for
    scaleDownDelay."""
