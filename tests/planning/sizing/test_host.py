"""The host memory of a pod, as it is checked against the pool, told and requested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.planning.sizing.host import pod_memory, shared_memory
from llamafleet.planning.sizing.memory import GIB
from planning.givens import gib

GPUS = st.sampled_from([1, 2, 4, 8, 16, 32, 64])


@pytest.mark.parametrize(
    ("gpus", "pinned_gib", "wanted_gib"),
    [
        pytest.param(1, 0, 16 + 4 + 2, id="one GPU"),
        pytest.param(8, 0, 16 + 8 * 4 + 8 * 2, id="eight GPUs"),
        pytest.param(2, 123.75, 124 + 20 + 2 * 2, id="maverick on two GPUs with 35 GiB of experts each"),
        pytest.param(8, 1, 16 + 8 * 4 + 8 * 2, id="eight GPUs with hardly any experts"),
    ],
)
def test_a_pod_requests(gpus: int, pinned_gib: float, wanted_gib: int) -> None:
    assert gib(pod_memory(gpus, int(pinned_gib * GIB))) == wanted_gib


@given(gpus=GPUS, pinned=st.tuples(st.integers(0, 2**42), st.integers(0, 2**42)))
def test_more_pinned_weights_never_take_less_and_the_pod_holds_them(
    gpus: int, pinned: tuple[int, int]
) -> None:
    less, more = (pod_memory(gpus, size) for size in sorted(pinned))
    assert less <= more
    assert more >= max(pinned) + shared_memory(gpus)
    assert more % GIB == 0
