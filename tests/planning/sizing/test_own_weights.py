"""A plan with an author's own checkpoint counts what its files say, not what the catalogue says."""

import dataclasses

import pytest

from builders import NOW
from llamafleet.catalogue import Experts, models
from llamafleet.errors import DoesNotFit, InvalidSpec
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.shape import Pool
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import gib, over, pool, spec
from planning.sizing.checkpoint.published import Json, compressed, config, read, with_text

TUNED = {"source": "hf://acme/tuned", "quantization": "BF16"}


def planned(own: OwnWeights, model: Json, where: Pool | None = None, **sections: Json) -> Plan:
    """The plan of a resource that is served with these weights."""
    asked = spec(own.model.variant, model=model, **sections)
    return plan(asked, [where or pool()], Observation(now=NOW, replicas=None), own=own)


def test_half_the_layers_take_half_the_memory_and_keep_half_the_keys_and_values() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", num_hidden_layers=16))
    shape = planned(own, TUNED).shape
    assert shape.memory.weights == 2 * (2 * 525_336_576 + 671_088_640 + 2_818_572_288 + 135_168)
    assert shape.kv_tokens == (shape.memory.kv_cache - 16 * 65_536) // (64 * 1024)
    assert shape.checkpoint == "hf://acme/tuned"


def test_bytes_that_the_files_have_beyond_the_counted_ones_are_in_the_layers() -> None:
    own = read("llama-3.1-8b")
    counted = 2 * 8_030_261_248
    for stored in (counted - 700_000_000, counted + 700_000_000):
        shape = planned(dataclasses.replace(own, stored_bytes=stored), TUNED, gpu={"count": 1}).shape
        assert (shape.memory.weights, shape.weight_bytes) == (stored, stored)


def test_a_spare_output_head_is_downloaded_and_not_loaded() -> None:
    tensors = dict.fromkeys(("model.embed_tokens.weight", "lm_head.weight"), "model.safetensors")
    head, counted = 2 * 262_668_288, 2 * 1_235_814_400
    for metadata in ({"total_size": counted + head}, {}):
        own = read("llama-3.2-1b", index={"weight_map": tensors, "metadata": metadata})
        shape = planned(own, TUNED).shape
        assert (shape.memory.weights, shape.weight_bytes) == (counted, counted + head)


def test_without_a_named_context_a_short_model_serves_the_largest_power_of_two_it_has() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", max_position_embeddings=5_000))
    made = planned(own, TUNED)
    assert made.shape.context_length == 4_096
    assert made.shape.memory.kv_needed == (4_096 // 16 + 1) * 32 * 65_536
    told = "4,096 is the largest power of two in the 5,000 tokens of llama-3.1-8b."
    assert told in made.explanation


def test_a_short_model_is_refused_for_what_it_would_serve_and_no_more() -> None:
    # 14.96 GiB of weights, 3.03 of overhead and table, and 4,096 tokens in half a GiB.
    own = read("llama-3.1-8b", config("llama-3.1-8b", max_position_embeddings=5_000))
    small = pool("l4", "0.44", gpusPerNode=1)
    assert planned(own, TUNED, small, serving={"concurrency": 4}).shape.context_length == 4_096
    with pytest.raises(DoesNotFit, match="with 5 requests of 4,096 tokens"):
        planned(own, TUNED, small, serving={"concurrency": 5})


def test_a_long_tune_lowers_its_rotary_table_to_the_context() -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", max_position_embeddings=1_048_576))
    shape = planned(own, TUNED, serving={"contextLength": 200_000}).shape
    assert shape.rope_positions == 200_000
    assert shape.memory.rope_table == 200_000 * 128 * 2


@pytest.mark.parametrize(
    ("positions", "context"),
    [(100_000, 65_536), (131_071, 65_536), (131_072, 131_072), (300_000, 262_144)],
)
def test_the_context_is_a_power_of_two_where_the_models_own_is_none(positions: int, context: int) -> None:
    own = read("llama-3.1-8b", config("llama-3.1-8b", max_position_embeddings=positions))
    assert planned(own, TUNED).shape.context_length == context


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        (
            {"source": "hf://acme/tuned", "quantization": "FP8"},
            "spec.model.quantization = FP8: must be BF16, which the checkpoint's files are",
        ),
        (
            {"quantization": "INT4"},
            "spec.model.quantization = INT4: must be BF16, which the checkpoint's files are",
        ),
    ],
)
def test_another_precision_than_the_files_have_is_refused(quantization: Json, message: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        planned(read("llama-3.1-8b"), quantization)
    assert str(refused.value) == message


def test_without_a_source_the_pods_get_the_catalogues_checkpoint_of_that_precision() -> None:
    own = read("llama-3.1-8b")
    assert planned(own, {}).shape.checkpoint == "meta-llama/Llama-3.1-8B-Instruct"


def test_without_a_source_a_precision_that_nobody_publishes_is_refused() -> None:
    own = read("llama-3.2-1b", config("llama-3.2-1b", quantization_config=compressed("lm_head")))
    with pytest.raises(InvalidSpec) as refused:
        planned(own, {})
    assert str(refused.value) == (
        "spec.model.source = absent: must be given: the catalogue has no INT4 checkpoint of llama-3.2-1b"
    )


def test_experts_that_stayed_in_bfloat16_go_to_host_memory_as_such() -> None:
    ignored = (
        "re:.*experts.*",
        "re:.*router",
        "lm_head",
        "re:.*vision_model.*",
        "re:.*multi_modal_projector.*",
    )
    own = read("maverick", {**with_text("maverick"), "quantization_config": compressed(*ignored)})
    assert own.quantized_groups == {"attention", "dense_mlp", "shared_experts"}
    (option,) = wanted(spec("maverick"), own=own).options
    assert (option.precision.name, option.experts.name) == ("INT4", "BF16")
    assert option.offload


def test_never_keeps_own_experts_on_the_gpus_and_a_dense_model_has_none() -> None:
    never = wanted(spec("maverick", gpu={"hostOffload": "Never"}), own=read("maverick"))
    dense = wanted(spec("llama-3.1-8b"), own=read("llama-3.1-8b"))
    auto = wanted(spec("maverick"), own=read("maverick"))
    assert [one.options[0].offload for one in (never, dense, auto)] == [False, False, True]


def test_a_pruned_scout_has_fewer_experts_to_hold() -> None:
    own = read("scout", with_text("scout", num_local_experts=8))
    assert own.model.experts == Experts(count=8, layers=48, intermediate_size=8_192)
    whole, pruned = (
        wanted(spec("scout", model=TUNED), own=one).options[0].weights for one in (read("scout"), own)
    )
    assert whole.experts == 2 * pruned.experts == 2 * 96_636_764_160
    assert gib(pruned.per_rank(over(8))) < gib(whole.per_rank(over(8)))


def test_the_vision_part_of_an_own_llama_4_is_left_out_like_any() -> None:
    own = read("scout")
    blind, seeing = (
        wanted(spec("scout", model=TUNED, serving={"vision": vision}), own=own).options[0].weights.total
        for vision in (False, True)
    )
    assert seeing - blind == 2 * (850_960_896 + 20_971_520)
    assert seeing == 2 * sum(models()["scout"].parameters.values())
