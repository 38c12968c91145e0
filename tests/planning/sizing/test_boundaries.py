"""To the byte: what just fits, and what misses by one."""

import dataclasses
import math
from fractions import Fraction

import pytest

from llamafleet.planning.sizing.candidates import Candidate, candidates
from llamafleet.planning.sizing.memory import GIB, UTILISATION, usable
from llamafleet.planning.sizing.refusal import arithmetic
from llamafleet.planning.sizing.shape import Pool
from llamafleet.planning.sizing.wanted import Wanted, wanted
from planning.givens import Json, pool, spec, with_memory


def holding(size: int) -> Pool:
    """GPUs of which vLLM may use exactly so many bytes."""
    found = with_memory(pool(), math.ceil(size / Fraction(UTILISATION)))
    assert usable(found.gpu.memory) == size
    return found


def only(asked: Wanted, where: Pool) -> Candidate:
    (found,) = candidates(asked, [where])
    return found


def one_precision(variant: str, gpus: int, **serving: object) -> Wanted:
    model: Json = {"quantization": "INT4"}
    return wanted(spec(variant, model=model, gpu={"count": gpus}, serving=serving))


def test_a_shape_that_fits_to_the_byte_fits_and_one_byte_less_is_too_little() -> None:
    asked = one_precision("llama-3.1-70b", 2, contextLength=32_768, concurrency=3)
    size = 2**36 + only(asked, holding(2**36)).shortfall
    assert [only(asked, holding(size + more)).fits for more in (-1, 0, 1)] == [False, True, True]
    assert [only(asked, holding(size + more)).shortfall for more in (-1, 0, 1)] == [1, 0, -1]


def test_a_context_is_taken_to_the_byte_too() -> None:
    asked = one_precision("llama-3.1-70b", 2)
    longer = one_precision("llama-3.1-70b", 2, contextLength=32_768)
    size = 2**36 + only(longer, holding(2**36)).shortfall
    assert [only(asked, holding(size + more)).shape.context_length for more in (-1, 0)] == [16_384, 32_768]


@pytest.mark.parametrize(
    ("beyond", "gib", "fits"), [(0, 48, True), (1, 49, True), (GIB, 49, True), (GIB + 1, 0, False)]
)
def test_experts_leave_by_whole_gib_up_to_half_of_the_weights(beyond: int, gib: int, *, fits: bool) -> None:
    asked = one_precision("maverick", 2, contextLength=131_072)
    size = 2**37 + only(asked, holding(2**37)).shortfall - 48 * GIB - beyond
    found = only(asked, holding(size))
    assert (found.offload_gib, found.fits) == (gib, fits)


def test_a_host_that_is_large_enough_to_the_byte_is_enough() -> None:
    asked = one_precision("scout", 1, contextLength=8_192)
    exact, less = (only(asked, pool(hostMemoryPerGpu=str(22 * GIB - missing))) for missing in (0, 1))
    assert exact.fits
    assert less.obstacle == "the pod would request 22 GiB of host memory, and the pool has 21"


def test_a_shape_that_only_the_host_refuses_is_not_called_too_large() -> None:
    asked = one_precision("llama-3.1-70b", 2, contextLength=32_768)
    size = 2**36 + only(asked, holding(2**36)).shortfall
    poor = (dataclasses.replace(holding(size - missing), host_memory_per_gpu=GIB) for missing in (0, 1))
    exact, less = (arithmetic(only(asked, where)) for where in poor)
    assert exact.startswith("INT4 on 2 x a100-80gb (pool a100-80gb) fits its GPUs, but the pod would request")
    assert less.startswith("INT4 on 2 x a100-80gb (pool a100-80gb) needs ")
