"""A plan that knows the trace: what the table of autoscalers is measured against.

It asks for every replica one cold start before it is needed and keeps one that is needed again within a cold
start. Every bin with a request in it has a replica: no quiet hour is starved because few would notice. The
plan is the cheapest of a family, by the length of its bins and by how full its replicas are, whose p95 is in
time.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from llamafleet.simulation import Profile, Result, Settings, Trace, work_seconds
from llamafleet.simulation.fleet import Fleet

PERCENT: Final = 95

BINS_SECONDS: Final = (120, 300, 600, 60)
"""Lengths of the bins in which work is counted; first those that are the best most often."""

FACTORS: Final = tuple(0.75 + 0.025 * step for step in range(17))
"""Replicas per replica-second of work and second, 0.75 to 1.15: work is counted at the best batch, and a
request may wait."""

TAIL_SECONDS: Final = 600
"""For how long one replica stays after the last bin, for requests that are not done."""

KEPT_SECONDS: Final = 5.0
"""How often it is looked whether a replica that stays for a queue can go."""

GRACE_SECONDS: Final = 60
"""No wait shall be longer than the cold start and this, nor need it be shorter than a request may wait: what
is asked of the operator is asked of the plan."""

OVERTIME_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan is made from and for.

    Attributes:
        trace: the requests.
        profile: how fast a replica is.
        settings: the cold start, and the most replicas.
        patience_s: how long a request may wait, seconds.
    """

    trace: Trace
    profile: Profile
    settings: Settings
    patience_s: float

    @property
    def longest_s(self) -> float:
        """How long the longest wait may be, seconds."""
        return max(self.patience_s, self.settings.cold_start_seconds + GRACE_SECONDS)


def clairvoyant(known: Known) -> Result:
    """The cheapest plan of the family whose p95 is in time.

    Raises:
        ValueError: none is.
    """
    work = work_seconds(known.trace, known.profile)
    best: Result | None = None
    for length in BINS_SECONDS:
        best = _fullest(known, work, length, best)
    if best is None:
        message = "no plan of the family is in time"
        raise ValueError(message)
    return best


def _fullest(known: Known, work: Sequence[float], length: int, best: Result | None) -> Result | None:
    """The plan with the fullest replicas whose p95 is in time, by halving: fuller ones never wait less.

    A plan that is dearer than the best one so far by its own account is not simulated.
    """
    bins = [0.0] * (int(known.trace.span_s // length) + 1)
    for arrival, one in zip(known.trace.arrivals, work, strict=True):
        bins[int(arrival // length)] += one / length
    low, high = 0, len(FACTORS) - 1
    while low <= high:
        middle = (low + high) // 2
        needed = [math.ceil(FACTORS[middle] * one - 1e-9) for one in bins]
        plan = changes(needed, length, known.settings)
        if best is not None and _cost(plan, known.trace.span_s) >= best.replica_seconds:
            high = middle - 1
            continue
        result = follow(known, plan)
        if result.wait_percentile(PERCENT) > known.patience_s or result.waits[-1] > known.longest_s:
            low = middle + 1
            continue
        high = middle - 1
        if best is None or result.replica_seconds < best.replica_seconds:
            best = result
    return best


def _cost(plan: Sequence[tuple[float, int]], end: float) -> float:
    """Replica-seconds of a plan until the last request comes; drains are not known yet."""
    times = [min(at, end) for at, _ in plan] + [end]
    return sum(count * (after - at) for (_, count), at, after in zip(plan, times, times[1:], strict=False))


def changes(needed: Sequence[int], length: float, settings: Settings) -> list[tuple[float, int]]:
    """When how many replicas are wanted, from what is needed in each bin; the first entry is of the start."""
    ends = [*needed, max(1, needed[-1])]
    edges = [*(index * length for index in range(len(ends) + 1)), (len(ends)) * length + TAIL_SECONDS]
    ends.append(1)
    steps: Counter[float] = Counter()
    for level in range(1, min(max(ends), settings.high) + 1):
        for start, end in _spans([count >= level for count in ends], edges, settings.cold_start_seconds):
            steps[max(0.0, start - settings.cold_start_seconds)] += 1
            steps[end] -= 1
    wanted, found = 0, []
    for at in sorted(steps):
        wanted += steps[at]
        found.append((at, wanted))
    return found if found[0][0] == 0 else [(0.0, 0), *found]


def _spans(on: Sequence[bool], edges: Sequence[float], gap: float) -> Iterator[tuple[float, float]]:
    """The times in which a replica is needed; two that are no further apart than a gap are joined."""
    start = end = None
    for index, needed in enumerate(on):
        if not needed:
            continue
        if start is None or end is None:
            start = edges[index]
        elif edges[index] - end > gap:
            yield start, end
            start = edges[index]
        end = edges[index + 1]
    if start is not None and end is not None:
        yield start, end


def follow(known: Known, plan: Sequence[tuple[float, int]]) -> Result:
    """Serve the trace with a fleet that follows a plan to the moment.

    Only the last replica stays longer, while requests wait: they would else wait for the next bin with work.
    """
    settings = Settings(
        cold_start_seconds=known.settings.cold_start_seconds, initial=plan[0][1], high=known.settings.high
    )
    fleet, coming = Fleet(known.trace, known.profile, settings), [*reversed(plan[1:])]
    planned = plan[0][1]
    serving, limit = fleet.serving, known.trace.span_s + OVERTIME_SECONDS
    kept = math.inf  # when to look again whether the last replica can go
    while True:
        ready = fleet.next_ready_s
        now = min(ready, coming[-1][0] if coming else math.inf, kept, limit)
        serving.serve(now)
        if serving.done or now == limit:
            break
        if now == ready:
            fleet.make_ready(now)
            continue
        if coming and now == coming[-1][0]:
            planned = coming.pop()[1]
        is_kept = planned == 0 and serving.waiting > 0
        kept = now + KEPT_SECONDS if is_kept else math.inf
        fleet.scale(1 if is_kept else planned, now)
        serving.admit(now)
    return fleet.result(max(serving.last_s, known.trace.span_s) if serving.done else limit)
