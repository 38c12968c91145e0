"""Every shape that was considered says why it was taken or lost."""

import pytest

from llamafleet.api.gpupool import GpuPool
from llamafleet.planning.considered import Considered, considered, left_out
from llamafleet.planning.pools import resolve
from llamafleet.planning.shape import Pool
from planning.givens import gpupool, planned, pool, spec

A100, H200 = pool("a100-80gb", "1.19"), pool("h200", "3.39")
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
