"""What a quantization_config tells: the bytes of a weight, and which weights have them."""

from fractions import Fraction

import pytest

from llamafleet.catalogue import models
from llamafleet.catalogue.precision import FORMATS
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.memory import weigh
from planning.sizing.checkpoint.published import (
    LLAMA_4_IGNORE,
    Json,
    compressed,
    config,
    read,
    refusal,
    with_text,
)

DENSE = {"attention", "dense_mlp"}
EXPERTS = {"routed_experts", "shared_experts"}

ATTENTION_TOO = ("re:.*lm_head", "re:.*router", "re:vision_model.*", "re:multi_modal_projector.*")
"""What older recipes for Llama 4 leave out: they quantize attention."""


def quantized(variant: str, stored: Json) -> OwnWeights:
    """A variant whose checkpoint is stored so."""
    return read(variant, config(variant, quantization_config=stored))


def size(own: OwnWeights) -> int:
    """Bytes of all weights, as the planner counts them."""
    return weigh(own.model, own.precision, own.quantized_groups, text_only=False).total


def why_not(variant: str, stored: Json) -> str:
    return refusal(variant, config(variant, quantization_config=stored))


# The sizes of published checkpoints


@pytest.mark.parametrize(
    ("variant", "stored", "name", "groups", "expected"),
    [
        ("llama-3.1-8b", compressed("lm_head"), "INT4", DENSE, 5_700_591_616),
        ("llama-3.1-70b", compressed("lm_head"), "INT4", DENSE, 39_500_398_592),
        ("llama-3.1-405b", compressed("re:.*lm_head"), "INT4", DENSE, 215_512_678_400),
        ("llama-3.2-1b", compressed("lm_head"), "INT4", DENSE, 1_027_215_360),
        (
            "llama-3.1-8b",
            compressed("lm_head", num_bits=8, type="float", strategy="channel", group_size=None),
            "FP8",
            DENSE,
            9_081_200_640,
        ),
        (
            "llama-3.1-70b",
            compressed("lm_head", num_bits=8, strategy="channel", group_size=None),
            "INT8",
            DENSE,
            72_656_371_712,
        ),
        (
            "llama-3.2-11b-vision",
            compressed("re:.*lm_head", "re:multi_modal_projector.*", "re:vision_model.*"),
            "INT4",
            {*DENSE, "cross_attention"},
            8_390_528_070,
        ),
        ("scout", compressed(*LLAMA_4_IGNORE), "INT4", EXPERTS, 64_873_065_472),
        ("scout", compressed(*ATTENTION_TOO), "INT4", {*EXPERTS, "attention"}, 60_390_403_072),
        ("scout", compressed(*LLAMA_4_IGNORE, group_size=32), "INT4", EXPERTS, 69_686_029_312),
        (
            "scout",
            compressed(*LLAMA_4_IGNORE, type="float", strategy="tensor_group", group_size=16),
            "INT4",
            EXPERTS,
            69_686_029_312,
        ),
        (
            "scout",
            compressed(*LLAMA_4_IGNORE, type="float", group_size=32),
            "INT4",
            EXPERTS,
            66_477_386_752,
        ),
        ("maverick", compressed(*LLAMA_4_IGNORE), "INT4", {*EXPERTS, "dense_mlp"}, 215_938_788_352),
        (
            "maverick",
            {
                "quant_method": "fbgemm_fp8",
                "activation_scale_ub": 1200.0,
                "modules_to_not_convert": [
                    "vision_model",
                    "multi_modal_projector",
                    "self_attn",
                    "shared_expert",
                    "feed_forward.gate_proj",
                    "feed_forward.up_proj",
                    "feed_forward.down_proj",
                ],
            },
            "FP8",
            {"routed_experts"},
            416_620_506_112,
        ),
    ],
    ids=[
        "8B w4a16",
        "70B w4a16",
        "405B w4a16",
        "1B w4a16 with tied embeddings",
        "8B FP8",
        "70B INT8",
        "11B-Vision w4a16",
        "Scout w4a16",
        "Scout w4a16 with attention",
        "Scout w4a16 in groups of 32",
        "Scout NVFP4",
        "Scout MXFP4",
        "Maverick w4a16",
        "Maverick FP8 as Meta published it",
    ],
)
def test_a_published_checkpoint_has_its_published_size(
    variant: str, stored: Json, name: str, groups: set[str], expected: int
) -> None:
    own = quantized(variant, stored)
    assert own.precision.name == name
    assert own.quantized_groups == groups
    assert own.stored_bytes is None
    assert size(own) == expected


# The bytes of a weight


@pytest.mark.parametrize(
    ("weights", "known"),
    [
        ({}, "w4a16-g128"),
        ({"symmetric": False}, "w4a16-g128-zero-points"),
        ({"group_size": 32}, "w4a16-g32"),
        ({"strategy": None}, "w4a16-g128"),
        ({"type": "float", "group_size": 32}, "mxfp4"),
        ({"type": "float", "num_bits": 8, "strategy": "block", "group_size": None}, "fp8"),
        ({"num_bits": 8, "strategy": "channel"}, "int8"),
    ],
    ids=str,
)
def test_a_format_of_the_catalogue_is_found_again(weights: Json, known: str) -> None:
    assert quantized("llama-3.1-8b", compressed("lm_head", **weights)).precision is FORMATS[known]


@pytest.mark.parametrize(
    ("weights", "weight_bytes", "scale_bytes"),
    [
        ({"group_size": 64}, Fraction(1, 2), Fraction(2, 64)),
        ({"group_size": 64, "symmetric": False}, Fraction(1, 2), Fraction(5, 2) / 64),
        ({"strategy": "channel"}, Fraction(1, 2), Fraction(0)),
        ({"group_size": -1}, Fraction(1, 2), Fraction(0)),
        ({"num_bits": 8}, Fraction(1), Fraction(2, 128)),
        ({"num_bits": 8, "symmetric": False}, Fraction(1), Fraction(3, 128)),
        ({"num_bits": 8, "type": "float", "group_size": 32}, Fraction(1), Fraction(2, 32)),
    ],
    ids=str,
)
def test_any_other_format_is_counted_exactly(
    weights: Json, weight_bytes: Fraction, scale_bytes: Fraction
) -> None:
    precision = quantized("llama-3.1-8b", compressed("lm_head", **weights)).precision
    assert (precision.weight_bytes, precision.scale_bytes) == (weight_bytes, scale_bytes)


@pytest.mark.parametrize(
    ("stored", "known"),
    [
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}, "w4a16-g128-zero-points"),
        ({"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": False}, "w4a16-g128"),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}, "w4a16-g128-zero-points"),
        ({"quant_method": "gptq", "bits": 8, "group_size": -1}, "int8"),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "ignore": ["lm_head"]}, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4", "exclude_modules": ["lm_head"]}, "nvfp4"),
        ({"quant_method": "compressed_tensors", **compressed("lm_head")}, "w4a16-g128"),
    ],
    ids=str,
)
def test_every_method_quantizes_the_layers_and_leaves_the_output_head(stored: Json, known: str) -> None:
    own = quantized("llama-3.1-8b", stored)
    assert own.precision is FORMATS[known]
    assert own.quantized_groups == DENSE


def test_a_quantization_config_may_stand_in_the_text_config() -> None:
    own = read("scout", with_text("scout", quantization_config=compressed(*LLAMA_4_IGNORE)))
    assert own.quantized_groups == EXPERTS


# Which weights


@pytest.mark.parametrize("method", ["awq", "gptq"])
def test_awq_and_gptq_leave_the_vision_part_alone(method: str) -> None:
    stored = {"quant_method": method, "bits": 4, "group_size": 128}
    assert quantized("scout", stored).quantized_groups == {*EXPERTS, "attention"}


def test_a_file_that_leaves_nothing_out_quantizes_vision_and_output_head_but_never_the_router() -> None:
    own = quantized("scout", compressed())
    assert own.quantized_groups == {*EXPERTS, "attention", "lm_head", "vision_tower", "mm_projector"}


def test_gptq_quantizes_the_output_head_when_it_says_so() -> None:
    own = quantized("llama-3.1-8b", {"quant_method": "gptq", "bits": 4, "group_size": 128, "lm_head": True})
    assert own.quantized_groups == {*DENSE, "lm_head"}


@pytest.mark.parametrize(
    "ignored",
    [
        "self_attn",
        "re:.*self_attn.*",
        "re:.*\\.self_attn\\..*",
        "re:^model\\.layers\\.\\d+\\.self_attn",
        "re:model.layers.[0-9]+.self_attn.+_proj$",
        "*self_attn*",
        "model.layers.*.self_attn.*",
    ],
)
def test_a_group_can_be_left_out_in_the_words_of_every_tool(ignored: str) -> None:
    assert quantized("llama-3.1-8b", compressed("lm_head", ignored)).quantized_groups == {"dense_mlp"}


@pytest.mark.parametrize(
    "ignored", ["attn", "re:self_attn", "layers.0.self", "re:.*self_attn$", "*self_attn"]
)
def test_a_name_that_no_layer_has_leaves_nothing_out(ignored: str) -> None:
    assert quantized("llama-3.1-8b", compressed("lm_head", ignored)).quantized_groups == DENSE


def test_layers_can_be_listed_one_by_one() -> None:
    names = [f"language_model.model.layers.{n}.self_attn.{p}_proj" for n in range(48) for p in "qkvo"]
    others = [
        "language_model.lm_head",
        "vision_model.model.layers.0.mlp.fc1",
        "multi_modal_projector.linear_1",
    ]
    assert quantized("scout", compressed(*names, *others)).quantized_groups == EXPERTS


def test_targets_say_which_layers_are_meant() -> None:
    own = quantized("scout", compressed(targets=("re:.*feed_forward.experts.*",)))
    assert own.quantized_groups == {"routed_experts"}


def test_a_group_of_which_a_few_layers_are_left_out_counts_as_quantized_and_the_bytes_stay_exact() -> None:
    first_and_last = ("model.layers.0.mlp", "model.layers.31.mlp")
    own = quantized("llama-3.1-8b", compressed("lm_head", *first_and_last))
    left_out = 2 * 3 * 4096 * 14336
    assert own.quantized_groups == DENSE
    assert own.stored_bytes == 5_700_591_616 + left_out * 2 - left_out * 33 // 64


def test_a_group_of_which_a_few_layers_are_quantized_counts_as_bfloat16() -> None:
    own = quantized("llama-3.1-8b", compressed(targets=("model.layers.0.mlp", "re:.*self_attn")))
    assert own.quantized_groups == {"attention"}
    small = models()["llama-3.1-8b"].parameters["attention"] + 3 * 4096 * 14336
    assert own.stored_bytes == 16_060_522_496 - small * 2 + small * 33 // 64


# What cannot be served or sized

FEW_BITS = (
    "must be 4 or 8: the kernels of vLLM 0.32 for quantized Llama models (Marlin, and Triton for experts) "
    "take no other, and those for fewer bits (Humming) cannot run the experts of Llama 4"
)
SIZED = "must be one of compressed-tensors, fp8, fbgemm_fp8, awq, gptq, modelopt, modelopt_fp4"


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (compressed(num_bits=3), f"config_groups.group_0.weights.num_bits in config.json = 3: {FEW_BITS}"),
        ({"quant_method": "gptq", "bits": 2}, f"bits in config.json = 2: {FEW_BITS}"),
        (
            {"quant_method": "bitsandbytes", "load_in_4bit": True},
            f'quant_method in config.json = "bitsandbytes": {SIZED}: vLLM 0.32 has no bitsandbytes',
        ),
        ({"quant_method": "aqlm"}, f'quant_method in config.json = "aqlm": {SIZED}: vLLM 0.32 has no aqlm'),
        (
            {"quant_method": "quark"},
            f'quant_method in config.json = "quark": {SIZED}, whose sizes are known',
        ),
        ({}, "quant_method in config.json = absent: must be a text of at most 1000 characters"),
        (
            {"quant_method": "modelopt", "quant_algo": "W4A8_AWQ"},
            'quant_algo in config.json = "W4A8_AWQ": must be FP8 or NVFP4, whose sizes are known',
        ),
        (
            {"quant_method": "gptq", "bits": 4, "dynamic": {"+:.*down_proj": {"bits": 8}}},
            (
                "dynamic in config.json = an object: "
                "must be empty: layers that are stored differently cannot be sized"
            ),
        ),
        (
            {**compressed(), "sparsity_config": {"format": "sparse-24-bitmask"}},
            (
                'sparsity_config.format in config.json = "sparse-24-bitmask": '
                "must be dense: the size of sparse weights is not known"
            ),
        ),
        (
            compressed(type="str"),
            'config_groups.group_0.weights.type in config.json = "str": must be int or float',
        ),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": None}}},
            "config_groups in config.json = an object: must say how weights are stored",
        ),
    ],
    ids=[
        "3 bits",
        "2 bits",
        "bitsandbytes",
        "aqlm",
        "a method of unknown size",
        "no method",
        "a ModelOpt algorithm of unknown size",
        "layers with bits of their own",
        "sparse weights",
        "neither integers nor floats",
        "activations only",
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(stored: Json, message: str) -> None:
    assert why_not("scout", stored) == f"quantization_config.{message}"


def test_a_mix_of_precisions_is_refused() -> None:
    two = compressed("lm_head")
    two["config_groups"]["group_1"] = {
        "targets": ["re:.*self_attn"],
        "weights": {"num_bits": 8, "type": "float", "strategy": "channel"},
    }
    assert why_not("llama-3.1-8b", two) == (
        "quantization_config.config_groups in config.json = an object: "
        "must store all quantized weights alike: a mix cannot be sized"
    )


def test_two_groups_of_one_precision_are_added() -> None:
    two = compressed(targets=("re:.*self_attn",))
    two["config_groups"]["group_1"] = compressed(targets=("re:.*mlp",))["config_groups"]["group_0"]
    assert quantized("llama-3.1-8b", two).quantized_groups == DENSE


@pytest.mark.parametrize("pattern", ["re:.*(q|k)_proj", "re:(a*)*b", "re:[^x]", "re:x{9}", "re:a*", "re:\\w"])
def test_a_pattern_that_would_have_to_be_run_is_refused(pattern: str) -> None:
    shown = pattern.replace("\\", "\\\\")
    assert why_not("llama-3.1-8b", compressed(pattern)) == (
        f'a pattern of quantization_config in config.json = "{shown}": must be made of letters, dots, .* and '
        "numbers such as [0-9]+; or give the safetensors index, whose tensors tell without any pattern which "
        "layers are quantized"
    )


def test_a_config_that_quantizes_nothing_is_refused() -> None:
    assert why_not("llama-3.1-8b", compressed("re:.*")) == (
        "quantization_config in config.json = an object: must be absent when nothing is quantized: "
        "it leaves every layer out"
    )
