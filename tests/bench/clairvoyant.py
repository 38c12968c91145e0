"""A schedule that knows the trace: the yardstick that no autoscaler can reach.

It asks for every replica one cold start before it is needed, keeps what will be needed again within a cold
start, and is the cheapest of its kind that holds the waits, in the same simulator.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from llamafleet.simulation import Policy, Profile, Result, Settings, Trace, View, simulate, work_seconds

PERCENT = 95
STEP_SECONDS = 5.0
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """Replicas over time: how many are needed in each step from the start of the trace."""

    needed: Sequence[int]


class Known(Policy):
    """Follows a plan."""

    def __init__(self, wanted: Sequence[int]) -> None:
        self._wanted = wanted
        self.interval_seconds = STEP_SECONDS  # type: ignore[misc]

    def look(self, view: View) -> int:
        step = int(view.now_s // STEP_SECONDS)
        if step < len(self._wanted):
            return self._wanted[step]
        return 1 if view.active else 0


def rates(trace: Trace, profile: Profile) -> list[float]:
    """Replica-seconds of work that arrive in each step, per second."""
    steps = [0.0] * (int(trace.span_s // STEP_SECONDS) + 1)
    for arrival, work in zip(trace.arrivals, work_seconds(trace, profile), strict=True):
        steps[int(arrival // STEP_SECONDS)] += work / STEP_SECONDS
    return steps


def needed(rate: Sequence[float], window: int, headroom: float) -> list[int]:
    total, sums = 0.0, []
    for i, one in enumerate(rate):
        total += one
        if i >= window:
            total -= rate[i - window]
        sums.append(math.ceil(headroom * total / window - 1e-6) if total > 1e-9 else 0)
    return sums


def ahead(need: Sequence[int], steps: int) -> list[int]:
    """The most that is needed from each step on until so many later."""
    found = [0] * len(need)
    best: deque[int] = deque()
    for i in range(len(need) - 1, -1, -1):
        while best and need[best[-1]] <= need[i]:
            best.pop()
        best.append(i)
        while best[0] > i + steps:
            best.popleft()
        found[i] = need[best[0]]
    return found


def run(trace, profile, settings, rate, window, headroom):
    need = needed(rate, window, headroom)
    wanted = ahead(need, math.ceil(settings.cold_start_seconds / STEP_SECONDS) + 1)
    s = replace(settings, initial=wanted[0], floor_seconds=0.0, high=10 * settings.high, points=1)
    return simulate(trace, profile, Known(wanted), s)


def clairvoyant(trace: Trace, profile: Profile, settings: Settings, patience: float) -> Result:
    rate = rates(trace, profile)
    best = None
    for window in (int(x / STEP_SECONDS) for x in (60, 120, 240, 480)):
        low, high = 0.5, 3.0
        for _ in range(ROUNDS):
            middle = (low + high) / 2
            r = run(trace, profile, settings, rate, window, middle)
            if r.wait_percentile(PERCENT) <= patience:
                high = middle
                if best is None or r.gpu_hours < best.gpu_hours:
                    best = r
            else:
                low = middle
        import sys
        print(window * STEP_SECONDS, high, best.gpu_hours if best else None, file=sys.stderr)
    return best
