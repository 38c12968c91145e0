"""The choice among all shapes."""

import dataclasses
from decimal import Decimal

import pytest

from llamafleet.planning.plan import Shape
from llamafleet.planning.sizing.shape import Pool
from planning.givens import SPOT_NODES, Json, gib, planned, pool, refused, spec


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


def test_gpus_that_cost_nothing_are_not_wasted() -> None:
    assert shape_of("scout", pool(price="0")).gpus == 1


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
        spot_only = dataclasses.replace(
            self.selling, name="spot", hourly_usd_per_gpu=None, node_selector=SPOT_NODES
        )
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
