"""Whether a checkpoint is of the variant that its author names; a refusal names both."""

import pytest

from llamafleet.catalogue import models
from planning.sizing.checkpoint.published import CONFIGS, config, read, refusal


@pytest.mark.parametrize(
    ("variant", "other", "message"),
    [
        (
            "llama-3.1-70b",
            "llama-3.1-8b",
            (
                "spec.model.variant = llama-3.1-70b: must match the checkpoint, whose config.json describes "
                "hidden_size 4096 (llama-3.1-70b has 8192), num_attention_heads 32 (llama-3.1-70b has 64); "
                "it looks like llama-3.1-8b"
            ),
        ),
        (
            "scout",
            "maverick",
            (
                "spec.model.variant = scout: must match the checkpoint, whose config.json describes "
                "interleave_moe_layer_step 2 (scout has 1); it looks like maverick"
            ),
        ),
        (
            "scout",
            "llama-3.1-70b",
            (
                "spec.model.variant = scout: must match the checkpoint, whose config.json describes "
                "architectures LlamaForCausalLM (scout has Llama4ForConditionalGeneration), hidden_size 8192 "
                "(scout has 5120), num_attention_heads 64 (scout has 40); it looks like llama-3.1-70b or "
                "llama-3.3-70b"
            ),
        ),
        (
            "llama-3.1-8b",
            "llama-3.2-11b-vision",
            (
                "spec.model.variant = llama-3.1-8b: must match the checkpoint, whose config.json describes "
                "architectures MllamaForConditionalGeneration (llama-3.1-8b has LlamaForCausalLM); "
                "it looks like llama-3.2-11b-vision"
            ),
        ),
    ],
)
def test_a_checkpoint_of_another_variant_is_refused_by_both_names(
    variant: str, other: str, message: str
) -> None:
    assert refusal(variant, CONFIGS[other]) == message


def test_a_model_that_the_catalogue_does_not_know_is_refused_without_a_guess() -> None:
    assert refusal("llama-3.1-8b", config("llama-3.1-8b", num_key_value_heads=4)) == (
        "spec.model.variant = llama-3.1-8b: must match the checkpoint, whose config.json describes "
        "num_key_value_heads 4 (llama-3.1-8b has 8)"
    )


def test_a_pruned_model_is_told_from_its_siblings_all_the_same() -> None:
    message = refusal("llama-3.1-70b", config("llama-3.1-8b", num_hidden_layers=20))
    assert message.endswith("it looks like llama-3.1-8b")


def test_the_two_70b_have_one_configuration_and_either_name_is_right() -> None:
    for variant in ("llama-3.1-70b", "llama-3.3-70b"):
        assert read(variant, CONFIGS["llama-3.1-70b"]).model.variant == variant


def test_no_two_other_variants_could_be_taken_for_each_other() -> None:
    for variant, published in CONFIGS.items():
        for other in models().keys() - {variant}:
            if {variant, other} != {"llama-3.1-70b", "llama-3.3-70b"}:
                assert "must match the checkpoint" in refusal(other, published)
