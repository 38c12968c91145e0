"""The smallest constant fleet, found by halving."""

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.simulation.result import Result
from llamafleet.simulation.rightsize import fewest


@given(needed=st.integers(1, 60), most=st.integers(1, 40))
def test_the_fewest_that_are_enough_or_the_most(needed: int, most: int) -> None:
    tried: list[int] = []

    def run(replicas: int) -> Result:
        tried.append(replicas)
        return cast("Result", SimpleNamespace(replicas=replicas))

    def enough(result: Any) -> bool:
        return bool(result.replicas >= needed)

    count, result = fewest(run, enough, most)
    assert count == min(needed, most)
    assert cast("Any", result).replicas == count
    assert len(tried) <= most.bit_length() + 2
