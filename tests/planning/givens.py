"""What the sizing tests start from: specs, pools and shapes that show only what matters to a test."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import PRECISIONS, models
from llamafleet.errors import DoesNotFit
from llamafleet.planning.plan import Observation, Plan, RunningShape, plan
from llamafleet.planning.sizing.kv import KvLayout
from llamafleet.planning.sizing.memory import GIB, overhead, rope_table, usable, weigh
from llamafleet.planning.sizing.parallel import Parallelism
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import GpuMemory, Pool, UnusablePool

A100 = 2 * 2048
"""Tokens in flight on an A100: two steps of 2048."""

SPOT_NODES = {"karpenter.sh/capacity-type": "spot"}
"""Selects nodes that are all spot nodes."""

Json = Mapping[str, object]


def spec(variant: str = "scout", **sections: Json | int | bool) -> LlamaDeploymentSpec:
    """A spec; ``model`` adds to the variant, every other section is given as in a manifest."""
    model = sections.pop("model", {})
    assert isinstance(model, Mapping)
    return LlamaDeploymentSpec.model_validate({"model": {"variant": variant, **model}, **sections})


def gpupool(name: str, gpu: str, price: str | None, **fields: object) -> GpuPool:
    """A GpuPool as a manifest gives it."""
    priced = {} if price is None else {"price": {"onDemand": price}}
    return GpuPool.model_validate({"metadata": {"name": name}, "spec": {"gpu": gpu, **priced, **fields}})


def pool(gpu: str = "a100-80gb", price: str | None = "1.19", **fields: object) -> Pool:
    """A usable pool named after its GPU."""
    (resolved,) = resolve([gpupool(gpu, gpu, price, **fields)])
    assert isinstance(resolved, Pool)
    return resolved


def unpriced(name: str = "own", **fields: object) -> Pool:
    """A pool of L40, for which the catalogue has no price, with none of its own."""
    (resolved,) = resolve([gpupool(name, "l40", None, **fields)])
    assert isinstance(resolved, Pool)
    return resolved


def with_memory(given: Pool, memory: int) -> Pool:
    """The same pool with that many bytes on each GPU."""
    return dataclasses.replace(given, gpu=dataclasses.replace(given.gpu, memory=memory))


def planned(
    asked: LlamaDeploymentSpec,
    pools: Sequence[Pool | UnusablePool] | None = None,
    replicas: int | None = None,
    running: RunningShape | None = None,
) -> Plan:
    """The plan on these pools, or on the built-in one."""
    seen = Observation(now=datetime(2026, 11, 21, 12, 0, tzinfo=UTC), replicas=replicas, running=running)
    return plan(asked, resolve(()) if pools is None else pools, seen)


def refused(asked: LlamaDeploymentSpec, *pools: Pool) -> str:
    """What is said when nothing fits."""
    with pytest.raises(DoesNotFit) as error:
        planned(asked, pools)
    return str(error.value)


def over(gpus: int, stages: int = 1) -> Parallelism:
    """A split over so many GPUs of each stage."""
    return Parallelism(gpus, stages)


def gib(size: int) -> float:
    return size / GIB


def filled(
    variant: str,
    precision: str,
    gpus: int = 1,
    *,
    gpu: str = "a100-80gb",
    positions: int | None = None,
    text_only: bool = False,
) -> GpuMemory:
    """The memory of one GPU, without any request, by the functions that the planner itself uses."""
    model = models()[variant]
    weights = weigh(model, PRECISIONS[precision], model.quantized_groups, text_only=text_only)
    return GpuMemory(
        usable=usable(pool(gpu, "1").gpu.memory if gpu != "mi300x" else MI300X),
        weights=weights.per_rank(over(gpus)),
        replicated=weights.replicated,
        rope_table=rope_table(model, positions),
        offloaded=0,
        overhead=overhead(gpus, lean=text_only and positions is not None),
        kv_needed=0,
    )


MI300X = int(Decimal("191.69") * GIB)
"""Its pool needs a node selector, which a memory table does not."""


def on_a100(*, hybrid: bool = True) -> KvLayout:
    """How keys and values lie on an A100."""
    return KvLayout(in_flight=A100, hybrid=hybrid)
