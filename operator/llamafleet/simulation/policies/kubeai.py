"""KubeAI's autoscaler: the moving average of active requests.

Read in kubeai-project/kubeai: ``internal/modelautoscaler/autoscaler.go``, ``internal/modelclient/scale.go``.
"""

import math
from collections import deque
from typing import ClassVar, Final

from llamafleet.simulation.policy import Policy
from llamafleet.simulation.view import View

INTERVAL_SECONDS: Final = 10.0
SAMPLES: Final = 60
"""Ten minutes. An average that has just begun is full of zeros."""

LOWER_DECISIONS: Final = 3
"""So many lower decisions in a row are let pass, scaleDownDelaySeconds 30, before one is followed."""


class KubeAI(Policy):
    """Replicas by the average of active requests over its target. A request wakes a fleet of zero at once."""

    interval_seconds: ClassVar[float] = INTERVAL_SECONDS
    wake_seconds: ClassVar[float | None] = 0.0

    def __init__(self, target: float, low: int = 0) -> None:
        """A model that has just been applied.

        Args:
            target: targetRequests, active requests per replica.
            low: minReplicas.
        """
        self._target = target
        self._low = low
        self._samples = deque([0] * SAMPLES, SAMPLES)
        self._lower = 0

    def look(self, view: View) -> int:
        """The average, rounded up; one replica at once for the request that wakes the fleet."""
        if not view.wanted:  # a fleet of zero has no endpoint, and without one the average stands still
            return max(min(view.active, 1), self._low)
        self._samples.append(view.active)
        asked = max(math.ceil(sum(self._samples) / SAMPLES / self._target), self._low)
        if asked >= view.wanted:
            self._lower = 0
            return asked
        if self._lower < LOWER_DECISIONS:
            self._lower += 1
            return view.wanted
        return asked
