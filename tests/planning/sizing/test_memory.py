"""Weights and rotary table, held against the published tables and checkpoints."""

import pytest

from llamafleet.catalogue import PRECISIONS, models
from llamafleet.planning.sizing.memory import GIB, overhead, rope_positions, rope_table, weigh
from llamafleet.planning.sizing.parallel import tensor_parallel_sizes
from planning.givens import gib, over

WEIGHTS_GB = [
    ("llama-3.2-1b", 2.47, 1.50, 1.03),
    ("llama-3.2-3b", 6.43, 3.61, 2.24),
    ("llama-3.1-8b", 16.06, 9.08, 5.70),
    ("llama-3.1-70b", 141.11, 72.66, 39.50),
    ("llama-3.3-70b", 141.11, 72.66, 39.50),
    ("llama-3.1-405b", 811.71, 410.06, 215.51),
    ("scout", 217.28, 114.61, 64.87),
    ("maverick", 803.17, 407.56, 215.94),
]


def weight_bytes(variant: str, precision: str, groups: frozenset[str] | None = None) -> int:
    model = models()[variant]
    return weigh(model, PRECISIONS[precision], groups or model.quantized_groups, text_only=False).total


@pytest.mark.parametrize(("variant", "bf16", "fp8", "int4"), WEIGHTS_GB)
def test_the_weights_of_a_model_match_the_computed_table(
    variant: str, bf16: float, fp8: float, int4: float
) -> None:
    found = [weight_bytes(variant, precision) / 1e9 for precision in ("BF16", "FP8", "INT4")]
    assert [round(size, 2) for size in found] == [bf16, fp8, int4]


def test_int4_weights_of_llama_4_are_exact_to_the_byte() -> None:
    assert weight_bytes("scout", "INT4") == 64_873_065_472
    assert weight_bytes("maverick", "INT4") == 215_938_788_352
    assert weight_bytes("maverick", "FP8", frozenset({"routed_experts"})) == 416_620_506_112


@pytest.mark.parametrize(
    ("variant", "precision", "published"),
    [
        pytest.param(
            "llama-3.1-8b", "BF16", 14.96 * GIB, id="8B in bfloat16, loaded by vLLM (pull request 10511)"
        ),
        pytest.param("llama-3.1-405b", "FP8", 410e9, id="405B in FP8, AMD's repository"),
        pytest.param("llama-3.1-70b", "INT8", 72.7e9, id="70B in INT8, RedHatAI's repository"),
        pytest.param("llama-3.1-8b", "INT4", 5.73e9, id="8B in INT4, 4.68 and 1.05 GB of files"),
        pytest.param("scout", "FP8", 107 * GIB, id="Scout in FP8 on disk"),
    ],
)
def test_published_checkpoints_weigh_what_we_compute(variant: str, precision: str, published: float) -> None:
    # 0.6 %, because the file sizes of the 4-bit 8B and of Scout were published with three digits only.
    assert weight_bytes(variant, precision) == pytest.approx(published, rel=0.006)


def test_maverick_fp8_on_eight_gpus_loads_what_vllm_reported() -> None:
    model = models()["maverick"]
    fp8 = weigh(model, PRECISIONS["FP8"], model.checkpoints["FP8"].quantized_groups, text_only=False)
    loaded = fp8.per_rank(over(8)) + rope_table(model, None)
    assert gib(loaded) == pytest.approx(48.8682, rel=0.005)


def test_two_gpus_share_the_8b_in_halves() -> None:
    model = models()["llama-3.1-8b"]
    bf16 = weigh(model, PRECISIONS["BF16"], frozenset(), text_only=False)
    assert gib(bf16.per_rank(over(2))) == pytest.approx(7.48, rel=0.005)


def test_routers_and_norms_are_on_every_gpu_in_full() -> None:
    for variant, replicated in (("scout", 8_857_600), ("maverick", 32_450_560)):
        model = models()[variant]
        found = weigh(model, PRECISIONS["INT4"], model.quantized_groups, text_only=False)
        assert found.replicated == replicated
        assert found.per_rank(over(8)) == -(-(found.total - replicated) // 8) + replicated


def test_beyond_eight_gpus_the_projections_of_keys_and_values_are_copied() -> None:
    # 70B: 80 layers x 2 x 8192 x 1024 weights of 2 bytes make keys and values, an eighth of them on each GPU.
    model = models()["llama-3.1-70b"]
    bf16 = weigh(model, PRECISIONS["BF16"], frozenset(), text_only=False)
    projections, norms = 80 * 2 * 8192 * 1024 * 2, 2 * 1_318_912
    others = 2 * 70_553_706_496 - norms - projections
    for gpus in (8, 16, 32, 64):
        assert bf16.per_rank(over(gpus)) == others // gpus + projections // 8 + norms


def test_the_projections_of_an_image_are_copied_like_those_of_a_text() -> None:
    model = models()["llama-3.2-90b-vision"]
    found = weigh(model, PRECISIONS["BF16"], frozenset(), text_only=False)
    assert found.kv_projections == 100 * 2 * 8192 * 1024 * 2


def test_a_text_only_llama_4_saves_its_vision_tower_and_projector() -> None:
    model = models()["scout"]
    whole, text = (
        weigh(model, PRECISIONS["INT4"], model.quantized_groups, text_only=choice) for choice in (False, True)
    )
    assert whole.total - text.total == 2 * (850_960_896 + 20_971_520)


@pytest.mark.parametrize(
    ("variant", "sizes"),
    [
        ("scout", (1, 2, 4, 8)),
        ("maverick", (1, 2, 4, 8)),
        ("llama-3.2-1b", (1, 2, 4, 8, 16, 32)),
        ("llama-3.2-3b", (1, 2, 4, 8)),
        ("llama-3.1-8b", (1, 2, 4, 8, 16, 32)),
        ("llama-3.1-70b", (1, 2, 4, 8, 16, 32, 64)),
        ("llama-3.3-70b", (1, 2, 4, 8, 16, 32, 64)),
        ("llama-3.1-405b", (1, 2, 4, 8, 16, 32, 64, 128)),
    ],
)
def test_the_heads_allow_the_published_tensor_parallel_sizes(variant: str, sizes: tuple[int, ...]) -> None:
    assert tensor_parallel_sizes(models()[variant], 1024) == sizes


def test_a_node_with_six_gpus_serves_at_most_four_of_them_together() -> None:
    assert tensor_parallel_sizes(models()["scout"], 6) == (1, 2, 4)


@pytest.mark.parametrize(
    ("variant", "size"),
    [
        ("llama-3.2-1b", GIB // 64),
        ("llama-3.1-8b", GIB // 32),
        ("maverick", GIB // 4),
        ("scout", GIB * 5 // 2),
    ],
)
def test_the_rotary_table_follows_the_models_positions(variant: str, size: int) -> None:
    assert rope_table(models()[variant], None) == size


@pytest.mark.parametrize(
    ("variant", "context", "positions"),
    [
        pytest.param("scout", 8_192, 131_072, id="a short context keeps 128 Ki positions"),
        pytest.param("scout", 1_048_576, 1_048_576, id="a long context keeps what it needs"),
        pytest.param("scout", 10_485_760, None, id="the whole context lowers nothing"),
        pytest.param("maverick", 65_536, 131_072, id="Maverick too"),
        pytest.param("llama-3.1-8b", 8_192, None, id="Llama 3 has 128 Ki positions anyway"),
    ],
)
def test_the_rotary_table_is_lowered_to_what_the_context_needs(
    variant: str, context: int, positions: int | None
) -> None:
    assert rope_positions(models()[variant], context) == positions


def test_a_lowered_table_takes_32_mib() -> None:
    assert rope_table(models()["scout"], 131_072) == 32 * 2**20


@pytest.mark.parametrize(
    ("gpus", "lean", "size"),
    [(1, False, 3.0), (1, True, 2.5), (2, False, 3.5), (2, True, 3.5), (8, False, 3.5)],
)
def test_overhead_is_per_gpu(gpus: int, *, lean: bool, size: float) -> None:
    assert gib(overhead(gpus, lean=lean)) == size
