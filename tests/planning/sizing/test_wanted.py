"""Fields that ask for what the model or its checkpoints cannot give, and how Auto reads the others."""

import pytest

from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import Json, spec


@pytest.mark.parametrize(
    ("variant", "sections", "message"),
    [
        pytest.param(
            "maverick",
            {"serving": {"contextLength": 2_000_000}},
            "spec.serving.contextLength = 2000000: must be at most 1048576, the longest context of maverick",
            id="a context beyond the model's positions",
        ),
        pytest.param(
            "llama-3.1-8b",
            {"serving": {"vision": True}},
            "spec.serving.vision = true: must be false: llama-3.1-8b reads text only",
            id="images for a text model",
        ),
        pytest.param(
            "scout",
            {"gpu": {"count": 64}},
            "spec.gpu.count = 64: must be a number of GPUs that the 40 query heads and 8 key-value heads of "
            "scout divide among: 1, 2, 4, 8, 16, 32",
            id="more GPUs than the heads divide among",
        ),
        pytest.param(
            "llama-3.2-1b",
            {"model": {"quantization": "INT4"}},
            "spec.model.quantization = INT4: must have a checkpoint in the catalogue, or spec.model.source; "
            "llama-3.2-1b has: BF16, FP8, INT8",
            id="a precision without a checkpoint",
        ),
    ],
)
def test_the_refusal_names_field_value_and_rule(
    variant: str, sections: dict[str, Json], message: str
) -> None:
    with pytest.raises(InvalidSpec) as refused:
        wanted(spec(variant, **sections))
    assert str(refused.value) == message


def test_auto_tries_bf16_then_fp8_then_int4_and_may_offload_in_the_last() -> None:
    options = wanted(spec("maverick")).options
    assert [(option.precision.name, option.offload) for option in options] == [
        ("BF16", False),
        ("FP8", False),
        ("INT4", True),
    ]


def test_a_named_precision_is_the_only_one_and_may_offload() -> None:
    options = wanted(spec("maverick", model={"quantization": "FP8"})).options
    assert [(option.precision.name, option.offload) for option in options] == [("FP8", True)]


def test_never_means_no_offload() -> None:
    assert not any(
        option.offload for option in wanted(spec("maverick", gpu={"hostOffload": "Never"})).options
    )


def test_a_dense_model_never_offloads() -> None:
    assert not any(option.offload for option in wanted(spec("llama-3.1-405b")).options)


def test_int8_is_served_when_it_is_named() -> None:
    (option,) = wanted(spec("llama-3.3-70b", model={"quantization": "INT8"})).options
    assert option.checkpoint == "RedHatAI/Llama-3.3-70B-Instruct-quantized.w8a8"


def test_an_own_source_is_kept_as_written_and_weighs_what_the_catalogues_does() -> None:
    source = "pvc://weights/scout"
    (own,) = wanted(spec("scout", model={"source": source, "quantization": "INT4"})).options
    assert own.checkpoint == source
    assert own.checkpoint_bytes == wanted(spec("scout")).options[-1].checkpoint_bytes


def test_an_own_source_may_have_a_precision_that_the_catalogue_lacks() -> None:
    (own,) = wanted(spec("scout", model={"source": "hf://acme/scout-w8", "quantization": "INT8"})).options
    assert own.checkpoint_bytes == 114_607_025_152


def test_the_vision_part_is_downloaded_and_only_loaded_when_asked_for() -> None:
    blind, seeing = (
        wanted(spec("scout", serving={"vision": vision})).options[-1] for vision in (False, True)
    )
    assert blind.checkpoint_bytes == seeing.checkpoint_bytes == seeing.weights.total
    assert seeing.weights.total - blind.weights.total == 2 * (850_960_896 + 20_971_520)
