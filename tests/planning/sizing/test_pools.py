"""From GpuPools to pools that can be planned with."""

from decimal import Decimal

import pytest

from llamafleet.api.gpupool import GpuPool
from llamafleet.catalogue import gpus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.pools import eligible, resolve
from llamafleet.planning.sizing.shape import Pool, UnusablePool
from planning.givens import SPOT_NODES, gpupool, pool


def test_without_any_gpupool_the_catalogues_a100_stands_in() -> None:
    (built_in,) = resolve(())
    assert isinstance(built_in, Pool)
    assert (built_in.name, built_in.gpu.key, built_in.gpus_per_node) == ("a100-80gb", "a100-80gb", 8)
    assert built_in.hourly_usd_per_gpu == Decimal("1.19")
    assert built_in.price_source.startswith("catalogue: ")
    assert [(taint.key, taint.operator) for taint in built_in.tolerations] == [("nvidia.com/gpu", "Exists")]


def test_a_gpupool_replaces_the_built_in_one_and_states_its_own_price() -> None:
    (own,) = resolve([gpupool("gold", "h200", "3.50", gpusPerNode=4, hostMemoryPerGpu="200Gi")])
    assert isinstance(own, Pool)
    assert (own.name, own.gpus_per_node, own.host_memory_per_gpu) == ("gold", 4, 200 * 2**30)
    assert (own.hourly_usd_per_gpu, own.price_source) == (Decimal("3.50"), "the pool's own price")


def test_an_a100_pool_without_a_price_takes_the_catalogues() -> None:
    (own,) = resolve([gpupool("gold", "a100-80gb", None)])
    assert isinstance(own, Pool)
    assert own.hourly_usd_per_gpu == Decimal("1.19")


def test_another_pool_without_a_price_takes_the_catalogues_too() -> None:
    (own,) = resolve([gpupool("gold", "h200", None)])
    assert isinstance(own, Pool)
    assert own.hourly_usd_per_gpu == Decimal("3.39")
    assert own.price_source.startswith("catalogue: verda, ")


def test_a_pool_sells_spot_only_when_it_says_so() -> None:
    plain = gpupool("plain", "a100-80gb", "1.19")
    spot = GpuPool.model_validate(
        {"metadata": {"name": "spot"}, "spec": {"gpu": "a100-80gb", "price": {"spot": "0.45"}}}
    )
    found = [one for one in resolve([plain, spot]) if isinstance(one, Pool)]
    assert [one.spot_usd_per_gpu for one in found] == [None, Decimal("0.45")]
    assert [one.hourly_usd_per_gpu for one in found] == [Decimal("1.19"), Decimal("1.19")]


def test_a_pool_without_any_price_can_be_used_and_sells_on_demand() -> None:
    (own,) = resolve([gpupool("gold", "l40", None)])
    assert isinstance(own, Pool)
    assert (own.hourly_usd_per_gpu, own.price_source) == (None, "")
    assert (own.sells_on_demand, own.sells_spot) == (True, False)


def test_a_spot_price_alone_sells_both_where_the_catalogue_has_no_price() -> None:
    raw = {"metadata": {"name": "gold"}, "spec": {"gpu": "l40", "price": {"spot": "0.45"}}}
    (own,) = resolve([GpuPool.model_validate(raw)])
    assert isinstance(own, Pool)
    assert (own.hourly_usd_per_gpu, own.spot_usd_per_gpu) == (None, Decimal("0.45"))
    assert (own.sells_on_demand, own.sells_spot) == (True, True)


def test_a_price_of_0_is_a_price() -> None:
    (own,) = resolve([gpupool("gold", "l40", "0")])
    assert isinstance(own, Pool)
    assert (own.hourly_usd_per_gpu, own.price_source) == (Decimal(0), "the pool's own price")


class TestSpotNodes:
    """A pool whose own selector picks spot nodes sells nothing else."""

    def test_it_sells_no_on_demand_capacity_even_at_the_catalogues_price(self) -> None:
        raw = {"gpu": "a100-80gb", "nodeSelector": SPOT_NODES, "price": {"onDemand": "2", "spot": "0.45"}}
        (only,) = resolve([GpuPool.model_validate({"metadata": {"name": "spot"}, "spec": raw})])
        assert isinstance(only, Pool)
        assert (only.hourly_usd_per_gpu, only.spot_usd_per_gpu) == (None, Decimal("0.45"))
        assert (only.sells_spot, only.sells_on_demand) == (True, False)

    def test_without_a_spot_price_it_sells_spot_capacity_at_a_price_that_is_not_known(self) -> None:
        (only,) = resolve([gpupool("spot", "a100-80gb", "1.19", nodeSelector=SPOT_NODES)])
        assert isinstance(only, Pool)
        assert (only.sells_spot, only.sells_on_demand) == (True, False)
        assert (only.hourly_usd_per_gpu, only.spot_usd_per_gpu) == (None, None)


@pytest.mark.parametrize(
    ("gpu", "price", "problem"),
    [
        pytest.param(
            "h900",
            "1",
            f"its spec.gpu = h900: must be a GPU of the catalogue: {', '.join(gpus())}",
            id="an unknown GPU",
        ),
        pytest.param(
            "mi300x",
            "2.00",
            "its spec.nodeSelector must be given, because no product label is known for mi300x",
            id="a GPU without a product label",
        ),
    ],
)
def test_a_pool_with_a_mistake_is_set_aside_with_its_reason(
    gpu: str, price: str | None, problem: str
) -> None:
    assert resolve([gpupool("gold", gpu, price)]) == (UnusablePool("gold", problem),)


def test_a_pool_with_a_mistake_stops_nobody_who_does_not_name_it() -> None:
    good = pool()
    assert eligible([UnusablePool("bad", "its price is missing"), good], ()) == (good,)


def test_naming_a_pool_with_a_mistake_tells_the_mistake() -> None:
    with pytest.raises(InvalidSpec) as refused:
        eligible([UnusablePool("bad", "its price is missing"), pool()], ["bad"])
    assert (
        str(refused.value) == "spec.gpu.pools = bad: must be a GpuPool that can be used; its price is missing"
    )


def test_without_a_usable_pool_every_mistake_is_told() -> None:
    with pytest.raises(InvalidSpec) as refused:
        eligible([UnusablePool("bad", "no price"), UnusablePool("worse", "no label")], ())
    assert str(refused.value) == (
        "spec.gpu.pools = every GpuPool: must include one that can be used; bad: no price; worse: no label"
    )


def test_an_unknown_pool_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InvalidSpec) as refused:
        eligible([pool("l4", "0.80"), pool()], ["gold"])
    assert (
        str(refused.value) == "spec.gpu.pools = gold: must be the name of a GpuPool; there are: a100-80gb, l4"
    )


def test_many_pools_are_not_all_listed() -> None:
    pools = [UnusablePool(f"pool-{number}", "no price") for number in range(10)]
    with pytest.raises(InvalidSpec, match=r"pool-0, .*, pool-7 and 2 more$"):
        eligible(pools, ["gold"])


def test_only_named_pools_are_eligible() -> None:
    cheap, dear = pool("l4", "0.80"), pool("h200", "3.50")
    assert eligible([cheap, dear], ["h200"]) == (dear,)
