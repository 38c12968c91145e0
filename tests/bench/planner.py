"""How long the planner thinks, in a process that runs and in one that has to start first."""

import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Final

from bench.fleet import resource
from builders import NOW, ROOT, raw_pool
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment, LlamaDeploymentSpec
from llamafleet.api.observed import Key
from llamafleet.catalogue import gpus
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Pool, UnusablePool

CALLS: Final = 200

POOLS: Final = 20

STARTS: Final = 15
"""How often a command is started; the median of so many moves little on a quiet machine."""

LIBRARIES: Final = "import pydantic, yaml, rich.console, rich.table"
"""What no ``llamafleet plan`` can do without: its floor."""


def parsing() -> float:
    """Microseconds to parse and validate the Scout sample."""
    raw = resource(Key("bench", "llama"))
    return _microseconds(lambda: LlamaDeployment.model_validate(raw))


def one_pool() -> float:
    """Microseconds to plan it on the built-in pool."""
    return _planning(resolve(()))


def again() -> float:
    """Microseconds to plan it once more, as at every look."""
    spec, seen, pools = _spec(), Observation(now=NOW, replicas=1), resolve(())
    return _microseconds(lambda: plan(spec, pools, seen))


def many_pools() -> float:
    """Microseconds to plan it on twenty pools: every GPU of the catalogue, some of them at two prices."""
    return _planning(resolve(_gpupools()))


def parsing_many() -> float:
    """Microseconds to parse and validate the Scout sample and those twenty pools."""
    raw, pools = resource(Key("bench", "llama")), _raw_pools()

    def parse() -> None:
        LlamaDeployment.model_validate(raw)
        for pool in pools:
            GpuPool.model_validate(pool)

    return _microseconds(parse)


def cold_start() -> float:
    """Milliseconds of ``llamafleet plan`` for the Scout sample, from the start of the process to its end."""
    sample = ROOT / "manifests" / "samples" / "scout.yaml"
    return _milliseconds([sys.executable, "-m", "llamafleet", "plan", str(sample)])


def cold_floor() -> float:
    """Milliseconds of a process that only imports the libraries which the command cannot do without."""
    return _milliseconds([sys.executable, "-c", LIBRARIES])


def _planning(pools: tuple[Pool | UnusablePool, ...]) -> float:
    """Every call asks for another context, for the planner knows what it was asked before."""
    spec, seen, tokens = _spec(), Observation(now=NOW, replicas=1), itertools.count(60_000)
    specs = [
        spec.model_copy(update={"serving": spec.serving.model_copy(update={"context_length": next(tokens)})})
        for _ in range(CALLS)
    ]
    left = iter(specs)
    return _microseconds(lambda: plan(next(left), pools, seen))


def _spec() -> LlamaDeploymentSpec:
    return LlamaDeployment.model_validate(resource(Key("bench", "llama"))).spec


def _gpupools() -> list[GpuPool]:
    return [GpuPool.model_validate(pool) for pool in _raw_pools()]


def _raw_pools() -> list[dict[str, object]]:
    """Twenty pools of eight GPUs per node, each at a price of its own."""
    keys = (sorted(gpus()) * 2)[:POOLS]
    return [
        raw_pool(
            f"pool-{number}",
            gpu=gpu,
            gpusPerNode=8,
            hostMemoryPerGpu="144Gi",
            nodeSelector={"pool": str(number)},
            price={"onDemand": f"{1 + number / 10:.2f}"},
        )
        for number, gpu in enumerate(keys)
    ]


def _microseconds(work: Callable[[], object]) -> float:
    """The median of many calls."""
    times: list[int] = []
    for _ in range(CALLS):
        started = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - started)
    return median(times) / 1000


def _milliseconds(command: list[str]) -> float:
    """The median of many starts, each with the compiled modules of the one before."""
    times: list[int] = []
    for _ in range(STARTS):
        started = time.perf_counter_ns()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
        times.append(time.perf_counter_ns() - started)
    return median(times) / 1_000_000
