"""Experts in host memory: how much, what it takes, and what it costs in speed, by the published estimates."""

import pytest

from llamafleet.catalogue import PRECISIONS, models
from llamafleet.planning.sizing.memory import weigh
from llamafleet.planning.sizing.offload import (
    layer_bytes,
    layers_touched,
    most_offload_gib,
    pinned,
    seconds_per_step,
)
from planning.givens import gib, over

MAVERICK = layer_bytes(models()["maverick"], PRECISIONS["INT4"], 2)


def test_one_layer_of_maverick_on_two_gpus_is_four_tensors() -> None:
    assert [round(gib(size), 3) for size in MAVERICK] == [2.5, 1.25, 0.078, 0.039]
    assert gib(sum(MAVERICK)) == pytest.approx(3.867, abs=0.001)


def test_bfloat16_experts_have_no_scales() -> None:
    assert len(layer_bytes(models()["maverick"], PRECISIONS["BF16"], 2)) == 2


def test_a_dense_model_has_no_experts() -> None:
    assert layer_bytes(models()["llama-3.1-70b"], PRECISIONS["INT4"], 2) == ()


@pytest.mark.parametrize(
    ("offload_gib", "layers"), [(32, 9), (34, 9), (35, 10), (36, 10), (38, 10), (39, 11)]
)
def test_a_layer_gives_up_its_experts_as_a_whole(offload_gib: int, layers: int) -> None:
    assert layers_touched(MAVERICK, offload_gib) == layers


def test_pinned_memory_counts_tensors_rounded_up_to_powers_of_two() -> None:
    # 10 layers x 6.1875 GiB x 2 ranks
    assert gib(pinned(MAVERICK, 10, 2)) == 123.75


def test_a_tensor_of_a_power_of_two_is_not_rounded_and_one_byte_more_doubles_it() -> None:
    assert [pinned((size,), 1, 1) for size in (4096, 4097, 8192)] == [4096, 8192, 8192]


def test_at_most_half_of_the_weights_may_leave_the_gpu() -> None:
    maverick = models()["maverick"]
    weights = weigh(maverick, PRECISIONS["INT4"], maverick.quantized_groups, text_only=True)
    assert gib(weights.per_rank(over(2))) == pytest.approx(99.76, abs=0.01)
    assert most_offload_gib(maverick, PRECISIONS["INT4"], weights, 2) == 49


@pytest.mark.parametrize(("gpus", "most"), [(1, 11), (2, 11), (4, 7)])
def test_scouts_sixteen_experts_are_too_few_to_wait_for(gpus: int, most: int) -> None:
    # Each token reads a sixteenth of a layer: 3.2 ms on one GPU, so 12 of 48 layers make 40 ms.
    scout = models()["scout"]
    weights = weigh(scout, PRECISIONS["INT4"], scout.quantized_groups, text_only=True)
    assert most_offload_gib(scout, PRECISIONS["INT4"], weights, gpus) == most


def test_a_dense_model_may_offload_nothing() -> None:
    model = models()["llama-3.1-70b"]
    weights = weigh(model, PRECISIONS["INT4"], model.quantized_groups, text_only=False)
    assert most_offload_gib(model, PRECISIONS["INT4"], weights, 1) == 0


@pytest.mark.parametrize(
    ("tokens", "milliseconds"), [(1, 16), (4, 64), (8, 126), (16, 245), (32, 461), (64, 819)]
)
def test_a_decode_step_reads_the_experts_that_are_hit(tokens: int, milliseconds: int) -> None:
    assert round(seconds_per_step(MAVERICK, 10, 128, tokens) * 1000) == milliseconds


def test_a_prefill_step_reads_them_all() -> None:
    assert seconds_per_step(MAVERICK, 10, 128, 2048) == pytest.approx(2.08, abs=0.01)
