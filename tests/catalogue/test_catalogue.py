"""The models of the catalogue: their form, and their figures against each other."""

from fractions import Fraction

import pytest

from llamafleet.catalogue import FORMATS, PRECISIONS, catalogue, models
from llamafleet.catalogue.facts import VISION_GROUPS

TOTALS = {
    "scout": 108_641_793_536,
    "maverick": 401_583_781_376,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.1-405b": 405_853_388_800,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3.2-11b-vision": 10_670_220_835,
    "llama-3.2-90b-vision": 88_593_355_323,
    "llama-3.3-70b": 70_553_706_496,
}

LAYERS = {
    "scout": (12, 36, 0),
    "maverick": (12, 36, 0),
    "llama-3.1-8b": (32, 0, 0),
    "llama-3.1-70b": (80, 0, 0),
    "llama-3.1-405b": (126, 0, 0),
    "llama-3.2-1b": (16, 0, 0),
    "llama-3.2-3b": (28, 0, 0),
    "llama-3.2-11b-vision": (32, 0, 8),
    "llama-3.2-90b-vision": (80, 0, 20),
    "llama-3.3-70b": (80, 0, 0),
}
"""Full attention, chunked attention, cross attention."""

BYTES = {
    "bf16": Fraction(2),
    "fp8": Fraction(1),
    "int8": Fraction(1),
    "w4a16-g128": Fraction(1, 2) + Fraction(2, 128),
    "w4a16-g128-zero-points": Fraction(1, 2) + Fraction(2, 128) + Fraction(1, 2) / 128,
    "w4a16-g32": Fraction(1, 2) + Fraction(2, 32),
    "nvfp4": Fraction(1, 2) + Fraction(1, 16),
    "mxfp4": Fraction(1, 2) + Fraction(1, 32),
    "w3a16-g128": Fraction(3, 8) + Fraction(2, 128),
    "w2a16-g128": Fraction(2, 8) + Fraction(2, 128),
}

LLAMA_3_2_VISION = {"llama-3.2-11b-vision", "llama-3.2-90b-vision"}
LLAMA_4 = {"scout", "maverick"}


def test_the_catalogue_holds_every_released_llama_from_3_1_on() -> None:
    assert models().keys() == TOTALS.keys()


@pytest.mark.parametrize("variant", TOTALS)
def test_the_parameter_groups_add_up_to_the_published_count(variant: str) -> None:
    assert sum(models()[variant].parameters.values()) == TOTALS[variant]


@pytest.mark.parametrize("variant", TOTALS)
def test_every_layer_is_of_one_kind(variant: str) -> None:
    model = models()[variant]
    kinds = (model.full_attention_layers, model.chunked_attention_layers, model.cross_attention_layers)
    assert kinds == LAYERS[variant]
    assert bool(model.attention_chunk) == bool(model.chunked_attention_layers)
    assert bool(model.cross_attention_layers) == ("cross_attention" in model.parameters)


@pytest.mark.parametrize("variant", TOTALS)
def test_self_attention_has_the_parameters_that_its_heads_say(variant: str) -> None:
    model = models()[variant]
    layers = model.full_attention_layers + model.chunked_attention_layers
    heads = 2 * model.attention_heads + 2 * model.kv_heads  # query and output, key and value
    assert model.parameters["attention"] == layers * heads * model.head_dim * model.hidden_size


@pytest.mark.parametrize("variant", TOTALS)
def test_a_tied_embedding_is_counted_once(variant: str) -> None:
    model = models()[variant]
    assert model.tied_embeddings == ("lm_head" not in model.parameters)
    assert model.tied_embeddings == (variant in {"llama-3.2-1b", "llama-3.2-3b"})


@pytest.mark.parametrize("variant", TOTALS)
def test_every_figure_and_checkpoint_of_a_model_names_its_source(variant: str) -> None:
    model = models()[variant]
    assert model.source
    for name, checkpoint in model.checkpoints.items():
        assert checkpoint.source
        assert checkpoint.repository.count("/") == 1
        assert checkpoint.precision.name == name
        assert checkpoint.quantized_groups <= model.parameters.keys()


@pytest.mark.parametrize("variant", sorted(LLAMA_4))
def test_the_routed_experts_have_the_size_that_their_shape_says(variant: str) -> None:
    model = models()[variant]
    experts = model.experts
    assert experts is not None
    one = 3 * model.hidden_size * experts.intermediate_size
    assert model.parameters["routed_experts"] == experts.layers * experts.count * one


def test_llama_4_and_the_vision_models_of_3_2_take_images() -> None:
    assert {variant for variant, model in models().items() if model.sees} == LLAMA_4 | LLAMA_3_2_VISION


def test_only_a_text_only_llama_4_can_leave_its_vision_part_out() -> None:
    assert {variant for variant, model in models().items() if model.drops_vision} == LLAMA_4


def test_the_vision_models_of_3_2_come_with_a_caveat() -> None:
    caveats = {variant: model.caveat for variant, model in models().items() if model.caveat}
    assert caveats.keys() == LLAMA_3_2_VISION
    caveat = "vLLM 0.32 has no class of its own for Llama 3.2 Vision and falls back to that of Transformers"
    assert set(caveats.values()) == {f"{caveat}, which was not verified."}


def test_metas_own_fp8_maverick_quantizes_routed_experts_only() -> None:
    checkpoints = models()["maverick"].checkpoints
    assert checkpoints["FP8"].quantized_groups == {"routed_experts"}
    assert checkpoints["INT4"].quantized_groups == {"routed_experts", "shared_experts", "dense_mlp"}


def test_the_vision_part_is_quantized_by_nobody() -> None:
    for variant in LLAMA_4 | LLAMA_3_2_VISION:
        for checkpoint in models()[variant].checkpoints.values():
            assert VISION_GROUPS.isdisjoint(checkpoint.quantized_groups)


def test_a_precision_without_a_known_checkpoint_is_left_out() -> None:
    published = {variant: " ".join(model.checkpoints) for variant, model in models().items()}
    assert published == {
        "scout": "BF16 FP8 INT4",
        "maverick": "BF16 FP8 INT4",
        "llama-3.1-8b": "BF16 FP8 INT8 INT4",
        "llama-3.1-70b": "BF16 FP8 INT8 INT4",
        "llama-3.1-405b": "BF16 FP8 INT8 INT4",
        "llama-3.2-1b": "BF16 FP8 INT8",
        "llama-3.2-3b": "BF16 FP8 INT8",
        "llama-3.2-11b-vision": "BF16 FP8 INT4",
        "llama-3.2-90b-vision": "BF16 FP8",
        "llama-3.3-70b": "BF16 FP8 INT8 INT4",
    }


def test_behemoth_is_known_by_both_names_as_never_released() -> None:
    reason = (
        "Llama 4 Behemoth was announced in April 2025 (288 B active of about 2 T parameters) and never "
        "released: there are no weights to serve"
    )
    assert catalogue().unreleased == {"behemoth": reason, "llama-4-behemoth": reason}
    assert catalogue().unreleased.keys().isdisjoint(models())


def test_every_format_takes_the_bytes_that_its_bits_and_scales_take() -> None:
    assert {name: precision.bytes for name, precision in FORMATS.items()} == BYTES


def test_each_precision_has_a_usual_format() -> None:
    usual = {name: next(key for key in FORMATS if FORMATS[key] is one) for name, one in PRECISIONS.items()}
    assert usual == {"BF16": "bf16", "FP8": "fp8", "INT8": "int8", "INT4": "w4a16-g128"}
    assert all(name == precision.name for name, precision in PRECISIONS.items())


def test_only_one_checkpoint_is_stored_in_an_unusual_format() -> None:
    unusual = {
        (variant, name): checkpoint.precision
        for variant, model in models().items()
        for name, checkpoint in model.checkpoints.items()
        if checkpoint.precision is not PRECISIONS[name]
    }
    assert unusual == {("llama-3.1-8b", "INT4"): FORMATS["w4a16-g128-zero-points"]}


def test_the_catalogue_is_read_once_so_that_its_entries_keep_their_identity() -> None:
    assert models()["scout"] is catalogue().models["scout"]
    assert hash(models()["llama-3.1-70b"]) != hash(models()["llama-3.3-70b"])
