"""Bursts that find the fleet at zero: their wait for the first replica is nobody's fault."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from llamafleet.planning.scaling.headroom import LATE_SECONDS

YOUNG: Final = timedelta(hours=2)
"""So long a fleet that was at zero counts as one that serves bursts. The next burst of a caller who comes and
goes mostly falls into it; half as long costs 20 % more at cold starts of 600 s, twice as long saves 2 %."""

DRAIN_SECONDS: Final = 120.0
DRAIN_SHARE: Final = 0.5
"""A backlog that a cold start has built up is worked off in half a cold start, two minutes at least: who has
waited for it already waits the less the longer he came after it began."""

HOLD_SHARE: Final = 0.3
"""A burst's replicas are held for a third of a cold start: after a burst mostly nothing comes."""

CAREFUL_STARTS: Final = 2.0
CAREFUL: Final = 1.3
"""Until two cold starts after zero, requests are taken for 1.3 times as long as the longest that are
remembered: before a burst is served nobody knows what it is like, and too few replicas cannot be mended
within a cold start."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Where the fleet stands.

    Attributes:
        on: whether it serves a burst that found it at zero.
        age: how long ago it was at zero; None when it never was.
    """

    on: bool
    age: timedelta | None

    def careful(self, cold_start_seconds: float) -> bool:
        """Whether it is too early to know what the requests are like."""
        return (
            self.on
            and self.age is not None
            and self.age.total_seconds() < CAREFUL_STARTS * cold_start_seconds
        )

    def ends(self, ready: int, wait: float) -> bool:
        """Whether the fleet is one that runs, now."""
        old = self.age is None or self.age > YOUNG
        return bool(ready) and wait <= LATE_SECONDS and old


def burst_at(now: datetime, *, on: bool, zero_at: datetime | None) -> Burst:
    """Where the fleet stands now."""
    return Burst(on, None if zero_at is None else now - zero_at)
