"""The operator's own policy: the same ``decide`` that a fleet in a cluster has."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from llamafleet.api.memory import Memory
from llamafleet.planning.coldstart import NO_STARTS
from llamafleet.planning.scaling.policy import decide
from llamafleet.planning.scaling.signals import Signals, Terms
from llamafleet.simulation.policy import Policy
from llamafleet.simulation.view import View

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When a trace starts. Any instant does: the policy only sees how much time passes."""

INTERVAL_SECONDS: Final = 15.0
WAKE_SECONDS: Final = 1.0
"""How often the operator asks the wakers what they hold."""

LEARNED_PERCENT: Final = 95
"""As ``planning.coldstart.cold_start``."""


class Ours(Policy):
    """``planning.scaling.policy.decide`` with the memory that it asks for."""

    interval_seconds: ClassVar[float] = INTERVAL_SECONDS
    wake_seconds: ClassVar[float | None] = WAKE_SECONDS

    def __init__(
        self, slots: float, cold_start_seconds: float, high: int, *, low: int = 0, queue_depth: int = 8
    ) -> None:
        """A fleet that has just been created.

        Args:
            slots: how many requests a replica works on at once, as its plan tells.
            cold_start_seconds: what a start is taken for until one was seen.
            high: maxReplicas.
            low: minReplicas.
            queue_depth: spec.scaling.queueDepth, here at its default.
        """
        self._slots = slots
        self._prior_s = cold_start_seconds
        self._low = low
        self._high = high
        self._queue_depth = queue_depth
        self._memory = Memory()
        self._starts = NO_STARTS
        self._looked_s: float | None = None

    def look(self, view: View) -> int:
        """What ``decide`` says."""
        self._starts = self._starts.with_more([round(seconds) for seconds in view.cold_starts])
        learned = self._starts.percentile(LEARNED_PERCENT)
        seconds = None if self._looked_s is None else view.now_s - self._looked_s
        self._looked_s = view.now_s
        verdict = decide(
            _signals(view, seconds),
            self._memory,
            Terms(
                now=START + timedelta(seconds=view.now_s),
                replicas=view.wanted,
                low=self._low,
                high=self._high,
                queue_depth=self._queue_depth,
                scale_down_delay_seconds=None,
                idle_timeout_seconds=None,
                cold_start_seconds=self._prior_s if learned is None else learned.total_seconds(),
                slots=self._slots,
                can_wake=True,
            ),
        )
        self._memory = verdict.memory
        return verdict.replicas


def _signals(view: View, seconds: float | None) -> Signals:
    """What the operator would have read. Counters need two readings, so the first look knows no increments."""
    known = seconds is not None
    return Signals(
        ready=view.ready,
        coming=view.coming,
        waiting=view.waiting,
        running=view.running,
        seconds=seconds,
        finished=view.finished if known else None,
        prompt_tokens=view.prompt_tokens if known else None,
        generation_tokens=view.generation_tokens if known else None,
        kv_usage=view.kv_usage,
    )
