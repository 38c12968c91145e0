"""Weights, rotary table and KV cache, held against the published tables and checkpoints."""

import pytest

from llamafleet.catalogue import PRECISIONS, models
from llamafleet.planning.memory import (
    GIB,
    KvLayout,
    kv_per_request,
    longest_request,
    overhead,
    rope_positions,
    rope_table,
    weigh,
)
from llamafleet.planning.parallel import tensor_parallel_sizes
from planning.givens import gib, on_a100, over

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


KV_GIB = [
    (8_192, 1.50, 1.50, 1.50, 1.50),
    (16_384, 2.44, 3.00, 3.00, 3.00),
    (32_768, 3.19, 4.88, 6.00, 6.00),
    (65_536, 4.69, 6.38, 8.63, 12.00),
    (131_072, 7.69, 9.38, 11.63, 24.00),
    (262_144, 13.69, 15.38, 17.63, 48.00),
    (1_048_576, 49.69, 51.38, 53.63, 192.00),
    (10_485_760, 481.69, 483.38, 485.63, 1920.00),
]


@pytest.mark.parametrize("variant", ["scout", "maverick"])
@pytest.mark.parametrize(("tokens", "a100", "h100", "b200", "off"), KV_GIB)
def test_llama_4_keeps_the_whole_context_in_a_quarter_of_its_layers(
    variant: str, tokens: int, a100: float, h100: float, b200: float, off: float
) -> None:
    layouts = [KvLayout(4096, hybrid=True), KvLayout(16384, hybrid=True), KvLayout(32768, hybrid=True)]
    layouts.append(KvLayout(4096, hybrid=False))
    found = [gib(kv_per_request(models()[variant], over(1), tokens, layout)) for layout in layouts]
    # The table is rounded half up; every value is a multiple of 1/16 GiB.
    assert found == pytest.approx([a100, h100, b200, off], abs=0.0051)


def test_llama_4_kv_is_exact_to_the_byte() -> None:
    blocks = 12 * 65_536 // 16 + 36 * (8_192 + 4_096) // 16
    assert kv_per_request(models()["scout"], over(1), 65_536, on_a100()) == 65_536 * blocks


@pytest.mark.parametrize(
    ("variant", "kib"),
    [
        ("llama-3.2-1b", 32),
        ("llama-3.2-3b", 112),
        ("llama-3.1-8b", 128),
        ("llama-3.1-70b", 320),
        ("llama-3.1-405b", 504),
    ],
)
def test_llama_3_fills_the_same_for_every_token(variant: str, kib: int) -> None:
    assert kv_per_request(models()[variant], over(1), 16, on_a100()) == 16 * kib * 1024
    assert kv_per_request(models()[variant], over(1), 131_072, on_a100()) == 131_072 * kib * 1024


def test_beyond_eight_gpus_the_heads_are_copied_and_the_share_stops_shrinking() -> None:
    model = models()["llama-3.1-70b"]
    shares = [kv_per_request(model, over(gpus), 8_192, on_a100()) for gpus in (1, 4, 8, 16, 64)]
    assert [shares[0] // share for share in shares] == [1, 4, 8, 8, 8]


def test_no_memory_holds_no_request() -> None:
    assert longest_request(models()["scout"], over(1), -1, on_a100()) == 0


def test_the_longest_request_ends_at_the_models_positions() -> None:
    assert longest_request(models()["llama-3.2-1b"], over(1), 500 * GIB, on_a100()) == 131_072
