"""How long the planner thinks, beside how long it takes to read the resource in the first place."""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from bench.fleet import resource
from builders import NOW
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import Key
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.pools import resolve

CALLS: Final = 200


def floor() -> float:
    """Microseconds to parse and validate the Scout sample."""
    raw = resource(Key("bench", "llama"))
    return _microseconds(lambda: LlamaDeployment.model_validate(raw))


def ours() -> float:
    """Microseconds to plan it on the built-in pool."""
    spec = LlamaDeployment.model_validate(resource(Key("bench", "llama"))).spec
    pools, seen = resolve(()), Observation(now=NOW, replicas=1)
    return _microseconds(lambda: plan(spec, pools, seen))


def _microseconds(work: Callable[[], object]) -> float:
    """The median of many calls."""
    times: list[int] = []
    for _ in range(CALLS):
        started = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - started)
    return median(times) / 1000
