"""Queues whose mean wait is known in closed form, as traces and profiles of the simulator."""

import math
import random
from array import array
from itertools import accumulate

from llamafleet.simulation import Profile, Result, Settings, Trace, simulate
from llamafleet.simulation.policies import Static

TOKENS = 10_000
"""Mean tokens of a request: whole numbers of tokens are then as good as any time."""


def poisson(requests: int, rate: float, seed: int, *, exponential: bool) -> Trace:
    """Requests at a rate per second whose lengths are exponential, or all the same; mean ``TOKENS``."""
    chance = random.Random(seed)  # noqa: S311 - nothing is secret here
    arrivals = array("d", accumulate(chance.expovariate(rate) for _ in range(requests)))
    outputs = array(
        "l",
        (max(1, round(chance.expovariate(1 / TOKENS))) if exponential else TOKENS for _ in range(requests)),
    )
    return Trace(arrivals, array("l", bytes(requests * outputs.itemsize)), outputs)


def one_at_a_time() -> Profile:
    """A replica that serves one request at a time, a mean one in one second."""
    return profile(step_s=1 / TOKENS, max_num_seqs=1)


def profile(
    *,
    step_s: float = 0.0,
    sequence_s: float = 0.0,
    kv_token_s: float = 0.0,
    prefill_token_s: float = 0.0,
    kv_tokens: int = 10**12,
    max_num_seqs: int = 100_000,
) -> Profile:
    """A replica with these step times, and nothing else to wait for."""
    return Profile(
        key="test",
        gpus=1,
        step_s=step_s,
        expert_s=0.0,
        experts=0,
        sequence_s=sequence_s,
        kv_token_s=kv_token_s,
        prefill_token_s=prefill_token_s,
        kv_tokens=kv_tokens,
        max_num_seqs=max_num_seqs,
        source="a test",
    )


def static(trace: Trace, profile: Profile, replicas: int) -> Result:
    """A constant fleet."""
    settings = Settings(cold_start_seconds=60, initial=replicas, high=replicas, points=100_000)
    return simulate(trace, profile, Static(replicas), settings)


def mean_wait(result: Result) -> float:
    """Of all requests, seconds."""
    return math.fsum(result.waits) / len(result.waits)


def erlang_c(servers: int, load: float) -> float:
    """The share of requests of an M/M/c queue that wait; load in servers."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) / (1 - load / servers)
    return last / (sum(terms) + last)


def mmc(servers: int, load: float) -> float:
    """The mean wait of M/M/c with a mean service of one second."""
    return erlang_c(servers, load) / (servers - load)


def mdc(servers: int, load: float) -> float:
    """Likewise M/D/c: exact for one server, else the approximation of Cosmetatos (1976)."""
    use = load / servers
    more = (1 - use) * (servers - 1) * (math.sqrt(4 + 5 * servers) - 2) / (16 * use * servers)
    return mmc(servers, load) / 2 * (1 + more)
