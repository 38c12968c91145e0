"""Every shape that was considered says why it was taken or lost."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given, settings

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import PRECISIONS
from llamafleet.planning.sizing.candidates import candidates
from llamafleet.planning.sizing.choice import choose
from llamafleet.planning.sizing.considered import Considered, considered, left_out
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Pool, RunningShape, Shape
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import gpupool, planned, pool, spec
from planning.wishes import patient, several, specs

A100, H200 = pool("a100-80gb", "1.19"), pool("h200", "3.39")
INT4 = "RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16"
SCOUT = spec("scout", serving={"contextLength": 65_536})


def found(gpu: str, gpus: int, precision: str, *pools: Pool) -> Considered:
    """What is said of one shape for Scout on these pools."""
    chosen = planned(SCOUT, pools).shape
    return next(
        one
        for one in considered(SCOUT, pools, chosen)
        if (one.shape.pool.name, one.shape.gpus, one.shape.quantization) == (gpu, gpus, precision)
    )


def test_every_pool_precision_and_split_is_considered_once() -> None:
    told = considered(SCOUT, (A100, H200), planned(SCOUT, (A100, H200)).shape)
    keys = {(one.shape.pool.name, one.shape.quantization, one.shape.gpus) for one in told}
    assert len(told) == len(keys) == 2 * 3 * 4
    assert sum(one.chosen for one in told) == 1


def test_the_chosen_one_comes_first_and_those_that_do_not_fit_last() -> None:
    told = considered(SCOUT, (A100, H200), planned(SCOUT, (A100, H200)).shape)
    assert told[0].chosen
    assert [one.feasible for one in told] == sorted((one.feasible for one in told), reverse=True)


@pytest.mark.parametrize(
    ("gpu", "gpus", "precision", "reason"),
    [
        ("a100-80gb", 1, "INT4", "it is the best that fits"),
        ("h200", 1, "INT4", "it fits, and costs 2.20 USD/h more"),
        ("a100-80gb", 2, "FP8", "it fits, and costs 1.19 USD/h more"),
    ],
)
def test_a_shape_that_fits_and_lost_says_by_what(gpu: str, gpus: int, precision: str, reason: str) -> None:
    assert found(gpu, gpus, precision, A100, H200).reason == reason


def test_a_shape_that_does_not_fit_shows_its_sum() -> None:
    lost = found("a100-80gb", 1, "FP8", A100)
    assert not lost.feasible
    assert lost.reason == (
        "FP8 on 1 x a100-80gb (pool a100-80gb) needs 112.33 of 72.82 GiB per GPU: 105.11 weights + 0.03 rope "
        "table + 2.50 overhead + 4.69 KV cache"
    )


def test_the_higher_precision_wins_at_the_same_price() -> None:
    assert found("h200", 1, "INT4", H200).reason == "it fits at the same price, in the lower precision INT4"


def reasons(asked: LlamaDeploymentSpec, chosen: Shape, *pools: Pool) -> dict[str, str]:
    """What is said of every shape that fits, by its precision, its GPUs and its pool."""
    told = considered(asked, pools, chosen)
    return {
        f"{one.shape.quantization} {one.shape.gpus} {one.shape.pool.name}": one.reason
        for one in told
        if one.feasible
    }


def test_a_kept_shape_is_not_called_the_best_and_the_better_ones_say_what_they_cost() -> None:
    small = spec("scout", serving={"contextLength": 65_536}, gpu={"count": 1})
    h200 = planned(small, (A100, H200), running=RunningShape("h200", "INT4", 1, 1, INT4)).shape
    told = considered(small, (A100, H200), h200)
    assert [one.chosen for one in told if one.feasible] == [False, False, True]
    assert reasons(small, h200, A100, H200) == {
        "INT4 1 a100-80gb": (
            "it fits and costs 2.20 USD/h less, but the fleet runs in another shape and keeps it"
        ),
        "FP8 1 h200": (
            "it fits and is the better one at the same price, "
            "but the fleet runs in another shape and keeps it"
        ),
        "INT4 1 h200": "it fits, and the fleet runs in it and keeps it",
    }


def test_at_the_same_price_host_memory_decides_and_at_last_the_name() -> None:
    maverick = spec("maverick", gpu={"count": 2}, serving={"contextLength": 65_536})
    twin = dataclasses.replace(H200, name="z-twin")
    nvl, half = pool("h100-nvl", "3.39"), pool("a100-80gb", "3.39")
    best = planned(maverick, [H200]).shape
    told = reasons(maverick, best, H200, twin, nvl, half)
    assert told == {
        "INT4 2 h200": "it is the best that fits",
        "INT4 2 z-twin": "it fits just as well, and of equals the first by name is taken",
        "INT4 2 h100-nvl": "it fits at the same price, with 21 GiB per GPU in host memory",
        "INT4 2 a100-80gb": "it fits at the same price, with 33 GiB per GPU in host memory",
    }


def test_without_a_plan_the_first_is_called_the_best() -> None:
    first, *others = (one for one in considered(SCOUT, (A100,), None) if one.feasible)
    assert (first.reason, first.chosen) == ("it is the best that fits", False)
    assert all(one.reason != first.reason for one in others)


def test_a_smaller_kv_cache_says_how_much_it_holds() -> None:
    asked = spec("llama-3.1-8b", model={"quantization": "BF16"}, gpu={"count": 1})
    l40s, a10g = pool("l40s", "1.00"), pool("a10g", "1.00")
    told = reasons(asked, planned(asked, [l40s, a10g]).shape, l40s, a10g)
    assert told["BF16 1 a10g"] == "it fits at the same price, with room for 18,878 tokens instead of 187,171"


@settings(patient, max_examples=200)
@given(asked=specs(), given_pools=several())
def test_every_shape_is_told_once_and_the_chosen_one_is_the_first(
    asked: LlamaDeploymentSpec, given_pools: list[Pool]
) -> None:
    everything = [*candidates(wanted(asked), given_pools)]
    fits = [one.shape for one in everything if one.fits]
    chosen = choose(wanted(asked), given_pools).shape if fits else None
    told = considered(asked, given_pools, chosen)
    assert len(told) == len(everything)
    assert [one.feasible for one in told] == [True] * len(fits) + [False] * (len(told) - len(fits))
    assert [one.shape for one in told if one.chosen] == ([chosen] if chosen else [])
    if chosen:
        assert told[0].shape == chosen
        assert told[0].reason == "it is the best that fits"
        assert all(is_true(one, chosen) for one in told[1 : len(fits)])


def is_true(one: Considered, chosen: Shape) -> bool:
    """Whether the reason why it lost is the first criterion by which it is worse."""
    shape, reason = one.shape, one.reason
    if shape.hourly_usd != chosen.hourly_usd:
        return is_true_price(shape.hourly_usd, chosen.hourly_usd, reason)
    if not shape.hourly_usd and shape.gpus != chosen.gpus:
        return shape.gpus > chosen.gpus and reason.endswith(f"{shape.gpus} GPUs instead of {chosen.gpus}")
    if shape.quantization != chosen.quantization:
        order = [*PRECISIONS]
        lower = order.index(shape.quantization) > order.index(chosen.quantization)
        return lower and reason.endswith(f"in the lower precision {shape.quantization}")
    if shape.offload_gib != chosen.offload_gib:
        more_moved = shape.offload_gib > chosen.offload_gib
        return more_moved and reason.endswith(f"with {shape.offload_gib} GiB per GPU in host memory")
    if shape.kv_tokens != chosen.kv_tokens:
        tokens = f"room for {shape.kv_tokens:,} tokens instead of {chosen.kv_tokens:,}"
        return shape.kv_tokens < chosen.kv_tokens and reason.endswith(tokens)
    return shape.pool.name > chosen.pool.name and "of equals the first by name" in reason


def is_true_price(usd: Decimal | None, chosen: Decimal | None, reason: str) -> bool:
    assert chosen is not None, "a price that is known comes first"
    if usd is None:
        return reason == "it fits, but its price is not known"
    more = Decimal(reason.removeprefix("it fits, and costs ").removesuffix(" USD/h more"))
    return more == usd - chosen > 0


@pytest.mark.parametrize(
    ("gpu", "reasons"),
    [
        pytest.param({"pools": ["small"]}, {"large": "it is not among spec.gpu.pools"}, id="not named"),
        pytest.param(
            {"count": 8}, {"small": "its nodes have 4 GPUs, and spec.gpu.count is 8"}, id="too small"
        ),
        pytest.param(
            {"capacityType": "Spot"},
            {"small": "it sells no spot capacity, and spec.gpu.capacityType is Spot"},
            id="no spot capacity",
        ),
    ],
)
def test_a_pool_that_was_not_looked_at_says_why(gpu: dict[str, object], reasons: dict[str, str]) -> None:
    pools = resolve(
        [
            gpupool("small", "a100-80gb", "1.19", gpusPerNode=4),
            GpuPool.model_validate(
                {
                    "metadata": {"name": "large"},
                    "spec": {"gpu": "a100-80gb", "price": {"onDemand": "1.19", "spot": "0.60"}},
                }
            ),
        ]
    )
    assert {one.pool: one.reason for one in left_out(spec("scout", gpu=gpu), pools)} == reasons


def test_an_unusable_pool_says_which_of_its_fields_is_wrong() -> None:
    pools = resolve([gpupool("gold", "a100-80gb", "1.19"), gpupool("odd", "tpu-v5", "1")])
    (told,) = left_out(spec("scout"), pools)
    assert told.pool == "odd"
    assert told.reason.startswith("its spec.gpu = tpu-v5: must be a GPU of the catalogue: a100-40gb, ")
