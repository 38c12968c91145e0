"""What holds of every sizing decision, whatever the pools and the wishes."""

import dataclasses
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import PRECISIONS, gpus, models
from llamafleet.errors import DoesNotFit
from llamafleet.planning.candidates import candidates
from llamafleet.planning.memory import GIB, kv_per_request, longest_request
from llamafleet.planning.shape import Pool, Shape
from llamafleet.planning.sizing import choose
from llamafleet.planning.wanted import wanted
from planning.givens import Json, on_a100, over, pool, spec, with_memory

patient = settings(deadline=None)
"""A busy machine is no reason to fail: these tests are about sums, not about speed."""

VARIANTS = st.sampled_from(sorted(models()))
CONTEXTS = st.integers(min_value=1_024, max_value=131_072)
MEMORY = st.integers(min_value=16 * GIB, max_value=200 * GIB)
POOLS = st.builds(
    lambda gpu, cents, size: pool(gpu, f"{cents / 100:.2f}", gpusPerNode=size, nodeSelector={"pool": gpu}),
    st.sampled_from(sorted(gpus())),
    st.integers(min_value=1, max_value=1_000),
    st.sampled_from([1, 2, 4, 8, 16, 32]),
)
WISHES = st.fixed_dictionaries(
    {"contextLength": st.none() | CONTEXTS, "concurrency": st.integers(min_value=1, max_value=16)}
)


def found(asked: LlamaDeploymentSpec, *pools: Pool) -> Shape | None:
    """The chosen shape, or None when nothing fits."""
    try:
        return choose(wanted(asked), pools).shape
    except DoesNotFit:
        return None


@patient
@given(variant=VARIANTS, serving=WISHES, given_pool=POOLS, sizes=st.tuples(MEMORY, MEMORY))
def test_more_memory_never_makes_a_feasible_shape_infeasible(
    variant: str, serving: Json, given_pool: Pool, sizes: tuple[int, int]
) -> None:
    asked = spec(variant, serving=serving)
    less, more = (found(asked, with_memory(given_pool, size)) for size in sorted(sizes))
    assert less is None or (more is not None and more.hourly_usd <= less.hourly_usd)


@patient
@given(variant=VARIANTS, given_pool=POOLS, contexts=st.tuples(CONTEXTS, CONTEXTS))
def test_a_longer_context_is_never_cheaper(variant: str, given_pool: Pool, contexts: tuple[int, int]) -> None:
    short, long = (
        found(spec(variant, serving={"contextLength": context}), given_pool) for context in sorted(contexts)
    )
    assert long is None or (short is not None and short.hourly_usd <= long.hourly_usd)


@patient
@given(variant=VARIANTS, serving=WISHES, pools=st.lists(POOLS, min_size=1, max_size=4))
def test_the_chosen_shape_is_never_beaten_by_a_considered_one(
    variant: str, serving: Json, pools: list[Pool]
) -> None:
    asked = spec(variant, serving=serving)
    best = found(asked, *pools)
    for candidate in candidates(wanted(asked), pools):
        if candidate.fits:
            assert best is not None
            assert rank(best) <= rank(candidate.shape)


def rank(shape: Shape) -> tuple[Decimal, int, int, int]:
    """The cheaper first, then the more precise, then without host memory, then the roomier KV cache."""
    precision = list(PRECISIONS).index(shape.quantization)
    return shape.hourly_usd, precision, shape.offload_gib, -shape.kv_tokens


@patient
@given(variant=VARIANTS, serving=WISHES, given_pool=POOLS)
def test_a_chosen_shape_holds_what_was_asked_for_within_a_node(
    variant: str, serving: Json, given_pool: Pool
) -> None:
    shape = found(spec(variant, serving=serving), given_pool)
    if shape is not None:
        assert shape.gpus <= given_pool.gpus_per_node
        assert shape.memory.kv_cache >= shape.memory.kv_needed
        assert shape.max_concurrency >= spec(variant, serving=serving).serving.concurrency
        assert shape.offload_gib * GIB <= shape.memory.weights // 2


@patient
@given(
    variant=st.sampled_from(["scout", "maverick"]),
    given_pool=POOLS,
    offloads=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_more_offload_never_leaves_less_kv_cache(
    variant: str, given_pool: Pool, offloads: tuple[int, int]
) -> None:
    for candidate in candidates(wanted(spec(variant)), [given_pool]):
        less, more = (
            dataclasses.replace(candidate.shape.memory, offloaded=gib * GIB).kv_cache
            for gib in sorted(offloads)
        )
        assert less <= more


@patient
@given(
    variant=VARIANTS,
    tp=st.sampled_from([1, 2, 4, 8]),
    kv_cache=st.integers(0, 200 * GIB),
    hybrid=st.booleans(),
)
def test_the_longest_request_fits_and_a_longer_one_does_not(
    variant: str, tp: int, kv_cache: int, *, hybrid: bool
) -> None:
    model, layout, split = models()[variant], on_a100(hybrid=hybrid), over(tp)
    longest = longest_request(model, split, kv_cache, layout)
    assert longest == 0 or kv_per_request(model, split, longest, layout) <= kv_cache
    one_layer_group = kv_per_request(model, split, 16, layout)
    if longest + 16 <= model.max_positions:
        assert kv_per_request(model, split, longest + 16, layout) > kv_cache - one_layer_group
