"""The HorizontalPodAutoscaler of Kubernetes, version 2, on one external metric with an average value.

Read in kubernetes/kubernetes: ``pkg/controller/podautoscaler`` (horizontal.go, replica_calculator.go,
config/v1alpha1/defaults.go) and ``pkg/apis/autoscaling/v2/defaults.go``. Everything is at its default.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

from llamafleet.simulation.policy import Policy
from llamafleet.simulation.view import View

TOLERANCE: Final = 0.1
STABILIZATION_SECONDS: Final = 300.0
"""Of scaling down; scaling up has none."""

PODS_PER_PERIOD: Final = 4
GROWTH_PER_PERIOD: Final = 2
"""100 % more; the larger of the two limits counts."""

PERIOD_SECONDS: Final = 15.0
SYNC_SECONDS: Final = 15.0

Metric = Callable[[View], float]


def waiting(view: View) -> float:
    """``vllm:num_requests_waiting``, summed, with the requests that a gateway holds."""
    return view.waiting


def active(view: View) -> float:
    """Waiting and running."""
    return view.active


class Hpa(Policy):
    """Replicas by a metric over its target."""

    interval_seconds: ClassVar[float] = SYNC_SECONDS

    def __init__(self, metric: Metric, target: float, low: int, high: int) -> None:
        """A rule that has just been applied.

        Args:
            metric: the sum over the fleet.
            target: of the metric per replica.
            low: minReplicas, at least 1.
            high: maxReplicas.
        """
        self._metric = metric
        self._target = target
        self._low = low
        self._high = high
        self._asked: deque[tuple[float, int]] = deque()
        self._added: deque[tuple[float, int]] = deque()

    def look(self, view: View) -> int:
        """Replicas that load count like others."""
        current = max(view.wanted, self._low)
        stable = self._stabilized(self._desired(view, current), current, view.now_s)
        count = min(max(stable, self._low), self._high, self._limit(current, view.now_s))
        if count > current:
            self._added.append((view.now_s, count - current))
        return count

    def _desired(self, view: View, current: int) -> int:
        total = self._metric(view)
        if abs(1 - total / (self._target * current)) <= TOLERANCE:
            return current
        return math.ceil(total / self._target)

    def _stabilized(self, desired: int, current: int, now: float) -> int:
        """What is asked now, but no less than the most that was asked within the window."""
        if not self._asked:
            self._asked.append((now, current))
        while self._asked and self._asked[0][0] <= now - STABILIZATION_SECONDS:
            self._asked.popleft()
        most = max((count for _, count in self._asked), default=desired)
        self._asked.append((now, desired))
        return desired if desired >= current else min(current, max(most, desired))

    def _limit(self, current: int, now: float) -> int:
        while self._added and self._added[0][0] <= now - PERIOD_SECONDS:
            self._added.popleft()
        start = current - sum(count for _, count in self._added)
        return max(start + PODS_PER_PERIOD, start * GROWTH_PER_PERIOD)
