"""GPU work: how long a request keeps a replica busy at the best batch, and the fleets that follow from it."""

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence

from llamafleet.simulation.profile import Profile
from llamafleet.simulation.settings import Settings
from llamafleet.simulation.trace import Trace

FIRST_SECONDS = 600.0
"""The lab's first ten minutes, in which no policy has seen anything yet."""

FIRST_HEADROOM = 1.2
PEAK_SECONDS = 300.0
MOST_OVER_PEAK = 2


def work_seconds(trace: Trace, profile: Profile) -> Sequence[float]:
    """Replica-seconds of each request, in the order of the trace.

    The share of a step falls with the batch, so it is the least at ``max_num_seqs``; each request bears the
    steps for its own part of the KV cache, and its prefill. No schedule needs less.
    """
    share = profile.batch_s(profile.max_num_seqs) / profile.max_num_seqs
    token, cache = profile.prefill_token_s, profile.kv_token_s
    return array(
        "d",
        (
            token * prompt + output * (share + cache * (prompt + output / 2))
            for prompt, output in zip(trace.inputs, trace.outputs, strict=True)
        ),
    )


def mean_replicas(trace: Trace, profile: Profile) -> int:
    """The constant fleet that the work of the whole trace keeps busy."""
    return max(1, math.ceil(math.fsum(work_seconds(trace, profile)) / max(trace.span_s, 1.0)))


def peak_replicas(trace: Trace, profile: Profile, seconds: float = PEAK_SECONDS) -> int:
    """The constant fleet for the busiest of the windows that follow each other from the start."""
    windows: dict[int, float] = {}
    for arrival, work in zip(trace.arrivals, work_seconds(trace, profile), strict=True):
        window = int(arrival // seconds)
        windows[window] = windows.get(window, 0.0) + work
    return max(1, math.ceil(max(windows.values()) / seconds))


def lab(trace: Trace, profile: Profile, cold_start_seconds: float) -> Settings:
    """The settings of the lab, the same for every policy.

    At the start 1.2 times what the first ten minutes need, and no less for as long; at most twice the peak.
    """
    early = bisect_left(trace.arrivals, FIRST_SECONDS)
    first = math.fsum(work_seconds(trace, profile)[:early])
    return Settings(
        cold_start_seconds=cold_start_seconds,
        initial=math.ceil(FIRST_HEADROOM * first / FIRST_SECONDS),
        high=MOST_OVER_PEAK * peak_replicas(trace, profile),
        floor_seconds=FIRST_SECONDS,
    )
