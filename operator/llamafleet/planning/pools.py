"""From GpuPools to what can be planned with. A pool with a mistake is set aside with its reason."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from llamafleet.api.gpupool import GpuPool, GpuPoolSpec, Toleration
from llamafleet.api.metadata import ObjectMeta
from llamafleet.catalogue import GpuFacts, gpus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.shape import Pool, UnusablePool

FIELD: Final = "spec.gpu.pools"

BUILT_IN: Final = GpuPool(
    metadata=ObjectMeta(name="a100-80gb"),
    spec=GpuPoolSpec(
        gpu="a100-80gb",
        tolerations=(Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule"),),
    ),
)
"""What stands in while there is no GpuPool: the only GPU that the catalogue has a price for. Managed clusters
taint their GPU nodes with the name of the resource, so its pods tolerate that."""

LISTED: Final = 8
"""How many names a message lists."""

TOLD: Final = 3
"""How many problems a message tells."""


def resolve(
    gpupools: Sequence[GpuPool], unreadable: Sequence[UnusablePool] = ()
) -> tuple[Pool | UnusablePool, ...]:
    """Every pool, with the catalogue's facts filled in; without any GpuPool, the built-in one.

    A GpuPool that cannot be read still is one: the built-in pool must not take its place at another price.
    """
    there = gpupools if gpupools or unreadable else (BUILT_IN,)
    return (*(_resolve(gpupool) for gpupool in there), *unreadable)


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


def _resolve(gpupool: GpuPool) -> Pool | UnusablePool:
    name, spec = gpupool.metadata.name, gpupool.spec
    gpu = gpus().get(spec.gpu)
    if gpu is None:
        return UnusablePool(
            name, f"its spec.gpu = {spec.gpu}: must be a GPU of the catalogue: {', '.join(gpus())}"
        )
    price = _price(gpupool, gpu)
    if price is None:
        rule = "must be given, because the catalogue has no price for"
        return UnusablePool(name, f"its spec.price.onDemand {rule} {gpu.key}")
    if not spec.node_selector and not gpu.products:
        rule = "must be given, because no product label is known for"
        return UnusablePool(name, f"its spec.nodeSelector {rule} {gpu.key}")
    return Pool(
        name=name,
        gpu=gpu,
        gpus_per_node=spec.gpus_per_node,
        node_selector=spec.node_selector,
        tolerations=spec.tolerations,
        host_memory_per_gpu=spec.host_memory_per_gpu.whole() if spec.host_memory_per_gpu else None,
        hourly_usd_per_gpu=price[0],
        price_source=price[1],
        resource_name=spec.resource_name,
    )


def _price(gpupool: GpuPool, gpu: GpuFacts) -> tuple[Decimal, str] | None:
    """US dollars per GPU-hour and where they were read: the pool's own price before the catalogue's."""
    price = gpupool.spec.price
    if price is not None and price.on_demand is not None:
        return price.on_demand, "the pool's own price"
    if gpu.hourly_usd is not None and gpu.price_source is not None:
        return gpu.hourly_usd, f"catalogue: {gpu.price_source}"
    return None
