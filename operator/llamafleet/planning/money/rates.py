"""What a pod costs per hour: its GPUs at the price of its own pool, on the node that it runs on."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.observed import PodSeen
from llamafleet.planning.sizing.shape import Pool, UnusablePool


def sells_spot(pool: GpuPool) -> bool:
    """Whether nodes of a pool may have either price, so that the node decides."""
    return pool.spec.price is not None and pool.spec.price.spot is not None


def hourly_usd(
    pod: PodSeen, pools: Iterable[Pool | UnusablePool], spot: Mapping[str, bool | None]
) -> Decimal | None:
    """US dollars per hour; None when the pool is gone or has no price.

    A node that is gone before anybody looked at it counts as dear: a bill may not grow afterwards.

    Args:
        pod: the pod, by whose own annotations its pool and GPUs are known.
        pools: the pools that there are.
        spot: whether a node is a spot node, by name.
    """
    own = next((pool for pool in pools if pool.name == pod.pool), None)
    if not isinstance(own, Pool) or not pod.gpus:
        return None
    on_demand, cheap = own.hourly_usd_per_gpu, own.spot_usd_per_gpu
    is_spot = not own.sells_on_demand or (cheap is not None and spot.get(pod.node or "") is True)
    price = cheap if is_spot else on_demand
    return None if price is None else pod.gpus * price
