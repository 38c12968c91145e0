"""A fleet that runs keeps its shape while that fits, and says so."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.errors import DoesNotFit
from llamafleet.planning.plan import RunningShape
from llamafleet.planning.sizing.candidates import candidates
from llamafleet.planning.sizing.choice import choose
from llamafleet.planning.sizing.shape import Pool, Shape
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import Json, planned, pool, spec

DEAR, CHEAP = pool("a100-80gb", "1.19"), pool("h100-80gb", "1.18")
SCOUT = spec("scout", serving={"contextLength": 65_536})
WHERE = RunningShape(
    pool="a100-80gb",
    quantization="INT4",
    tensor_parallel=1,
    pipeline_parallel=1,
    checkpoint="RedHatAI/Llama-4-Scout-17B-16E-Instruct-quantized.w4a16",
)

POOLS = st.builds(
    lambda gpu, cents, size, host: pool(
        gpu, f"{cents / 100:.2f}", gpusPerNode=size, hostMemoryPerGpu=f"{host}Gi"
    ),
    st.sampled_from(["a100-40gb", "a100-80gb", "h200", "l40s"]),
    st.integers(min_value=1, max_value=1_000),
    st.sampled_from([1, 2, 4, 8]),
    st.integers(min_value=8, max_value=200),
)


def running(shape: Shape) -> RunningShape:
    """What the status tells of a shape."""
    return RunningShape(
        shape.pool.name,
        shape.quantization,
        shape.tensor_parallel,
        shape.pipeline_parallel,
        shape.checkpoint,
    )


@settings(deadline=None)
@given(
    variant=st.sampled_from(["scout", "maverick", "llama-3.1-8b", "llama-3.1-70b"]),
    pools=st.lists(POOLS, min_size=1, max_size=3, unique_by=lambda each: each.name),
    data=st.data(),
)
def test_a_running_shape_is_kept_when_it_fits_and_left_for_the_cheapest_when_not(
    variant: str, pools: list[Pool], data: st.DataObject
) -> None:
    asked = wanted(spec(variant))
    considered = list(candidates(asked, pools))
    before = data.draw(st.sampled_from(considered))
    if not any(candidate.fits for candidate in considered):
        with pytest.raises(DoesNotFit):
            choose(asked, pools, running(before.shape))
        return
    choice = choose(asked, pools, running(before.shape))
    assert choice.cheapest == choose(asked, pools).shape
    assert choice.shape == (before.shape if before.fits else choice.cheapest)


def test_a_new_fleet_takes_the_cheapest_and_a_running_one_stays() -> None:
    assert planned(SCOUT, [DEAR, CHEAP]).shape.pool == CHEAP
    assert planned(SCOUT, [DEAR, CHEAP], running=WHERE).shape.pool == DEAR


@pytest.mark.parametrize(
    ("before", "sections"),
    [
        pytest.param(dataclasses.replace(WHERE, pool="gone"), {}, id="its pool is gone"),
        pytest.param(WHERE, {"gpu": {"pools": ["h100-80gb"]}}, id="its author names another pool"),
        pytest.param(WHERE, {"model": {"quantization": "FP8"}}, id="its author names another precision"),
        pytest.param(WHERE, {"gpu": {"count": 2}}, id="its author names another number of GPUs"),
        pytest.param(
            dataclasses.replace(WHERE, checkpoint="acme/another-model"),
            {},
            id="it serves other weights, so it restarts",
        ),
        pytest.param(
            dataclasses.replace(WHERE, tensor_parallel=None), {}, id="its status does not tell its GPUs"
        ),
    ],
)
def test_a_fleet_that_has_to_change_anyway_takes_the_cheapest(
    before: RunningShape, sections: dict[str, Json]
) -> None:
    asked = spec("scout", serving={"contextLength": 65_536}, **sections)
    assert planned(asked, [DEAR, CHEAP], running=before).shape.pool == CHEAP


def test_the_words_name_the_cheapest_when_it_is_cheaper() -> None:
    text = planned(SCOUT, [DEAR, CHEAP], running=WHERE).explanation
    assert text.endswith(
        "1.19 USD/h (1 x 1.19, the pool's own price), one of 18 shapes that fit. The fleet keeps this shape "
        "because it runs; INT4 on 1 x h100-80gb (pool h100-80gb) would be the cheapest at 1.18 USD/h."
    )


def test_the_words_name_no_other_shape_at_the_same_price() -> None:
    roomier = dataclasses.replace(pool("h100-nvl", "1.19"), name="roomier")
    text = planned(SCOUT, [DEAR, roomier], running=WHERE).explanation
    assert text.endswith("the cheapest of 18 shapes that fit. The fleet keeps this shape because it runs.")


def test_the_words_of_a_fleet_in_the_cheapest_shape_are_those_of_a_new_one() -> None:
    assert planned(SCOUT, [DEAR], running=WHERE).explanation == planned(SCOUT, [DEAR]).explanation
