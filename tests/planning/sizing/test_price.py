"""A price that is not known: the fleet is sized all the same, after all that has a price, and it is said."""

import dataclasses
from decimal import Decimal

import pytest

from llamafleet.api.gpupool import GpuPool
from llamafleet.errors import DoesNotFit
from llamafleet.planning.plan import RunningShape
from llamafleet.planning.sizing.considered import considered, left_out
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Pool, Shape, UnusablePool
from planning.givens import SPOT_NODES, gpupool, planned, pool, spec, unpriced

SMALL = spec("llama-3.1-8b", serving={"contextLength": 8_192})
NOTE = (
    "The price of pool own is not known: spec.price.onDemand of the GpuPool is missing "
    "and the catalogue has none for l40; no budget can be kept."
)


def running(shape: Shape) -> RunningShape:
    """What the status tells of a shape."""
    return RunningShape(
        shape.pool.name,
        shape.quantization,
        shape.tensor_parallel,
        shape.pipeline_parallel,
        shape.checkpoint,
    )


def own(price: str | None) -> Pool | UnusablePool:
    """The pool of L40 with or without a price."""
    return resolve([gpupool("own", "l40", price)])[0]


class TestTheChoice:
    """Whatever has a price comes first."""

    def test_a_fleet_on_a_pool_without_a_price_is_sized_as_with_one(self) -> None:
        without, with_one = (planned(SMALL, [own(price)]).shape for price in (None, "1.00"))
        assert (without.hourly_usd, without.hourly_usd_per_gpu) == (None, None)
        assert dataclasses.replace(without, pool=with_one.pool, hourly_usd=Decimal("1.00")) == with_one

    @pytest.mark.parametrize("replicas", [0, 3])
    def test_no_number_of_replicas_makes_it_a_sum(self, replicas: int) -> None:
        plan = planned(spec("llama-3.1-8b", replicas=replicas), [unpriced()])
        assert (plan.replicas, plan.hourly_usd) == (replicas, None)

    def test_a_known_price_comes_first_however_high_and_on_however_many_gpus(self) -> None:
        dear = pool("l4", "999999.00")
        asked = spec("llama-3.1-70b", serving={"contextLength": 8_192})
        alone = {one.name: planned(asked, [one]).shape.gpus for one in (dear, unpriced())}
        assert alone["l4"] > alone["own"]
        for pools in ([dear, unpriced()], [unpriced(), dear]):
            assert planned(asked, pools).shape.pool == dear

    def test_it_is_taken_when_nothing_with_a_price_fits(self) -> None:
        tiny = pool("l4", "0.44", gpusPerNode=1)
        shape = planned(spec("llama-3.1-70b", serving={"contextLength": 8_192}), [tiny, unpriced()]).shape
        assert (shape.pool.name, shape.hourly_usd) == ("own", None)

    def test_without_any_price_the_fewest_gpus_and_then_the_higher_precision_win(self) -> None:
        asked = spec("llama-3.1-70b", serving={"contextLength": 8_192})
        lone, both = planned(asked, [unpriced()]).shape, [unpriced(), unpriced("roomy")]
        assert lone.gpus == min(
            one.shape.gpus for one in considered(asked, [unpriced()], None) if one.feasible
        )
        best = planned(asked, both).shape
        assert (best.gpus, best.quantization) == (lone.gpus, lone.quantization)
        assert best.pool.name == "own", "of equals the first by name"
        assert planned(SMALL, [unpriced()]).shape.quantization == "BF16"

    def test_a_fleet_that_loses_its_price_keeps_its_shape(self) -> None:
        before = planned(SMALL, [own("1.00"), pool("a100-80gb", "1.19")]).shape
        assert before.pool.name == "own"
        after = planned(SMALL, [own(None), pool("a100-80gb", "1.19")], running=running(before)).shape
        assert dataclasses.replace(before, pool=after.pool, hourly_usd=None) == after

    def test_a_new_fleet_goes_where_the_price_is_known(self) -> None:
        assert planned(SMALL, [own(None), pool("a100-80gb", "1.19")]).shape.pool.name == "a100-80gb"


class TestWhatIsSold:
    """A missing price changes nothing about what a pool sells."""

    spot_nodes = pool(price=None, nodeSelector=SPOT_NODES)

    @pytest.mark.parametrize("capacity", ["Spot", "SpotPreferred"])
    def test_spot_nodes_without_a_price_are_spot_capacity(self, capacity: str) -> None:
        shape = planned(spec("scout", gpu={"capacityType": capacity}), [self.spot_nodes]).shape
        assert (shape.capacity_type, shape.hourly_usd) == ("Spot", None)
        assert shape.price_problem == (
            "The price of pool a100-80gb is not known: spec.price.spot of the GpuPool is missing"
        )

    def test_they_are_not_for_those_who_want_on_demand(self) -> None:
        with pytest.raises(DoesNotFit, match="none of these does: a100-80gb"):
            planned(spec("scout"), [self.spot_nodes])

    def test_who_wants_spot_still_needs_a_pool_that_sells_it(self) -> None:
        asked = spec("llama-3.1-8b", gpu={"capacityType": "Spot"})
        with pytest.raises(DoesNotFit, match=r"by its spec\.price\.spot; none of these does: own"):
            planned(asked, [unpriced()])
        (told,) = left_out(asked, [unpriced()])
        assert told.reason == "it sells no spot capacity, and spec.gpu.capacityType is Spot"

    def test_a_spot_price_alone_is_no_price_on_demand(self) -> None:
        raw = {"metadata": {"name": "own"}, "spec": {"gpu": "l40", "price": {"spot": "0.45"}}}
        pools = resolve([GpuPool.model_validate(raw)])
        found = {
            capacity: planned(spec("llama-3.1-8b", gpu={"capacityType": capacity}), pools).shape
            for capacity in ("OnDemand", "Spot", "SpotPreferred")
        }
        assert {name: shape.hourly_usd for name, shape in found.items()} == {
            "OnDemand": None,
            "Spot": Decimal("0.45"),
            "SpotPreferred": Decimal("0.45"),
        }
        assert [str(shape.capacity_type) for shape in found.values()] == [*found]


class TestTheWords:
    """What is missing is named, and nothing is said to cost zero."""

    def test_the_note_names_the_pool_the_field_and_the_gpu(self) -> None:
        plan = planned(SMALL, [unpriced()])
        assert plan.notes == (NOTE,)
        assert plan.sums[-1] == "Its price is not known; it is the smallest of 12 shapes that fit."
        assert "USD" not in plan.explanation

    def test_a_shape_with_a_price_has_no_problem_with_it(self) -> None:
        for price in ("0", "1.00"):
            plan = planned(SMALL, [pool(price=price)])
            assert (plan.shape.price_problem, plan.notes) == ("", ())

    def test_a_kept_shape_names_the_one_whose_price_is_known(self) -> None:
        before = planned(SMALL, [unpriced()]).shape
        plan = planned(SMALL, [unpriced(), pool("a100-80gb", "1.19")], running=running(before))
        assert plan.sums[-1].startswith("Its price is not known; it is one of ")
        assert plan.notes == (
            NOTE,
            (
                "The fleet keeps this shape because it runs; BF16 on 1 x a100-80gb (pool a100-80gb) would be "
                "the cheapest with a known price, at 1.19 USD/h."
            ),
        )

    def test_a_kept_shape_is_not_called_the_smallest_when_it_is_not(self) -> None:
        two = planned(spec("llama-3.1-8b", serving={"contextLength": 8_192}, gpu={"count": 2}), [unpriced()])
        plan = planned(SMALL, [unpriced()], running=running(two.shape))
        assert plan.shape == two.shape
        assert plan.sums[-1] == "Its price is not known; it is one of 12 shapes that fit."
        assert plan.notes[-1] == "The fleet keeps this shape because it runs."

    def test_the_shape_without_host_memory_has_no_price_either(self) -> None:
        asked = spec("maverick", serving={"contextLength": 131_072}, gpu={"capacityType": "Spot"})
        plan = planned(asked, [pool(price=None, nodeSelector=SPOT_NODES)])
        assert (plan.shape.gpus, plan.shape.offload_gib) == (2, 35)
        assert plan.notes[-1] == (
            "Without host memory (hostOffload: Never) INT4 on 4 x a100-80gb (pool a100-80gb) "
            "has no known price."
        )

    def test_every_shape_says_what_is_known_of_its_price(self) -> None:
        asked = spec("llama-3.1-8b", serving={"contextLength": 8_192}, gpu={"count": 1})
        pools = [unpriced(), pool("a100-80gb", "1.19")]
        chosen = planned(asked, pools).shape
        told = {
            (one.shape.pool.name, one.shape.quantization): one.reason
            for one in considered(asked, pools, chosen)
        }
        assert told["a100-80gb", "BF16"] == "it is the best that fits"
        assert {reason for (where, _), reason in told.items() if where == "own"} == {
            "it fits, but its price is not known"
        }

    def test_of_unknown_prices_the_other_criteria_are_told(self) -> None:
        told = {
            (one.shape.gpus, one.shape.quantization): one.reason
            for one in considered(SMALL, [unpriced()], planned(SMALL, [unpriced()]).shape)
        }
        assert told[1, "FP8"] == "it fits on as many GPUs, in the lower precision FP8"
        assert told[2, "BF16"] == "it fits, but takes 2 GPUs instead of 1"

    def test_a_better_one_says_so_to_a_fleet_that_stays(self) -> None:
        asked = spec("llama-3.1-8b", serving={"contextLength": 8_192}, gpu={"count": 1})
        pools = [unpriced(), pool("a100-80gb", "1.19")]
        fp8 = planned(spec("llama-3.1-8b", model={"quantization": "FP8"}), [unpriced()]).shape
        stays = planned(asked, pools, running=running(fp8)).shape
        assert (stays.pool.name, stays.quantization) == ("own", "FP8")
        told = {
            (one.shape.pool.name, one.shape.quantization): one.reason
            for one in considered(asked, pools, stays)
        }
        keeps = "but the fleet runs in another shape and keeps it"
        assert told["a100-80gb", "BF16"] == f"it fits and its price is known, {keeps}"
        assert told["own", "BF16"] == f"it fits and is the better one, {keeps}"
        assert told["own", "FP8"] == "it fits, and the fleet runs in it and keeps it"


class TestFree:
    """A price of 0 is known: hardware that is paid for."""

    def test_it_is_a_sum_like_any_other(self) -> None:
        plan = planned(spec("llama-3.1-8b", replicas=3), [own("0")])
        assert (plan.hourly_usd, plan.shape.hourly_usd, plan.shape.hourly_usd_per_gpu) == (0, 0, 0)
        assert "0.00 USD/h (1 x 0.00, the pool's own price), the cheapest of " in plan.explanation

    def test_it_comes_before_every_other(self) -> None:
        pools = [unpriced("a"), pool("l4", "0.000001"), own("0")]
        assert planned(SMALL, pools).shape.pool.name == "own"

    def test_free_spot_capacity_is_sold(self) -> None:
        raw = {"metadata": {"name": "own"}, "spec": {"gpu": "l40", "price": {"spot": "0"}}}
        pools = resolve([GpuPool.model_validate(raw)])
        shape = planned(spec("llama-3.1-8b", gpu={"capacityType": "Spot"}), pools).shape
        assert (shape.hourly_usd, shape.price_problem) == (0, "")
