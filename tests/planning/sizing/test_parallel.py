"""How a model may be split over the GPUs of a node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.catalogue import catalogue, models
from llamafleet.planning.sizing.candidates import candidates
from llamafleet.planning.sizing.memory import weigh
from llamafleet.planning.sizing.parallel import Parallelism, parallelisms
from llamafleet.planning.sizing.refusal import arithmetic
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import over, planned, pool, spec


@pytest.mark.parametrize(
    ("variant", "gpus", "splits"),
    [
        pytest.param("scout", 8, [(1, 1), (2, 1), (4, 1), (8, 1)], id="Llama 4 on a node of eight"),
        pytest.param("scout", 6, [(1, 1), (2, 1), (4, 1)], id="a node of six uses four together"),
        pytest.param("maverick", 16, [(1, 1), (2, 1), (4, 1), (8, 1), (8, 2)], id="two stages on sixteen"),
        pytest.param(
            "scout", 64, [(1, 1), (2, 1), (4, 1), (8, 1), (8, 2), (8, 4)], id="12 layers in 4 parts"
        ),
        pytest.param(
            "llama-3.1-70b", 16, [(1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (8, 2)], id="both ways to sixteen"
        ),
        pytest.param(
            "llama-3.2-3b", 16, [(1, 1), (2, 1), (4, 1), (8, 1), (8, 2)], id="24 heads end at eight"
        ),
    ],
)
def test_the_legal_splits_of_a_model(variant: str, gpus: int, splits: list[tuple[int, int]]) -> None:
    assert list(parallelisms(models()[variant], gpus)) == splits


def test_llama_3_2_vision_is_not_cut_into_stages() -> None:
    for variant in ("llama-3.2-11b-vision", "llama-3.2-90b-vision"):
        assert {split.pipeline for split in parallelisms(models()[variant], 64)} == {1}


def test_126_layers_make_two_even_stages_and_no_four() -> None:
    stages = {split.pipeline for split in parallelisms(models()["llama-3.1-405b"], 64)}
    assert stages == {1, 2}


@given(variant=st.sampled_from(sorted(models())), gpus=st.integers(1, 64))
def test_no_split_needs_more_than_the_node_has_and_one_gpu_is_always_legal(variant: str, gpus: int) -> None:
    splits = parallelisms(models()[variant], gpus)
    assert splits[0] == Parallelism(1, 1)
    assert all(split.gpus <= gpus for split in splits)


@given(variant=st.sampled_from(sorted(models())), precision=st.sampled_from(["BF16", "FP8", "INT4"]))
def test_a_wider_split_never_leaves_more_weights_on_a_gpu(variant: str, precision: str) -> None:
    model = catalogue().models[variant]
    checkpoint = model.checkpoints.get(precision, model.checkpoints["BF16"])
    weights = weigh(model, checkpoint.precision, checkpoint.quantized_groups, text_only=False)
    shares = [weights.per_rank(over(size)) for size in (1, 2, 4, 8)]
    assert shares == sorted(shares, reverse=True)
    assert weights.per_rank(over(8, 2)) < weights.per_rank(over(8))


def test_the_heaviest_stage_holds_the_larger_of_embedding_and_head() -> None:
    # 16 GPUs: half of the layers over eight, and the whole head over the same eight.
    model = models()["llama-3.1-70b"]
    weights = weigh(model, model.checkpoints["BF16"].precision, frozenset(), text_only=False)
    layers = 2 * (12_079_595_520 + 56_371_445_760)
    head, norms = 2 * 1_050_673_152, 2 * 1_318_912
    assert weights.per_rank(over(8, 2)) == (layers // 2 + head) // 8 + norms


def test_a_head_that_is_stored_smaller_leaves_the_embedding_the_larger() -> None:
    model = models()["llama-3.1-70b"]
    weights = weigh(model, model.checkpoints["FP8"].precision, frozenset({"lm_head"}), text_only=False)
    assert (weights.edges, weights.edge) == (3 * 1_050_673_152, 2 * 1_050_673_152)


def test_maverick_in_bfloat16_takes_two_stages_of_eight_gpus() -> None:
    # 748 GiB are 93.6 GiB on each of eight GPUs, and an A100 has 72.8.
    asked = spec("maverick", model={"quantization": "BF16"}, gpu={"hostOffload": "Never"})
    shape = planned(asked, [pool(gpusPerNode=16)]).shape
    assert (shape.tensor_parallel, shape.pipeline_parallel, shape.gpus) == (8, 2, 16)
    assert round(shape.memory.weights / 2**30, 2) == 46.68
    assert str(shape.hourly_usd) == "19.04"


def test_sixteen_gpus_leave_more_room_in_two_stages_than_with_copied_heads() -> None:
    asked = spec("llama-3.1-70b", gpu={"count": 16}, model={"quantization": "BF16"})
    shape = planned(asked, [pool(gpusPerNode=16)]).shape
    assert (shape.tensor_parallel, shape.pipeline_parallel) == (8, 2)


def test_experts_of_a_stage_stay_on_its_gpus() -> None:
    # 46.7 GiB of 40.8: ten GiB in host memory would do, but vLLM's offload and stages together are untried.
    asked = wanted(spec("maverick", model={"quantization": "BF16"}, gpu={"count": 16}))
    (staged,) = candidates(asked, [pool("l40s", "1.40", gpusPerNode=16)])
    assert (staged.split, staged.offload_gib, staged.fits) == (over(8, 2), 0, False)


def test_stages_that_fit_are_no_more_gpus_than_copied_heads_that_do_not() -> None:
    # 32 requests of 8,192 tokens: 10 GiB on each of 16 GPUs with copied heads, 5 in two stages.
    serving = {"contextLength": 8_192, "concurrency": 32}
    asked = wanted(spec("llama-3.1-70b", model={"quantization": "BF16"}, gpu={"count": 16}, serving=serving))
    copied, staged = candidates(asked, [pool("l4", "0.44", gpusPerNode=16)])
    assert (copied.split, copied.fits, staged.split, staged.fits) == (over(16), False, over(8, 2), True)
    assert "on 16 GPUs" not in arithmetic(copied)
