"""How long a replica takes from its node to its first answer: learned from our own pods, else estimated.

The budget that a start gets is another figure than what it is expected to take; both are here, because one
stands in for the other until a pod has been watched.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from llamafleet.api.schedule import MOST_TIME
from llamafleet.api.source import HubSource, parse_source
from llamafleet.planning.sizing.shape import Shape

MIB: Final = 2**20

DOWNLOAD_MIB_PER_SECOND: Final = 50
"""A slow link to the hub, 400 Mbit/s. The start-up budget is a ceiling, not a delay: a faster link is
Ready sooner, and a slower one is the first thing that the author should hear about."""

READ_MIB_PER_SECOND: Final = 200
"""A network volume or an image layer, read once."""

ENGINE_SECONDS: Final = 600
"""Imports, compilation, KV cache allocation and CUDA graphs, beside reading the weights: the time that
vLLM gives its own engine (the default of VLLM_ENGINE_READY_TIMEOUT_S)."""

SAMPLES: Final = 20
"""How many cold starts are remembered: the smallest number whose 95th percentile is not its largest."""


def startup_seconds(shape: Shape) -> int:
    """The most that a pod may take from its first process to its first answer, in seconds."""
    downloaded = isinstance(parse_source(shape.checkpoint), HubSource)
    rate = DOWNLOAD_MIB_PER_SECOND if downloaded else READ_MIB_PER_SECOND
    return ENGINE_SECONDS + math.ceil(shape.weight_bytes / (rate * MIB))


def expected(shape: Shape) -> timedelta:
    """What a start is taken for before one was watched: its whole budget, to be in time at once."""
    return timedelta(seconds=startup_seconds(shape))


UNDERWAY: Final = timedelta(minutes=1)
"""From the decision to open until the pod has its node: a look of the operator, two controllers and the
scheduler, seconds in all on a cluster that is not overloaded. A node that has to be bought takes longer; then
``spec.schedule.preWarm`` is the author's to set."""


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """The last cold starts of a fleet.

    Attributes:
        samples: seconds from the node to Ready, oldest first; at most ``SAMPLES``.
        of: what was started, by ``kind``; empty where that is not known.
    """

    samples: tuple[int, ...] = ()
    of: str = ""

    def by(self, shape: Shape) -> "ColdStarts":
        """What they teach about this shape: nothing, when they were of other weights or another GPU."""
        wanted = kind(shape.checkpoint, shape.pool.gpu.key)
        return ColdStarts(self.samples if self.of in {"", wanted} else (), wanted)

    def percentile(self, percent: int) -> timedelta | None:
        """The nearest-rank percentile: so many of 100 starts took no longer. None without any sample."""
        if not self.samples:
            return None
        rank = math.ceil(percent * len(self.samples) / 100)
        return timedelta(seconds=sorted(self.samples)[max(rank, 1) - 1])

    def with_more(self, seconds: Sequence[int]) -> "ColdStarts":
        """The same with further starts, the oldest forgotten."""
        return ColdStarts((*self.samples, *seconds)[-SAMPLES:], self.of)


NO_STARTS: Final = ColdStarts()


def kind(checkpoint: str, gpu: str) -> str:
    """What a start takes its time for: these weights, on this GPU."""
    return f"{checkpoint} on {gpu}"


def cold_start(starts: ColdStarts, shape: Shape) -> timedelta:
    """How long a replica takes: 95 of 100 took no longer; before any did, its whole budget."""
    return starts.percentile(95) or expected(shape)


def lead(pre_warm: timedelta | Literal["Auto"], takes: timedelta) -> timedelta:
    """How long before a window its replicas start: the author's figure, or what a cold start takes.

    What was learned may be wrong, and its time is paid for: it counts no longer than the author's may be.
    """
    return pre_warm if isinstance(pre_warm, timedelta) else min(takes + UNDERWAY, MOST_TIME)
