"""What holds of every sizing decision, whatever the pools and the wishes."""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import PRECISIONS, models
from llamafleet.errors import DoesNotFit
from llamafleet.planning.sizing.candidates import Candidate, candidates
from llamafleet.planning.sizing.choice import choose
from llamafleet.planning.sizing.memory import GIB
from llamafleet.planning.sizing.shape import Pool, Shape
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import pool, spec, with_memory
from planning.wishes import CONTEXTS, MEMORY, changed, patient, pools, several, specs

UNKNOWN = Decimal(10**9)
"""More than any pool asks."""

thorough = settings(patient, max_examples=200)


def found(asked: LlamaDeploymentSpec, *given_pools: Pool) -> Shape | None:
    """The chosen shape, or None when nothing fits."""
    try:
        return choose(wanted(asked), given_pools).shape
    except DoesNotFit:
        return None


def usd(asked: LlamaDeploymentSpec, *given_pools: Pool) -> tuple[Decimal, int]:
    """What the chosen shape costs per hour, and its GPUs where they cost nothing or nobody knows.

    A price that is not known is dearer than any other, and infinitely dear is that nothing fits.
    """
    shape = found(asked, *given_pools)
    if shape is None:
        return Decimal("Infinity"), 0
    if shape.hourly_usd is None:
        return UNKNOWN, shape.gpus
    return shape.hourly_usd, 0 if shape.hourly_usd else shape.gpus


def every(asked: LlamaDeploymentSpec, *given_pools: Pool) -> Sequence[Candidate]:
    return tuple(candidates(wanted(asked), given_pools))


# What makes a shape fit, and what makes it dearer


@thorough
@given(asked=specs(), given_pool=pools(), sizes=st.tuples(MEMORY, MEMORY))
def test_more_memory_never_makes_a_feasible_shape_infeasible(
    asked: LlamaDeploymentSpec, given_pool: Pool, sizes: tuple[int, int]
) -> None:
    little, much = (with_memory(given_pool, size) for size in sorted(sizes))
    for less, more in zip(every(asked, little), every(asked, much), strict=True):
        assert more.fits or not less.fits
        assert more.offload_gib <= less.offload_gib or not less.fits
    assert usd(asked, much) <= usd(asked, little)


@thorough
@given(asked=specs(), given_pools=several(), contexts=st.tuples(CONTEXTS, CONTEXTS))
def test_a_longer_context_is_never_cheaper(
    asked: LlamaDeploymentSpec, given_pools: list[Pool], contexts: tuple[int, int]
) -> None:
    short, long = (changed(asked, "serving", contextLength=context) for context in sorted(contexts))
    assert usd(short, *given_pools) <= usd(long, *given_pools)


@patient
@given(given_pools=several(), contexts=st.tuples(*[st.integers(1_024, 10_485_760)] * 2))
@example(given_pools=[pool("a100-80gb", "1.00")], contexts=(10_485_759, 10_485_760))
def test_nor_is_one_beyond_the_lowered_rotary_table(
    given_pools: list[Pool], contexts: tuple[int, int]
) -> None:
    short, long = (spec("scout", serving={"contextLength": context}) for context in sorted(contexts))
    assert usd(short, *given_pools) <= usd(long, *given_pools)


@patient
@given(asked=specs(), given_pools=several(), wishes=st.tuples(*[st.integers(1, 64)] * 2))
def test_more_requests_at_once_are_never_cheaper(
    asked: LlamaDeploymentSpec, given_pools: list[Pool], wishes: tuple[int, int]
) -> None:
    few, many = (changed(asked, "serving", concurrency=wish) for wish in sorted(wishes))
    assert usd(few, *given_pools) <= usd(many, *given_pools)


@patient
@given(asked=specs(), given_pools=several(), further=pools())
def test_another_pool_never_makes_it_dearer(
    asked: LlamaDeploymentSpec, given_pools: list[Pool], further: Pool
) -> None:
    assert usd(asked, *given_pools, further) <= usd(asked, *given_pools)


@patient
@given(asked=specs(), given_pool=pools(), sizes=st.tuples(*[st.integers(1, 64)] * 2))
def test_larger_nodes_never_make_it_dearer(
    asked: LlamaDeploymentSpec, given_pool: Pool, sizes: tuple[int, int]
) -> None:
    small, large = (dataclasses.replace(given_pool, gpus_per_node=size) for size in sorted(sizes))
    assert usd(asked, large) <= usd(asked, small)


@patient
@given(asked=specs(), given_pool=pools(), sizes=st.tuples(*[st.integers(0, 400)] * 2))
def test_more_host_memory_never_makes_it_dearer(
    asked: LlamaDeploymentSpec, given_pool: Pool, sizes: tuple[int, int]
) -> None:
    little, much, unknown = (
        dataclasses.replace(given_pool, host_memory_per_gpu=size)
        for size in (*(size * GIB for size in sorted(sizes)), None)
    )
    assert usd(asked, unknown) <= usd(asked, much) <= usd(asked, little)


@patient
@given(asked=specs(), given_pools=several())
def test_what_an_author_forbids_never_makes_it_cheaper(
    asked: LlamaDeploymentSpec, given_pools: list[Pool]
) -> None:
    least = usd(asked, *given_pools)
    assert least <= usd(changed(asked, "gpu", hostOffload="Never"), *given_pools)
    assert least >= usd(changed(asked, "gpu", count=None), *given_pools)
    assert least >= usd(changed(asked, "serving", extraArgs=["--kv-cache-dtype=fp8"]), *given_pools)
    assert least >= usd(changed(asked, "serving", vision=False), *given_pools)


# The choice


@thorough
@given(asked=specs(), given_pools=several())
def test_the_chosen_shape_is_never_beaten_by_a_considered_one(
    asked: LlamaDeploymentSpec, given_pools: list[Pool]
) -> None:
    best, fitting = found(asked, *given_pools), [one.shape for one in every(asked, *given_pools) if one.fits]
    assert (best is None) == (not fitting)
    assert all(best is not None and rank(best) <= rank(shape) for shape in fitting)


def rank(shape: Shape) -> tuple[Decimal, int, int, int, int]:
    """The cheaper first, of what is free or of no known price the fewer GPUs; then precision and the rest."""
    precision = list(PRECISIONS).index(shape.quantization)
    unpaid = 0 if shape.hourly_usd else shape.gpus
    price = UNKNOWN if shape.hourly_usd is None else shape.hourly_usd
    return price, unpaid, precision, shape.offload_gib, -shape.kv_tokens


@patient
@given(asked=specs(), given_pools=several(least=2))
def test_the_order_of_the_pools_changes_nothing(asked: LlamaDeploymentSpec, given_pools: list[Pool]) -> None:
    assert found(asked, *given_pools) == found(asked, *reversed(given_pools))


@patient
@given(asked=specs(), given_pools=several())
def test_the_price_is_one_that_the_pool_asks_and_the_author_accepts(
    asked: LlamaDeploymentSpec, given_pools: list[Pool]
) -> None:
    for one in every(asked, *given_pools):
        paid, sells_spot = str(one.capacity_type), one.pool.sells_spot
        each = one.pool.hourly_usd_per_gpu if paid == "OnDemand" else one.pool.spot_usd_per_gpu
        assert one.hourly_usd == one.shape.hourly_usd
        assert one.hourly_usd == (None if each is None else each * one.split.tensor * one.split.pipeline)
        assert (one.shape.price_problem == "") == (each is not None)
        wish = str(asked.gpu.capacity_type)
        assert paid == wish or (wish == "SpotPreferred" and paid == ("Spot" if sells_spot else "OnDemand"))
        assert paid == "OnDemand" or sells_spot
        assert paid == "Spot" or one.pool.sells_on_demand


@patient
@given(asked=specs(), given_pools=several())
def test_a_pool_is_looked_at_with_and_without_its_prices(
    asked: LlamaDeploymentSpec, given_pools: list[Pool]
) -> None:
    """But for the spot price, which says that a pool sells spot where not all of its nodes are spot nodes."""
    lost = [
        dataclasses.replace(
            one,
            hourly_usd_per_gpu=None,
            spot_usd_per_gpu=one.spot_usd_per_gpu if one.sells_on_demand else None,
        )
        for one in given_pools
    ]
    before, after = every(asked, *given_pools), every(asked, *lost)
    assert [(one.fits, one.capacity_type) for one in before] == [
        (one.fits, one.capacity_type) for one in after
    ]


# The shape


@thorough
@given(asked=specs(), given_pool=pools())
def test_a_shape_that_fits_holds_what_was_asked_for_in_blocks_of_vllm(
    asked: LlamaDeploymentSpec, given_pool: Pool
) -> None:
    for one in every(asked, given_pool):
        shape = one.shape
        if one.fits:
            assert shape.gpus <= given_pool.gpus_per_node
            assert asked.gpu.count in {None, shape.gpus}
            assert shape.max_concurrency >= asked.serving.concurrency
            assert shape.kv_tokens >= asked.serving.concurrency * shape.context_length
            assert blocks(one) - 1 >= asked.serving.concurrency * blocks_of_a_request(one)
            assert shape.offload_gib * GIB <= shape.memory.weights // 2


def blocks(one: Candidate) -> int:
    """How many blocks the KV cache has: each serves one group of layers."""
    model, split = one.wanted.model, one.split
    layers = model.full_attention_layers
    if not one.wanted.hybrid:
        layers += model.chunked_attention_layers
    heads = max(1, model.kv_heads // split.tensor)
    block = layers * 16 * 2 * heads * model.head_dim * one.wanted.kv_dtype_bytes // split.pipeline
    return one.shape.memory.kv_cache // block


def blocks_of_a_request(one: Candidate) -> int:
    """Of one group for the whole context, and of three more for a chunk and what is in flight, in Llama 4."""
    tokens, step = one.shape.context_length, one.pool.gpu.max_batched_tokens
    whole = -(-tokens // 16)
    if not one.wanted.hybrid or not one.wanted.model.chunked_attention_layers:
        return whole
    return whole + 3 * -(-min(tokens, 8_192 + (one.split.pipeline + 1) * step) // 16)


@patient
@given(asked=specs(), given_pool=pools())
def test_every_split_is_one_that_vllm_starts_with(asked: LlamaDeploymentSpec, given_pool: Pool) -> None:
    for one in every(asked, given_pool):
        model, (tensor, pipeline) = one.wanted.model, one.split
        assert model.attention_heads % tensor == 0
        assert model.kv_heads % tensor == 0 or tensor % model.kv_heads == 0
        assert model.full_attention_layers % pipeline == model.chunked_attention_layers % pipeline == 0


@thorough
@given(asked=specs(contextLength=None), given_pool=pools())
def test_without_a_context_the_next_power_of_two_has_no_room(
    asked: LlamaDeploymentSpec, given_pool: Pool
) -> None:
    for one in every(asked, given_pool):
        shape, most = one.shape, one.wanted.model.max_positions
        assert shape.context_length in {2**power for power in range(13, 24)}
        if one.fits and 2 * shape.context_length <= most:
            longer = changed(asked, "serving", contextLength=2 * shape.context_length)
            (same,) = (
                other
                for other in every(changed(longer, "gpu", hostOffload="Never"), given_pool)
                if (other.split, other.option.precision) == (one.split, one.option.precision)
            )
            assert same.shortfall > shape.offload_gib * GIB


@patient
@given(asked=specs(), given_pool=pools())
def test_experts_go_to_host_memory_only_as_far_as_they_must(
    asked: LlamaDeploymentSpec, given_pool: Pool
) -> None:
    plain = every(changed(asked, "gpu", hostOffload="Never"), given_pool)
    assume(len(plain) > 0)
    for one, whole in zip(every(asked, given_pool), plain, strict=True):
        assert whole.offload_gib == 0
        assert not (whole.fits and one.offload_gib)
        if one.offload_gib:
            assert one.wanted.model in (models()["scout"], models()["maverick"])
            assert (one.offload_gib - 1) * GIB < whole.shortfall <= one.offload_gib * GIB
