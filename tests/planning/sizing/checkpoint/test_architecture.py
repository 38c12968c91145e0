"""What a config.json tells of the architecture: every parameter of it, and which layers see what."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.catalogue import Experts, models
from planning.sizing.checkpoint.published import CONFIGS, Json, config, read, refusal, with_text

TOTALS = {
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.3-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "llama-3.2-11b-vision": 10_670_220_835,
    "llama-3.2-90b-vision": 88_593_355_323,
    "scout": 108_641_793_536,
    "maverick": 401_583_781_376,
}


def test_every_variant_of_the_catalogue_has_its_configuration_here() -> None:
    assert CONFIGS.keys() == models().keys() == TOTALS.keys()


@pytest.mark.parametrize("variant", TOTALS)
def test_a_published_configuration_says_what_the_catalogue_says(variant: str) -> None:
    known, own = models()[variant], read(variant).model
    differing = {
        field.name
        for field in dataclasses.fields(known)
        if getattr(known, field.name) != getattr(own, field.name)
    }
    assert differing == {"source"}


@pytest.mark.parametrize("variant", TOTALS)
def test_a_published_configuration_counts_every_parameter(variant: str) -> None:
    assert sum(read(variant).model.parameters.values()) == TOTALS[variant]


@pytest.mark.parametrize("variant", TOTALS)
def test_without_a_quantization_config_every_weight_is_bfloat16(variant: str) -> None:
    own = read(variant)
    assert own.precision.name == "BF16"
    assert own.quantized_groups == frozenset()
    assert own.stored_bytes is None


def test_a_text_only_llama_4_has_no_vision_part() -> None:
    text = {**CONFIGS["scout"]["text_config"], "architectures": ["Llama4ForCausalLM"]}
    own = read("scout", text).model
    assert not own.sees
    assert sum(own.parameters.values()) == 107_769_861_120
    nested = {"architectures": ["Llama4ForCausalLM"], "text_config": CONFIGS["scout"]["text_config"]}
    assert read("scout", nested).model.parameters == own.parameters


def test_a_model_of_half_the_layers_has_half_the_attention_and_half_the_mlp() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", num_hidden_layers=16)).model
    assert own.full_attention_layers == 16
    assert own.parameters == {
        "token_embedding": 525_336_576,
        "attention": 671_088_640,
        "dense_mlp": 2_818_572_288,
        "norms_gates": 135_168,
        "lm_head": 525_336_576,
    }


def test_a_model_of_half_the_experts_has_half_of_what_only_they_need() -> None:
    own = read("scout", with_text("scout", num_local_experts=8)).model
    assert own.experts == Experts(count=8, layers=48, intermediate_size=8192)
    assert own.parameters["routed_experts"] == 48_318_382_080
    assert own.parameters["router"] == 1_966_080
    assert own.parameters["shared_experts"] == 6_039_797_760


def test_a_maverick_of_one_layer_has_no_experts() -> None:
    own = read("maverick", with_text("maverick", num_hidden_layers=1, moe_layers=[])).model
    assert own.experts is None
    assert own.parameters["dense_mlp"] == 251_658_240
    assert "routed_experts" not in own.parameters


def test_added_words_widen_the_embedding_and_the_output_head() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", vocab_size=128_320)).model
    assert own.parameters["token_embedding"] == own.parameters["lm_head"] == 525_598_720


def test_a_tied_model_has_no_output_head_of_its_own() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", tie_word_embeddings=True)).model
    assert own.tied_embeddings
    assert "lm_head" not in own.parameters


def test_an_untied_model_gets_an_output_head() -> None:
    own = read("llama-3.2-1b", config("llama-3.2-1b", tie_word_embeddings=False)).model
    assert not own.tied_embeddings
    assert own.parameters["lm_head"] == 262_668_288


def test_the_context_is_that_of_the_checkpoint() -> None:
    assert read("scout", with_text("scout", max_position_embeddings=262_144)).model.max_positions == 262_144


def test_a_file_may_leave_out_what_transformers_has_a_default_for() -> None:
    text = with_text(
        "scout",
        attention_chunk_size=...,
        interleave_moe_layer_step=...,
        moe_layers=...,
        no_rope_layers=...,
        head_dim=...,
    )
    assert read("scout", text).model.parameters == models()["scout"].parameters
    small = {key: value for key, value in CONFIGS["llama-3.1-8b"].items() if key != "head_dim"}
    assert read("llama-3.1-8b", small).model.head_dim == 128


def test_a_whole_number_may_be_written_with_a_point() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", num_hidden_layers=32.0))
    assert own.model.parameters == models()["llama-3.1-8b"].parameters


@pytest.mark.parametrize(
    ("changes", "full", "chunked", "chunk"),
    [
        ({"no_rope_layer_interval": 4}, 12, 36, 8192),
        ({"no_rope_layer_interval": 2}, 24, 24, 8192),
        ({"no_rope_layer_interval": 1}, 48, 0, 0),
        ({"no_rope_layers": [1, 1, 1, 0] * 12}, 12, 36, 8192),
        ({"no_rope_layers": [1, 0] * 24, "no_rope_layer_interval": 4}, 24, 24, 8192),
        ({"no_rope_layers": [1] * 48}, 0, 48, 8192),
        ({"attention_chunk_size": 4096}, 12, 36, 4096),
        ({"attention_chunk_size": None}, 48, 0, 0),
        ({"attention_chunk_size": 0}, 48, 0, 0),
        ({"layer_types": (["chunked_attention"] * 3 + ["full_attention"]) * 12}, 12, 36, 8192),
        ({"num_hidden_layers": 24, "no_rope_layers": [1, 1, 1, 0] * 12}, 6, 18, 8192),
    ],
)
def test_layers_without_rotary_embeddings_look_at_the_whole_context(
    changes: Json, full: int, chunked: int, chunk: int
) -> None:
    own = read("scout", with_text("scout", **changes)).model
    assert (own.full_attention_layers, own.chunked_attention_layers, own.attention_chunk) == (
        full,
        chunked,
        chunk,
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"no_rope_layers": [1, 1, 1, 0]},
            (
                "text_config.no_rope_layers in config.json = a list: must have an entry for each of the 48 "
                "layers"
            ),
        ),
        (
            {"layer_types": ["full_attention"] * 48},
            (
                "text_config.layer_types in config.json = a list: must be chunked_attention where "
                "no_rope_layers is 1, and else full_attention: vLLM goes by that"
            ),
        ),
        (
            {"moe_layers": list(range(1, 48, 2))},
            (
                "text_config.moe_layers in config.json = a list: must name the layers that "
                "interleave_moe_layer_step 1 makes: vLLM goes by that alone"
            ),
        ),
    ],
    ids=["too few rotary layers", "other layer types", "other layers with experts"],
)
def test_lists_of_layers_that_contradict_what_vllm_reads_are_refused(changes: Json, message: str) -> None:
    assert refusal("scout", with_text("scout", **changes)) == message


patient = settings(deadline=None)
"""A busy machine is no reason to fail."""

LAYERS = st.integers(min_value=1, max_value=200)


@patient
@given(layers=LAYERS)
def test_attention_and_mlp_grow_with_the_layers_and_nothing_else_does(layers: int) -> None:
    known = models()["llama-3.1-8b"].parameters
    own = read("llama-3.1-8b", config("llama-3.1-8b", num_hidden_layers=layers)).model.parameters
    assert {group: own[group] * 32 for group in ("attention", "dense_mlp")} == {
        group: known[group] * layers for group in ("attention", "dense_mlp")
    }
    assert (own["norms_gates"] - 4096) * 32 == (known["norms_gates"] - 4096) * layers
    assert {own[group] for group in ("token_embedding", "lm_head")} == {525_336_576}


@patient
@given(experts=st.integers(min_value=1, max_value=65_536))
def test_experts_and_router_grow_with_their_number_and_nothing_else_does(experts: int) -> None:
    known = models()["maverick"].parameters
    own = read("maverick", with_text("maverick", num_local_experts=experts)).model.parameters
    for group, size in own.items():
        grows = group in {"routed_experts", "router"}
        assert size * 128 == known[group] * experts if grows else size == known[group]
