"""From GpuPools to what can be planned with. A pool with a mistake is set aside with its reason."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from llamafleet.api.gpupool import GpuPool, GpuPoolSpec, Toleration
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.spot import selects_spot
from llamafleet.catalogue import Catalogue, GpuFacts, catalogue
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.shape import Pool, UnusablePool

FIELD: Final = "spec.gpu.pools"

BUILT_IN: Final = GpuPool(
    metadata=ObjectMeta(name="a100-80gb"),
    spec=GpuPoolSpec(
        gpu="a100-80gb",
        tolerations=(Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule"),),
    ),
)
"""What stands in while there is no GpuPool: the GPU that Scout and Maverick are sized for. Managed clusters
taint their GPU nodes with the name of the resource, so its pods tolerate that."""

LISTED: Final = 8
"""How many names a message lists."""

TOLD: Final = 3
"""How many problems a message tells."""


def resolve(
    gpupools: Sequence[GpuPool], unreadable: Sequence[UnusablePool] = (), known: Catalogue | None = None
) -> tuple[Pool | UnusablePool, ...]:
    """Every pool, with the catalogue's facts filled in; without any GpuPool, the built-in one.

    A GpuPool that cannot be read still is one: the built-in pool must not take its place at another price.
    The catalogue is the built-in one unless another is given.
    """
    there = gpupools if gpupools or unreadable else (BUILT_IN,)
    gpus = (known or catalogue()).gpus
    return (*(_resolve(gpupool, gpus) for gpupool in there), *unreadable)


def eligible(pools: Sequence[Pool | UnusablePool], names: Sequence[str]) -> tuple[Pool, ...]:
    """The pools of these names, or every usable pool when no name is given.

    Raises:
        InvalidSpec: a name belongs to no pool or to an unusable one, or there is no usable pool at all.
    """
    if names:
        return tuple(_named(pools, name) for name in dict.fromkeys(names))
    usable = tuple(pool for pool in pools if isinstance(pool, Pool))
    if not usable:
        unusable = [pool for pool in pools if isinstance(pool, UnusablePool)]
        problems = "; ".join(f"{pool.name}: {pool.problem}" for pool in unusable[:TOLD])
        raise InvalidSpec(FIELD, "every GpuPool", f"must include one that can be used; {problems}")
    return usable


def _named(pools: Sequence[Pool | UnusablePool], name: str) -> Pool:
    found = next((pool for pool in pools if pool.name == name), None)
    if isinstance(found, Pool):
        return found
    if found is not None:
        raise InvalidSpec(FIELD, name, f"must be a GpuPool that can be used; {found.problem}")
    there = ", ".join(sorted(pool.name for pool in pools)[:LISTED])
    more = f" and {len(pools) - LISTED} more" if len(pools) > LISTED else ""
    raise InvalidSpec(FIELD, name, f"must be the name of a GpuPool; there are: {there}{more}")


def _resolve(gpupool: GpuPool, gpus: Mapping[str, GpuFacts]) -> Pool | UnusablePool:
    name, spec = gpupool.metadata.name, gpupool.spec
    gpu = gpus.get(spec.gpu)
    if gpu is None:
        rule = f"must be a GPU of the catalogue: {', '.join(gpus)}"
        return UnusablePool(name, f"its spec.gpu = {spec.gpu}: {rule}")
    problem = _problem(spec, gpu)
    if problem:
        return UnusablePool(name, problem)
    prices = _prices(spec, gpu)
    return Pool(
        name=name,
        gpu=gpu,
        gpus_per_node=spec.gpus_per_node,
        node_selector=spec.node_selector,
        tolerations=spec.tolerations,
        host_memory_per_gpu=spec.host_memory_per_gpu.whole() if spec.host_memory_per_gpu else None,
        hourly_usd_per_gpu=prices.on_demand,
        price_source=prices.source,
        spot_usd_per_gpu=prices.spot,
        resource_name=spec.resource_name,
    )


class _Prices(NamedTuple):
    """What a GPU-hour costs on demand and as spot capacity, US dollars; None when no such price is known."""

    on_demand: Decimal | None
    spot: Decimal | None
    source: str


def _prices(spec: GpuPoolSpec, gpu: GpuFacts) -> _Prices:
    """The pool's own prices before the catalogue's. Where all nodes are spot nodes, nothing else is sold."""
    on_demand, spot = (spec.price.on_demand, spec.price.spot) if spec.price else (None, None)
    if selects_spot(spec.node_selector):
        return _Prices(None, spot, "the pool's own spot price")
    if on_demand is not None:
        return _Prices(on_demand, spot, "the pool's own price")
    if gpu.hourly_usd is None:
        return _Prices(None, spot, "")
    return _Prices(gpu.hourly_usd, spot, f"catalogue: {gpu.price_source}")


def _problem(spec: GpuPoolSpec, gpu: GpuFacts) -> str:
    """Which field breaks which rule; empty when the pool can be used. A price may be missing."""
    if not spec.node_selector and not gpu.products:
        return f"its spec.nodeSelector must be given, because no product label is known for {gpu.key}"
    return ""
