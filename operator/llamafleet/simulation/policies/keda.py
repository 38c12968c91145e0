"""KEDA: an HPA, and what takes a fleet to zero and back.

Read in kedacore/keda: ``apis/keda/v1alpha1/withtriggers_types.go``, ``pkg/scaling/executor`` and
``pkg/scalers/prometheus_scaler.go``. Everything is at its default.
"""

from typing import ClassVar, Final

from llamafleet.simulation.policies.hpa import SYNC_SECONDS, Hpa, Metric
from llamafleet.simulation.policy import Policy
from llamafleet.simulation.view import View

POLLING_SECONDS: Final = 30.0
COOLDOWN_SECONDS: Final = 300.0


class Keda(Policy):
    """An HPA from one replica up. KEDA itself only moves between zero and one."""

    interval_seconds: ClassVar[float] = SYNC_SECONDS

    def __init__(self, metric: Metric, target: float, high: int, low: int = 0) -> None:
        """A ScaledObject that has just been applied.

        Args:
            metric: the sum over the fleet; above 0 it is active.
            target: of the metric per replica.
            high: maxReplicaCount.
            low: minReplicaCount; from 1 on the HPA alone decides.
        """
        self._metric = metric
        self._low = low
        self._hpa = Hpa(metric, target, max(1, low), high)
        self._polled_s = -POLLING_SECONDS
        self._active_s = 0.0

    def look(self, view: View) -> int:
        """The HPA's count, unless a poll switches the fleet on or off."""
        count = (
            self._hpa.look(view) if view.wanted or self._low else 0
        )  # at zero replicas an HPA is switched off
        if self._low or view.now_s - self._polled_s < POLLING_SECONDS:
            return count
        self._polled_s = view.now_s
        if self._metric(view) > 0:
            self._active_s = view.now_s
            return max(count, 1)
        return 0 if view.now_s - self._active_s >= COOLDOWN_SECONDS else count
