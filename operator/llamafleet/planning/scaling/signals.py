"""What one look at the queue of a fleet shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from llamafleet.planning.performance.measured import visited

QUEUE_LOOK: Final = timedelta(seconds=15)
"""How often the queue of a fleet that has replicas is looked at: the interval of Kubernetes' own autoscaler
(``--horizontal-pod-autoscaler-sync-period``)."""


QUEUED: Final = 4
"""So many requests wait at a replica that is full. Fewer may only wait for the engine's next step."""


@dataclass(frozen=True, slots=True)
class Signals:
    """The queue of a fleet at one look, summed over its replicas.

    No reading is never zero: where nothing could be read there are no signals at all, and where only some
    replicas answered, ``partial`` says so and the sums are what there is at least.

    Attributes:
        ready: replicas that answer requests.
        coming: replicas that are wanted and not ready yet: without a node, loading, or not even made.
        waiting: requests that no replica has begun, those that the waker holds among them.
        running: requests that are being worked on.
        seconds: how long ago the look before this one was; None when there was none to compare with.
        finished: requests that ended since then; None when it is not known.
        prompt_tokens: tokens of prompts that were worked through since then; None when it is not known.
        generation_tokens: tokens that were generated since then; None when it is not known.
        rejected: requests that full queues refused since then.
        kv_usage: the share of the KV cache in use, 0 to 1, the mean over the replicas; None when not known.
        partial: whether a ready replica gave no reading.
        crowded: ready replicas that have ``QUEUED`` requests waiting of their own, or more. A Service spreads
            requests by chance, so some may be crowded while others rest; what one works on while others wait
            for it is its capacity.
        crowded_running: requests that these work on.
    """

    ready: int
    coming: int
    waiting: int
    running: int
    seconds: float | None = None
    finished: int | None = None
    prompt_tokens: int | None = None
    generation_tokens: int | None = None
    rejected: int = 0
    kv_usage: float | None = None
    partial: bool = False
    crowded: int = 0
    crowded_running: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one replica works, as far as its plan can tell. Seconds.

    Attributes:
        step: a decode step, but for what follows.
        expert: each expert of a layer that the batch visits.
        experts: how many experts a layer has; 0 for a dense model.
        sequence: each request of the batch.
        kv_token: each token that these have in the KV cache.
        prompt_token: each token of a prompt.
    """

    step: float
    expert: float
    experts: int
    sequence: float
    kv_token: float
    prompt_token: float

    def token(self, batch: float, context: float) -> float:
        """A replica's time for one token of an answer.

        Args:
            batch: how many requests it works on.
            context: tokens that each of them has in the KV cache.
        """
        reading = self.step + self.expert * visited(self.experts, batch)
        return reading / batch + self.sequence + self.kv_token * context


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy must know beside the queue.

    Attributes:
        now: the instant, UTC.
        replicas: how many replicas were decided last; None before there were any.
        low: the fewest replicas that spec.scaling, or the window, asks for.
        queue_depth: waiting requests per replica that are tolerated.
        scale_down_delay_seconds: how long a lower count must be enough; None: the policy chooses.
        idle_timeout_seconds: how long without any request before zero; None: the policy chooses.
        cold_start_seconds: how long a replica takes from the decision to its first answer.
        slots: how many requests a replica works on at once, as far as its plan can tell: what the policy
            starts from before it has learned better.
        can_wake: whether something would bring the fleet back from zero when a request comes. Without it the
            policy never goes to zero.
        pace: how fast a replica works, likewise.
    """

    now: datetime
    replicas: int | None
    low: int
    queue_depth: int
    scale_down_delay_seconds: float | None
    idle_timeout_seconds: float | None
    cold_start_seconds: float
    slots: float
    can_wake: bool
    pace: Pace
