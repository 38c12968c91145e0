"""The figures of a shape under their public names, as the status and the command line show them."""

from decimal import Decimal

import pytest

from builders import SAMPLES, gpu_pool, llama, plan_of, shape_of
from llamafleet.api.status import StatusPlan
from llamafleet.rendering.figures import figures

SCOUT = {
    "pool": "a100-80gb",
    "gpu": "a100-80gb",
    "gpusPerReplica": 1,
    "tensorParallel": 1,
    "pipelineParallel": 1,
    "quantization": "INT4",
    "capacityType": "OnDemand",
    "checkpoint": "RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16",
    "weightsGiBPerGpu": "58.79",
    "ropeTableGiBPerGpu": "0.03",
    "hostOffloadGiBPerGpu": "0.00",
    "hostMemoryGiB": "22.00",
    "overheadGiBPerGpu": "2.50",
    "kvCacheGiBPerGpu": "11.49",
    "kvTokens": 160674,
    "maxContextLength": 65536,
    "maxConcurrency": "2.45",
    "hourlyUsdPerReplica": "1.19",
}

RESOURCES = {path.stem: llama(path) for path in SAMPLES}


def test_scout_on_one_a100_is_told_in_full_and_in_this_order() -> None:
    told = figures(shape_of(RESOURCES["scout"]))
    assert told == SCOUT
    assert list(told) == list(SCOUT)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES.keys())
def test_the_status_takes_every_figure(resource: object) -> None:
    told = figures(shape_of(resource))
    assert StatusPlan.model_validate(told).model_dump(by_alias=True, exclude={"explanation"}) == told


def test_maverick_on_two_tells_what_lies_in_host_memory() -> None:
    told = figures(shape_of(RESOURCES["maverick"]))
    assert (told["gpusPerReplica"], told["tensorParallel"], told["pipelineParallel"]) == (2, 2, 1)
    assert told["weightsGiBPerGpu"] == "99.76"


def test_a_pool_that_sells_spot_capacity_shows_its_price_to_whoever_takes_it() -> None:
    pool = gpu_pool(price={"onDemand": "2.5", "spot": "0.755"})
    told = {
        capacity: figures(plan_of(llama(gpu={"capacityType": capacity}), pools=[pool]).shape)
        for capacity in ("OnDemand", "Spot", "SpotPreferred")
    }
    assert {capacity: told[capacity]["capacityType"] for capacity in told} == {
        "OnDemand": "OnDemand",
        "Spot": "Spot",
        "SpotPreferred": "SpotPreferred",
    }
    assert told["OnDemand"]["hourlyUsdPerReplica"] == "2.50"
    assert told["Spot"]["hourlyUsdPerReplica"] == told["SpotPreferred"]["hourlyUsdPerReplica"] == "0.755"


def test_a_price_that_is_not_known_is_left_out_and_a_price_of_0_is_not() -> None:
    unknown, free = (
        figures(plan_of(llama(), pools=[gpu_pool(gpu="l40", **price)]).shape)
        for price in ({}, {"price": {"onDemand": "0"}})
    )
    assert free == {**unknown, "hourlyUsdPerReplica": "0.00"}
    assert "hourlyUsdPerReplica" not in unknown
    assert StatusPlan.model_validate(unknown).hourly_usd_per_replica is None


def test_the_memory_of_a_gpu_adds_up() -> None:
    told = figures(shape_of(RESOURCES["maverick"]))
    taken = ("weightsGiBPerGpu", "ropeTableGiBPerGpu", "overheadGiBPerGpu", "kvCacheGiBPerGpu")
    used = sum(Decimal(told[name]) for name in taken) - Decimal(told["hostOffloadGiBPerGpu"])
    assert abs(used - Decimal("72.82")) <= Decimal("0.03"), "each figure is rounded for itself"
