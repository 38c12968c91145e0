"""The catalogue's figures against the published ones, and its form."""

from decimal import Decimal
from fractions import Fraction

import pytest

from llamafleet.catalogue import PRECISIONS, gpus, models

GIB = 2**30

TOTALS = {
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.3-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "scout": 108_641_793_536,
    "maverick": 401_583_781_376,
}

MEMORY_GIB = {
    "a100-40gb": "39.25",
    "a100-80gb": "79.15",
    "h100-80gb": "79.10",
    "h100-nvl": "93.02",
    "h200": "139.72",
    "b200": "178.35",
    "l4": "22.03",
    "a10g": "22.06",
    "l40s": "44.39",
    "rtx-4090": "23.52",
    "rtx-6000-ada": "47.40",
    "rtx-pro-6000": "94.97",
    "mi300x": "191.69",
}


def test_the_catalogue_holds_the_text_models_of_llama_3_and_4() -> None:
    assert models().keys() == TOTALS.keys()


@pytest.mark.parametrize("variant", TOTALS)
def test_the_parameter_groups_add_up_to_the_published_count(variant: str) -> None:
    assert sum(models()[variant].parameters.values()) == TOTALS[variant]


@pytest.mark.parametrize("variant", TOTALS)
def test_every_figure_and_checkpoint_of_a_model_names_its_source(variant: str) -> None:
    model = models()[variant]
    assert model.source
    assert model.checkpoints.keys() <= PRECISIONS.keys()
    for checkpoint in model.checkpoints.values():
        assert checkpoint.source
        assert checkpoint.repository.count("/") == 1


@pytest.mark.parametrize("variant", ["scout", "maverick"])
def test_the_routed_experts_have_the_size_that_their_shape_says(variant: str) -> None:
    model = models()[variant]
    experts = model.experts
    assert experts is not None
    one = 3 * model.hidden_size * experts.intermediate_size
    assert model.parameters["routed_experts"] == experts.layers * experts.count * one


def test_only_llama_4_takes_images() -> None:
    assert {variant for variant, model in models().items() if model.sees} == {"scout", "maverick"}


def test_metas_own_fp8_maverick_quantizes_routed_experts_only() -> None:
    checkpoints = models()["maverick"].checkpoints
    assert checkpoints["FP8"].quantized_groups == {"routed_experts"}
    assert checkpoints["INT4"].quantized_groups == {"routed_experts", "shared_experts", "dense_mlp"}


def test_a_precision_without_a_known_checkpoint_is_left_out() -> None:
    assert tuple(models()["llama-3.2-1b"].checkpoints) == ("BF16", "FP8", "INT8")
    assert tuple(models()["scout"].checkpoints) == ("BF16", "FP8", "INT4")


def test_every_gpu_counts_the_memory_that_its_driver_reports() -> None:
    assert {key: Decimal(text) for key, text in MEMORY_GIB.items()} == {
        key: (Decimal(gpu.memory) / GIB).quantize(Decimal("0.01")) for key, gpu in gpus().items()
    }


@pytest.mark.parametrize("key", MEMORY_GIB)
def test_every_gpu_names_the_source_of_its_memory(key: str) -> None:
    assert gpus()[key].memory_source


def test_only_the_a100_80gb_has_a_built_in_price() -> None:
    priced = {key: gpu.hourly_usd for key, gpu in gpus().items() if gpu.hourly_usd is not None}
    assert priced == {"a100-80gb": Decimal("1.19")}
    assert gpus()["a100-80gb"].price_source


@pytest.mark.parametrize(
    ("gpu", "tokens"),
    [
        ("a100-80gb", 2048),
        ("l40s", 2048),
        ("h100-80gb", 8192),
        ("h200", 8192),
        ("b200", 16384),
        ("mi300x", 16384),
    ],
)
def test_a_step_has_the_tokens_that_vllm_resolves_for_the_gpu(gpu: str, tokens: int) -> None:
    assert gpus()[gpu].max_batched_tokens == tokens


def test_int4_counts_one_bfloat16_scale_for_128_weights() -> None:
    assert PRECISIONS["INT4"].bytes == Fraction(1, 2) + Fraction(2, 128)
