"""How fast a replica works, before anything was seen of it."""

from dataclasses import replace

import pytest

from bench.autoscale_cases import CASES, shape_of
from llamafleet.planning.scaling.pace import pace
from llamafleet.planning.scaling.signals import Pace

SHAPE = shape_of(CASES["azure-conv-2023"].spec(4))


def test_a_model_that_nobody_knows_has_the_pace_of_a_slow_one() -> None:
    known, unknown = pace(SHAPE), pace(replace(SHAPE, variant="nobody-knows"))

    assert unknown != known
    assert unknown.token(16.0, 1000.0) > known.token(16.0, 1000.0)


@pytest.mark.parametrize(("batch", "seconds"), [(1.0, 0.0182), (2.0, 0.010169), (1e9, 0.0012)])
def test_a_token_takes_its_part_of_a_step(batch: float, seconds: float) -> None:
    """Of 16 experts one request visits 1, two visit 1.94, and each has a thousand tokens in the cache."""
    one = Pace(step=0.016, expert=0.001, experts=16, sequence=0.0002, kv_token=1e-6, prompt_token=0.0)

    assert one.token(batch, 1000.0) == pytest.approx(seconds, rel=1e-3)
