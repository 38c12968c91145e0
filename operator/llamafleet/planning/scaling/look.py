"""One look: what was seen, what is known with it, and what follows for the load, the wait and the backlog."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from llamafleet.api.memory import Memory
from llamafleet.planning.scaling.arrivals import per_second
from llamafleet.planning.scaling.bursts import CAREFUL, DRAIN_SECONDS, DRAIN_SHARE, HOLD_SHARE, Burst
from llamafleet.planning.scaling.headroom import LATE_SECONDS
from llamafleet.planning.scaling.learning import LONGEST_STEP, Service, service
from llamafleet.planning.scaling.signals import Signals, Terms

FULLNESS: Final = 0.9
"""Running requests count nine tenths: the last ones of a wave keep slots, but little work."""

BACKLOG_SECONDS: Final = 60.0
"""A backlog of a fleet that runs is to be gone within a minute of work."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: what was seen, and what is known with it.

    Attributes:
        signals: what was read.
        terms: the rest.
        memory: what was remembered, brought up to this look.
        burst: whether the fleet serves a burst that found it at zero.
        gap: how long ago the last look was.
        arrived: requests since then.
    """

    signals: Signals
    terms: Terms
    memory: Memory
    burst: Burst
    gap: float
    arrived: int

    @property
    def seconds(self) -> float:
        """How long what was seen stands for."""
        return min(self.gap, LONGEST_STEP)

    @property
    def served(self) -> Service:
        """What a request takes; of a burst that was not served yet, the worst that is remembered."""
        known = service(self.memory.learned, self.terms)
        if known.seconds is None or self.burst.careful(self.terms.cold_start_seconds):
            return replace(known, seconds=max(known.seconds or 0.0, CAREFUL * known.longest) or None)
        return known

    @property
    def load(self) -> float:
        """How many full replicas the requests need that come, or are worked on; none while nobody asks."""
        served = self.served
        at_once: float = self.signals.running + self.signals.waiting
        if not at_once and not self.arrived:
            return 0.0
        if served.seconds is not None:
            at_once = per_second(self.memory.spans) * served.seconds
        return max(at_once, FULLNESS * self.signals.running) / served.slots

    @property
    def wait(self) -> float:
        """How long a request waits that comes now to a replica with a queue, in seconds."""
        known = service(self.memory.learned, self.terms)
        if not self.signals.waiting:
            return 0.0
        if known.seconds is None or not self.signals.ready:
            return math.inf
        queued = self.signals.crowded or self.signals.ready
        return self.signals.waiting * known.seconds / (queued * known.slots)

    @property
    def late(self) -> float:
        """How many of the requests that came met a queue which takes too long."""
        signals = self.signals
        met = signals.crowded / signals.ready if signals.crowded and signals.ready else 1.0
        return self.arrived * met if self.wait > LATE_SECONDS else 0.0

    @property
    def backlog(self) -> float:
        """How many replicas the waiting requests add that are more than tolerated."""
        served, burst, cold = self.served, self.burst, self.terms.cold_start_seconds
        more = max(0, self.signals.waiting - self.terms.queue_depth * self.signals.ready)
        time = max(DRAIN_SECONDS, DRAIN_SHARE * cold) if burst.on else BACKLOG_SECONDS
        return more * (served.seconds or 0.0) / served.slots / time

    @property
    def hold(self) -> timedelta:
        """How long a count is held."""
        terms = self.terms
        if terms.scale_down_delay_seconds is not None:
            return timedelta(seconds=terms.scale_down_delay_seconds)
        return timedelta(seconds=terms.cold_start_seconds * (HOLD_SHARE if self.burst.on else 1))
