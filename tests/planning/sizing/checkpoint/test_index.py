"""What a safetensors index tells: which tensors are quantized, and how many bytes there are."""

import pytest

from planning.sizing.checkpoint.published import (
    CONFIGS,
    LLAMA_4_IGNORE,
    Json,
    compressed,
    config,
    read,
    refusal,
)

BF16_8B = 16_060_522_496
"""Bytes of Llama 3.1 8B in bfloat16."""

W4A16_SCOUT = 64_873_065_472


def index(*tensors: str, total: object = None) -> Json:
    """The index of a checkpoint with these tensors."""
    metadata = {} if total is None else {"total_size": total}
    return {"metadata": metadata, "weight_map": dict.fromkeys(tensors, "model.safetensors")}


def layers(count: int, *tensors: str, prefix: str = "model.") -> tuple[str, ...]:
    """Tensors that every layer has."""
    return tuple(f"{prefix}layers.{layer}.{tensor}" for layer in range(count) for tensor in tensors)


ATTENTION = tuple(f"self_attn.{part}_proj" for part in "qkvo")
MLP = tuple(f"mlp.{part}_proj" for part in ("gate", "up", "down"))
PLAIN_8B = (*layers(32, *(f"{name}.weight" for name in (*ATTENTION, *MLP))), "lm_head.weight")


# Which tensors are quantized


@pytest.mark.parametrize("mark", ["weight_packed", "weight_scale", "weight_scale_inv", "qweight"])
def test_the_tensors_decide_even_where_the_config_leaves_a_group_out(mark: str) -> None:
    stored = config("llama-3.1-8b", quantization_config=compressed("lm_head", "re:.*self_attn"))
    tensors = layers(32, *(f"{name}.{mark}" for name in (*ATTENTION, *MLP)))
    assert read("llama-3.1-8b", stored, index(*tensors)).quantized_groups == {"attention", "dense_mlp"}


def test_a_group_without_packed_tensors_is_bfloat16_whatever_the_config_says() -> None:
    stored = config("llama-3.1-8b", quantization_config=compressed("lm_head"))
    tensors = (
        *layers(32, *(f"{name}.weight" for name in ATTENTION)),
        *layers(32, *(f"{name}.weight_packed" for name in MLP)),
    )
    assert read("llama-3.1-8b", stored, index(*tensors)).quantized_groups == {"dense_mlp"}


def test_a_pattern_that_cannot_be_read_does_no_harm_beside_an_index() -> None:
    stored = config("llama-3.1-8b", quantization_config=compressed("re:.*(q|k)_proj"))
    tensors = layers(32, *(f"{name}.weight_packed" for name in MLP))
    assert read("llama-3.1-8b", stored, index(*tensors)).quantized_groups == {"dense_mlp"}


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model.", "model."])
def test_the_experts_of_a_layer_are_one_group_under_every_name(prefix: str) -> None:
    tensors = layers(
        48,
        *(
            f"feed_forward.experts.{n}.{part}_proj.weight_packed"
            for n in range(16)
            for part in ("gate", "up", "down")
        ),
        *(f"feed_forward.shared_expert.{part}_proj.weight_packed" for part in ("gate", "up", "down")),
        "feed_forward.router.weight",
        prefix=prefix,
    )
    own = read("scout", config("scout", quantization_config=compressed()), index(*tensors))
    assert own.quantized_groups == {"routed_experts", "shared_experts"}


def test_experts_that_are_stored_as_one_tensor_are_seen_by_its_scale() -> None:
    tensors = layers(
        48,
        "feed_forward.experts.gate_up_proj",
        "feed_forward.experts.gate_up_proj_scale",
        "feed_forward.experts.down_proj",
        "feed_forward.experts.down_proj_scale",
        prefix="language_model.model.",
    )
    own = read(
        "maverick", config("maverick", quantization_config={"quant_method": "fbgemm_fp8"}), index(*tensors)
    )
    assert own.quantized_groups == {"routed_experts"}


def test_vision_projector_and_output_head_are_seen_under_their_names() -> None:
    tensors = (
        "vision_model.model.layers.0.self_attn.q_proj.weight_scale",
        "multi_modal_projector.linear_1.weight_scale",
        "language_model.lm_head.weight_scale",
    )
    own = read("scout", config("scout", quantization_config={"quant_method": "fp8"}), index(*tensors))
    assert own.quantized_groups == {"vision_tower", "mm_projector", "lm_head"}


def test_scales_of_the_kv_cache_quantize_no_weight() -> None:
    tensors = (*PLAIN_8B, *layers(32, "self_attn.k_scale", "self_attn.v_proj.output_scale"))
    assert read("llama-3.1-8b", index=index(*tensors)).precision.name == "BF16"


def test_packed_tensors_without_a_quantization_config_are_refused() -> None:
    assert refusal(
        "llama-3.1-8b", CONFIGS["llama-3.1-8b"], index("model.layers.0.mlp.up_proj.weight_packed")
    ) == (
        "quantization_config in config.json = absent: must be there, because tensors of the checkpoint are "
        "quantized"
    )


def test_a_quantization_config_without_packed_tensors_is_refused() -> None:
    stored = config("llama-3.1-8b", quantization_config=compressed("lm_head"))
    assert refusal("llama-3.1-8b", stored, index(*PLAIN_8B)) == (
        "quantization_config in config.json = an object: must be absent when nothing is quantized: "
        "no tensor of the checkpoint is"
    )


@pytest.mark.parametrize("empty", [{}, {"weight_map": {}}, {"weight_map": None}, {"metadata": {}}, None])
def test_an_index_that_lists_nothing_leaves_it_to_the_config(empty: Json | None) -> None:
    stored = config("llama-3.1-8b", quantization_config=compressed("lm_head"))
    own = read("llama-3.1-8b", stored, empty)
    assert own.quantized_groups == {"attention", "dense_mlp"}
    assert own.stored_bytes is None


# How many bytes there are


@pytest.mark.parametrize("total", [BF16_8B, 15_300_000_000, 16_860_000_000, float(BF16_8B)])
def test_the_bytes_of_the_index_are_taken_when_they_are_near_those_of_the_config(total: float) -> None:
    assert read("llama-3.1-8b", index=index(*PLAIN_8B, total=total)).stored_bytes == int(total)


@pytest.mark.parametrize("total", [15_250_000_000, 16_870_000_000])
def test_bytes_that_are_off_by_more_than_a_twentieth_are_refused_by_both_figures(total: int) -> None:
    message = refusal("llama-3.1-8b", CONFIGS["llama-3.1-8b"], index(*PLAIN_8B, total=total))
    assert message == (
        f"the size of the safetensors files = {total} bytes ({total / 2**30:.2f} GiB): must be within 5 % of "
        "16060522496 bytes (14.96 GiB), which config.json describes: the two do not belong together, or "
        "files are missing"
    )


def test_the_bytes_are_compared_with_the_precision_that_the_config_names() -> None:
    stored = config("scout", quantization_config=compressed(*LLAMA_4_IGNORE))
    assert read("scout", stored, index(total=W4A16_SCOUT)).stored_bytes == W4A16_SCOUT
    assert "must be within 5 % of 217283587072 bytes" in refusal(
        "scout", CONFIGS["scout"], index(total=W4A16_SCOUT)
    )


def test_an_output_head_that_a_tied_model_stores_all_the_same_is_no_contradiction() -> None:
    with_head = 2_471_628_800 + 2 * 262_668_288
    own = read("llama-3.2-1b", index=index("model.embed_tokens.weight", "lm_head.weight", total=with_head))
    assert own.stored_bytes == with_head
    assert "lm_head" not in own.model.parameters
    assert "must be within 5 %" in refusal(
        "llama-3.2-1b", CONFIGS["llama-3.2-1b"], index("model.embed_tokens.weight", total=with_head)
    )


@pytest.mark.parametrize("total", [0, -1, "16060522496", True, 10**30, float("nan")])
def test_bytes_that_are_no_number_are_refused(total: object) -> None:
    message = refusal("llama-3.1-8b", CONFIGS["llama-3.1-8b"], index(total=total))
    assert message.startswith("metadata.total_size in model.safetensors.index.json = ")
    assert message.endswith(": must be a whole number from 1 to 1125899906842624")
