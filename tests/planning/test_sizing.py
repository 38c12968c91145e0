"""The choice among all shapes, its words, and the refusals."""

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.errors import DoesNotFit
from llamafleet.planning.plan import Shape
from llamafleet.planning.shape import Pool
from planning.givens import Json, gib, planned, pool, spec


def shape_of(variant: str, *pools: Pool, **sections: Json) -> Shape:
    """The chosen shape for a context of 128 Ki tokens, unless the test names another."""
    serving = {"contextLength": 131_072, **sections.pop("serving", {})}
    return planned(spec(variant, serving=serving, **sections), pools or None).shape


def chosen(shape: Shape) -> tuple[str, int, str, int]:
    return shape.pool.name, shape.tensor_parallel, shape.quantization, shape.offload_gib


def test_scout_takes_one_a100_in_int4_without_host_memory() -> None:
    shape = shape_of("scout", serving={"contextLength": 65_536})
    assert chosen(shape) == ("a100-80gb", 1, "INT4", 0)
    assert shape.checkpoint == "RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16"
    assert gib(shape.host_memory) == 16 + 4 + 2
    assert shape.rope_positions == 131_072
    assert shape.text_only
    assert shape.hybrid_kv
    assert shape.max_batched_tokens == 2048
    assert shape.max_concurrency == pytest.approx(2.45, abs=0.01)
    assert gib(shape.weight_bytes) == pytest.approx(60.42, abs=0.01)


def test_maverick_takes_two_a100_in_int4_with_experts_in_host_memory() -> None:
    shape = shape_of("maverick")
    assert chosen(shape) == ("a100-80gb", 2, "INT4", 35)
    assert gib(shape.host_memory) == 148
    assert gib(shape.memory.kv_cache) == pytest.approx(4.53, abs=0.01)
    assert gib(shape.weight_bytes) == pytest.approx(201.11, abs=0.01)


def test_maverick_without_host_memory_takes_four_a100() -> None:
    assert chosen(shape_of("maverick", gpu={"hostOffload": "Never"})) == ("a100-80gb", 4, "INT4", 0)


def test_maverick_with_images_leaves_36_gib_per_gpu_in_host_memory() -> None:
    shape = shape_of("maverick", serving={"vision": True})
    assert (shape.offload_gib, shape.text_only) == (36, False)


def test_a_longer_wish_moves_more_experts_by_whole_gib() -> None:
    found = [shape_of("maverick", serving={"concurrency": wish}).offload_gib for wish in (1, 2, 3, 4)]
    assert found == [35, 39, 43, 46]


def test_beyond_half_of_the_weights_more_gpus_are_taken() -> None:
    assert chosen(shape_of("maverick", serving={"concurrency": 5})) == ("a100-80gb", 4, "INT4", 0)


def test_a_pool_with_too_little_host_memory_gets_four_gpus() -> None:
    little, enough = pool(hostMemoryPerGpu="73Gi"), pool(hostMemoryPerGpu="74Gi")
    assert shape_of("maverick", little).tensor_parallel == 4
    assert shape_of("maverick", enough).tensor_parallel == 2


def test_a_pool_with_too_little_host_memory_for_one_gpu_gives_as_many_as_share_it() -> None:
    # 22 GiB for one GPU, 28 for two: the base is shared.
    assert shape_of("llama-3.1-8b", pool(hostMemoryPerGpu="22Gi")).tensor_parallel == 1
    assert shape_of("llama-3.1-8b", pool(hostMemoryPerGpu="14Gi")).tensor_parallel == 2


@pytest.mark.parametrize(
    ("resources", "memory"),
    [
        pytest.param({"requests": {"memory": "40Gi"}, "limits": {"memory": "48Gi"}}, 40, id="a request"),
        pytest.param({"limits": {"memory": "48Gi"}}, 48, id="a limit alone, which is the request, too"),
        pytest.param({"requests": {"cpu": 6}}, 22, id="neither: the estimate"),
    ],
)
def test_the_authors_own_memory_is_what_the_pod_requests(resources: Json, memory: int) -> None:
    shape = shape_of("scout", serving={"contextLength": 65_536, "resources": resources})
    assert gib(shape.host_memory) == memory


def test_the_authors_own_memory_is_held_against_the_pool() -> None:
    small = pool(hostMemoryPerGpu="64Gi")
    trusting = {"resources": {"requests": {"memory": "128Gi"}}}
    assert shape_of("maverick", small).tensor_parallel == 4
    assert shape_of("maverick", small, serving=trusting).tensor_parallel == 2


@pytest.mark.parametrize(
    ("variant", "gpus", "quantization"),
    [
        ("llama-3.2-1b", 1, "BF16"),
        ("llama-3.2-3b", 1, "BF16"),
        ("llama-3.1-8b", 1, "BF16"),
        ("llama-3.1-70b", 2, "FP8"),
        ("llama-3.3-70b", 2, "FP8"),
        ("llama-3.1-405b", 4, "INT4"),
    ],
)
def test_llama_3_on_a100(variant: str, gpus: int, quantization: str) -> None:
    assert chosen(shape_of(variant)) == ("a100-80gb", gpus, quantization, 0)


def test_the_price_decides_between_pools() -> None:
    a100, dear, cheap = pool("a100-80gb", "1.19"), pool("h200", "4.50"), pool("h200", "1.10")
    assert chosen(shape_of("maverick", dear, a100, gpu={"count": 2})) == ("a100-80gb", 2, "INT4", 35)
    assert chosen(shape_of("maverick", cheap, a100, gpu={"count": 2})) == ("h200", 2, "INT4", 0)


def test_at_the_same_price_the_higher_precision_wins() -> None:
    assert chosen(shape_of("scout", pool("a100-80gb", "2.00"), pool("b200", "2.00")))[:3] == (
        "b200",
        1,
        "FP8",
    )


def test_at_the_same_price_and_precision_the_larger_kv_cache_wins() -> None:
    small, large = pool("a100-80gb", "1.00"), pool("h100-nvl", "1.00")
    assert (
        shape_of("scout", small, large).pool.name == shape_of("scout", large, small).pool.name == "h100-nvl"
    )


def test_at_the_same_price_a_shape_without_host_memory_wins() -> None:
    half, whole = pool("a100-80gb", "2.00"), pool("h200", "2.00")
    assert chosen(shape_of("maverick", half, whole, gpu={"count": 2})) == ("h200", 2, "INT4", 0)


def test_a_fixed_count_is_kept() -> None:
    assert chosen(shape_of("scout", gpu={"count": 4})) == ("a100-80gb", 4, "BF16", 0)


def test_an_author_who_names_pools_gets_one_of_them() -> None:
    pools = (pool("a100-80gb", "1.19"), pool("h200", "4.50"))
    assert shape_of("scout", *pools, gpu={"pools": ["h200"]}).pool.name == "h200"


@pytest.mark.parametrize(
    ("variant", "concurrency", "context"),
    [("scout", 1, 131_072), ("scout", 4, 16_384), ("scout", 7, 8_192), ("llama-3.1-8b", 1, 131_072)],
)
def test_without_a_context_the_largest_power_of_two_is_taken(
    variant: str, concurrency: int, context: int
) -> None:
    assert planned(spec(variant, serving={"concurrency": concurrency})).shape.context_length == context


def test_without_a_context_maverick_moves_as_few_experts_as_8192_tokens_need() -> None:
    shape = planned(spec("maverick")).shape
    assert (shape.offload_gib, shape.context_length) == (32, 16_384)


def test_an_unknown_vllm_release_counts_every_layer_in_full() -> None:
    shape = shape_of("scout", serving={"contextLength": 32_768, "image": "acme/vllm:nightly"})
    assert not shape.hybrid_kv
    assert gib(shape.memory.kv_needed) == pytest.approx(6.0, abs=0.01)


def test_the_words_for_scout() -> None:
    given = planned(spec("scout", serving={"contextLength": 65_536}), [pool()])
    assert given.explanation == (
        "scout INT4 on 1 x a100-80gb (pool a100-80gb): 79.15 GiB x 0.92 = 72.82 GiB usable per GPU "
        "- 58.79 weights - 0.03 rope table - 2.50 overhead = 11.49 GiB KV cache. "
        "One request of 65,536 tokens needs 4.69 GiB of it, so 2.5 fit at once. "
        "1.19 USD/h (1 x 1.19, the pool's own price), the cheapest of 9 shapes that fit."
    )


def test_the_words_for_maverick() -> None:
    given = planned(spec("maverick", serving={"contextLength": 131_072}), [pool()])
    assert given.explanation == (
        "maverick INT4 on 2 x a100-80gb (pool a100-80gb): 79.15 GiB x 0.92 = 72.82 GiB usable per GPU "
        "- 99.76 weights + 35.00 of them in host memory - 0.03 rope table - 3.50 overhead "
        "= 4.53 GiB KV cache. "
        "One request of 131,072 tokens needs 3.84 GiB of it, so 1.2 fit at once. "
        "2.38 USD/h (2 x 1.19, the pool's own price), the cheapest of 4 shapes that fit. "
        "The pod requests 148 GiB of host memory, and by estimate (PCIe at 20 GB/s) the experts there add "
        "16 ms to a decode step of 1 request, 126 ms to one of 8, 2.1 s to a prefill of 2,048 tokens. "
        "Without host memory (hostOffload: Never) INT4 on 4 x a100-80gb (pool a100-80gb) costs 4.76 USD/h."
    )


def test_the_words_say_when_only_host_memory_helps() -> None:
    only_two = planned(spec("maverick", serving={"contextLength": 65_536}), [pool(gpusPerNode=2)])
    assert "the only shape that fits." in only_two.explanation
    assert only_two.explanation.endswith("Without host memory no shape fits.")


def test_the_words_say_what_was_assumed() -> None:
    given = planned(spec("scout", serving={"concurrency": 2, "image": "acme/vllm:nightly"})).explanation
    assert "contextLength is not set: 16,384 is the largest power of two with room for 2 requests." in given
    assert "The hybrid KV cache may be off, so every layer counts the whole context." in given


def test_the_longest_usual_words_are_told_in_full() -> None:
    asked = spec("maverick", serving={"concurrency": 10, "image": "acme/vllm:nightly"})
    given = pool("rtx-pro-6000", "999999999.123456")
    pools = [
        dataclasses.replace(given, name="a" * 63, gpus_per_node=2),
        dataclasses.replace(given, name="b" * 63, hourly_usd_per_gpu=given.hourly_usd_per_gpu + 1),
    ]
    text = planned(asked, pools).explanation
    assert text.endswith(f"(pool {'b' * 63}) costs 4000000000.493824 USD/h.")
    assert len(text) <= 1000


@given(words=st.lists(st.text(alphabet="ab-", min_size=1, max_size=80), max_size=60))
def test_longer_words_end_after_a_whole_one(words: list[str]) -> None:
    source = " ".join(words)
    text = planned(spec("scout"), [dataclasses.replace(pool(), price_source=source)]).explanation
    assert len(text) <= 1000
    if text.endswith(" …"):
        told = text.removesuffix(" …").partition("(1 x 1.19, ")[2].split()
        assert told == words[: len(told)]
    else:
        assert source in text


def refused(asked: LlamaDeploymentSpec, *pools: Pool) -> str:
    with pytest.raises(DoesNotFit) as error:
        planned(asked, pools)
    return str(error.value)


def test_a_refusal_shows_the_sums_of_the_nearest_shapes() -> None:
    asked = spec(
        "maverick", model={"quantization": "INT4"}, serving={"contextLength": 131_072}, gpu={"count": 2}
    )
    assert refused(asked, pool("l4", "0.80"), pool(hostMemoryPerGpu="64Gi")) == (
        "spec.model.variant = maverick: must fit on GPUs of one node with 1 request of 131,072 tokens. "
        "Nearest: INT4 on 2 x a100-80gb (pool a100-80gb) needs 107.13 of 72.82 GiB per GPU: 99.76 weights + "
        "0.03 rope table + 3.50 overhead + 3.84 KV cache; the pod would request 148 GiB of host memory with "
        "35 GiB of experts per GPU in it, and the pool has 128; on 4 GPUs, 49.89 GiB of weights each, it "
        "fits, but spec.gpu.count is 2. "
        "INT4 on 2 x l4 (pool l4) needs 107.13 of 20.27 GiB per GPU: 99.76 weights + 0.03 rope table + "
        "3.50 overhead + 3.84 KV cache; 87 GiB per GPU would have to lie in host memory, and at most 49 may; "
        "on 8 GPUs, 24.96 GiB of weights each, it fits, but spec.gpu.count is 2"
    )


def test_a_refusal_says_how_long_requests_could_be() -> None:
    asked = spec(
        "llama-3.1-8b", model={"quantization": "BF16"}, serving={"contextLength": 65_536, "concurrency": 2}
    )
    assert refused(asked, pool("l4", "0.80", gpusPerNode=1)) == (
        "spec.model.variant = llama-3.1-8b: must fit on GPUs of one node with 2 requests of 65,536 tokens. "
        "Nearest: BF16 on 1 x l4 (pool l4) needs 33.99 of 20.27 GiB per GPU: 14.96 weights + 0.03 rope table "
        "+ 3.00 overhead + 16.00 KV cache; requests of 9,312 tokens would fit; on 2 GPUs, 7.48 GiB of "
        "weights each, it fits, but the pool's nodes have 1"
    )


def test_a_refusal_says_when_only_the_host_is_too_small() -> None:
    asked = spec("llama-3.1-8b", model={"quantization": "BF16"}, gpu={"count": 2})
    assert refused(asked, pool(hostMemoryPerGpu="13Gi")) == (
        "spec.model.variant = llama-3.1-8b: must fit on GPUs of one node with 1 request of 8,192 tokens. "
        "Nearest: BF16 on 2 x a100-80gb (pool a100-80gb) fits its GPUs, but the pod would request 28 GiB of "
        "host memory, and the pool has 26"
    )


@pytest.mark.parametrize(
    ("gpu", "needs"),
    [
        ("rtx-4090", "INT4 on 1 x rtx-4090 (pool rtx-4090) needs 62.83 of 21.64 GiB per GPU"),
        ("l40s", "INT4 on 1 x l40s (pool l40s) needs 62.83 of 40.84 GiB per GPU"),
    ],
)
@pytest.mark.parametrize("offload", ["Auto", "Never"])
def test_the_common_claim_that_scout_fits_one_small_gpu_is_refused(
    gpu: str, needs: str, offload: str
) -> None:
    asked = spec("scout", gpu={"hostOffload": offload}, serving={"contextLength": 8_192})
    message = refused(asked, pool(gpu, "0.60", gpusPerNode=1))
    assert needs in message
    assert "it fits, but the pool's nodes have 1" in message


def test_even_the_shortest_context_of_scout_does_not_fit_one_l40s() -> None:
    message = refused(spec("scout", serving={"contextLength": 1_024}), pool("l40s", "1.40", gpusPerNode=1))
    assert "21 GiB per GPU would have to lie in host memory, and at most 11 may" in message


def test_a_refusal_teaches_what_more_gpus_in_a_node_would_do() -> None:
    asked = spec("maverick", model={"quantization": "FP8"}, gpu={"hostOffload": "Never"})
    message = refused(asked, pool(gpusPerNode=4))
    assert "FP8 on 4 x a100-80gb (pool a100-80gb) needs 100.53 of 72.82 GiB per GPU: 96.62 weights" in message
    assert message.endswith("on 8 GPUs, 48.32 GiB of weights each, it fits, but the pool's nodes have 4")


def test_the_longest_refusal_fits_into_a_condition() -> None:
    pools = [
        dataclasses.replace(pool("rtx-pro-6000", "1", gpusPerNode=1), name=letter * 63) for letter in "abcdef"
    ]
    message = refused(spec("maverick", serving={"contextLength": 1_048_576, "concurrency": 4096}), *pools)
    assert len(message) <= 950


def test_more_gpus_than_any_node_has_are_refused() -> None:
    with pytest.raises(DoesNotFit) as error:
        planned(spec("scout", gpu={"count": 8}), [pool(gpusPerNode=4), pool("h200", "3.50", gpusPerNode=2)])
    assert str(error.value) == "spec.gpu.count = 8: must be at most 4, the GPUs of the largest node"


class TestSpot:
    """A spot price counts only where the pool sells spot and the resource accepts it."""

    selling = dataclasses.replace(pool(), name="selling", spot_usd_per_gpu=Decimal("0.45"))
    plain = dataclasses.replace(pool(price="1.00"), name="plain")

    @pytest.mark.parametrize(
        ("capacity", "chosen", "usd", "paid"),
        [
            ("OnDemand", "plain", "1.00", "OnDemand"),
            ("Spot", "selling", "0.45", "Spot"),
            ("SpotPreferred", "selling", "0.45", "SpotPreferred"),
        ],
    )
    def test_the_cheapest_pool_depends_on_what_is_accepted(
        self, capacity: str, chosen: str, usd: str, paid: str
    ) -> None:
        shape = planned(spec("scout", gpu={"capacityType": capacity}), [self.selling, self.plain]).shape
        assert (shape.pool.name, shape.hourly_usd, shape.capacity_type) == (chosen, Decimal(usd), paid)

    def test_preferring_spot_takes_a_cheaper_pool_that_sells_none(self) -> None:
        cheap = dataclasses.replace(pool(price="0.40"), name="cheap")
        shape = planned(spec("scout", gpu={"capacityType": "SpotPreferred"}), [self.selling, cheap]).shape
        assert (shape.pool.name, shape.capacity_type) == ("cheap", "OnDemand")

    def test_only_spot_without_a_pool_that_sells_it_is_refused(self) -> None:
        assert refused(spec("scout", gpu={"capacityType": "Spot"}), self.plain) == (
            "spec.gpu.capacityType = Spot: must find a pool that sells spot capacity, by its "
            "spec.price.spot; none of these does: plain"
        )

    def test_a_pool_of_spot_nodes_only_is_not_for_those_who_want_on_demand(self) -> None:
        spot_only = dataclasses.replace(self.selling, name="spot", hourly_usd_per_gpu=None)
        shape = planned(spec("scout", gpu={"capacityType": "SpotPreferred"}), [spot_only]).shape
        assert (shape.hourly_usd, shape.capacity_type) == (Decimal("0.45"), "Spot")
        assert refused(spec("scout"), spot_only) == (
            "spec.gpu.capacityType = OnDemand: must find a pool that sells on-demand capacity; none of these "
            "does: spot"
        )

    def test_the_words_say_which_price_it_is(self) -> None:
        asked = spec("scout", gpu={"capacityType": "SpotPreferred"})
        assert (
            "0.45 USD/h (1 x 0.45, the pool's own spot price; 1.19 on demand)"
            in planned(asked, [self.selling]).explanation
        )


def test_an_fp8_kv_cache_holds_twice_the_tokens() -> None:
    plain, fp8 = (
        planned(spec("scout", serving={"contextLength": 65_536, "extraArgs": flags})).shape
        for flags in ((), ("--kv-cache-dtype=fp8",))
    )
    assert (plain.kv_dtype_bytes, fp8.kv_dtype_bytes) == (2, 1)
    assert fp8.memory == dataclasses.replace(plain.memory, kv_needed=plain.memory.kv_needed // 2)
    assert fp8.kv_tokens == pytest.approx(2 * plain.kv_tokens, rel=0.001)


def test_a_switched_off_hybrid_manager_counts_every_layer_in_full() -> None:
    flags = ["--disable-hybrid-kv-cache-manager"]
    shape = planned(spec("scout", serving={"contextLength": 32_768, "extraArgs": flags})).shape
    # 32,768 tokens x 192 KiB = 6 GiB, and the empty block of all 48 layers.
    assert shape.memory.kv_needed == 6 * 2**30 + 48 * 65_536
    assert not shape.hybrid_kv


def test_the_kv_tokens_are_requests_times_their_length() -> None:
    shape = planned(spec("llama-3.1-8b", serving={"contextLength": 8_192})).shape
    room = shape.memory.kv_cache - 32 * 65_536
    assert shape.kv_tokens == room // (128 * 1024)
