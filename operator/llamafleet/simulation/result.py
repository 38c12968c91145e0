"""What a run comes to."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    """The fleet at one instant of the series: at a look of the policy."""

    time_s: float
    wanted: int
    ready: int
    waiting: int
    running: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a run comes to.

    Attributes:
        waits: from the arrival to the admission by a replica, seconds, shortest first. A request that nobody
            admitted counts with the time that it waited until the end.
        requests: how many requests the trace has: ``len(waits) + refused``.
        finished: requests that were answered in full.
        refused: requests that the policy refused.
        unserved: requests that no replica had begun when the run ended.
        cut_to_fit: requests with more tokens than the KV cache holds; each ran alone on a replica.
        end_s: when the run ended, seconds since the start of the trace.
        replica_seconds: what was paid for: each replica from the request for it until it was gone.
        gpus: GPUs of a replica.
        started: replicas that were begun after the start, those that never became ready among them.
        scale_ups: how often the wanted count rose.
        scale_downs: how often it fell.
        most: the largest wanted count.
        series: the fleet over time.
    """

    waits: Sequence[float]
    requests: int
    finished: int
    refused: int
    unserved: int
    cut_to_fit: int
    end_s: float
    replica_seconds: float
    gpus: int
    started: int
    scale_ups: int
    scale_downs: int
    most: int
    series: tuple[Point, ...]

    @property
    def gpu_hours(self) -> float:
        """What was paid for."""
        return self.replica_seconds * self.gpus / 3600

    @property
    def scale_events(self) -> int:
        """How often the wanted count changed."""
        return self.scale_ups + self.scale_downs

    def wait_percentile(self, percent: float) -> float:
        """The nearest-rank percentile: so many of 100 requests waited no longer. 0 without any request."""
        if not self.waits:
            return 0.0
        return self.waits[max(math.ceil(percent * len(self.waits) / 100), 1) - 1]

    def share_within(self, seconds: float) -> float:
        """The share of requests, 0 to 1, that waited no longer; refused ones did. 1 without any request."""
        return bisect_right(self.waits, seconds) / self.requests if self.requests else 1.0

    def share_beyond(self, seconds: float) -> float:
        """The share of requests that were not refused, 0 to 1, that waited longer."""
        return 1 - bisect_right(self.waits, seconds) / len(self.waits) if self.waits else 0.0
