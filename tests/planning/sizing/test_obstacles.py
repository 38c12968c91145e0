"""What stands in the way of a shape that its GPUs would hold: the host's memory, and what vLLM can run."""

import dataclasses

import pytest

from llamafleet.catalogue import FORMATS
from llamafleet.errors import DoesNotFit
from llamafleet.planning.sizing.candidates import Candidate, candidates
from llamafleet.planning.sizing.obstacles import host_memory
from llamafleet.planning.sizing.shape import Pool
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import Json, gib, over, planned, pool, spec


def candidate(where: Pool, gpus: int, variant: str, **sections: Json) -> Candidate:
    """The one candidate of a single precision on so many GPUs."""
    (found,) = (
        one for one in candidates(wanted(spec(variant, **sections)), [where]) if one.split.gpus == gpus
    )
    return found


def maverick(memory: str, side: str) -> dict[str, Json]:
    """Maverick in INT4, whose author says something about host memory."""
    return {"serving": {"contextLength": 131_072, "resources": {side: {"memory": memory}}}}


@pytest.mark.parametrize("gpu", ["b200", "rtx-pro-6000"])
def test_vllm_runs_no_int8_on_blackwell(gpu: str) -> None:
    asked = spec("llama-3.1-70b", model={"quantization": "INT8"})
    with pytest.raises(DoesNotFit) as refused:
        planned(asked, [pool(gpu, "4.00")])
    assert f"(pool {gpu}) fits its GPUs, but vLLM runs no INT8 on {gpu}" in str(refused.value)
    assert "would fit" not in str(refused.value)


def test_int8_goes_to_a_dearer_gpu_that_runs_it() -> None:
    asked = spec("llama-3.1-70b", model={"quantization": "INT8"})
    assert planned(asked, [pool("b200", "1.00"), pool("h100-80gb", "3.00")]).shape.pool.name == "h100-80gb"


def test_weights_of_eight_bits_with_groups_of_scales_run_on_blackwell() -> None:
    # Weight-only INT8 goes through Marlin, which knows no such limit.
    found = candidate(pool("b200", "4.00"), 1, "llama-3.1-8b", model={"quantization": "INT8"})
    assert found.obstacle
    grouped = dataclasses.replace(FORMATS["int8"], scale_bytes=FORMATS["w4a16-g128"].scale_bytes)
    option = dataclasses.replace(found.option, precision=grouped)
    asked = dataclasses.replace(found.wanted, options=(option,))
    assert all(one.fits for one in candidates(asked, [found.pool]))


@pytest.mark.parametrize(("limit", "gpus"), [("69Gi", 4), ("70Gi", 2)])
def test_a_limit_that_the_experts_alone_would_break_is_no_place_for_them(limit: str, gpus: int) -> None:
    # 35 GiB of experts of each of two GPUs
    assert planned(spec("maverick", **maverick(limit, "limits"))).shape.gpus == gpus


def test_the_refusal_names_the_limit() -> None:
    asked = spec("maverick", **maverick("64Gi", "limits"), gpu={"count": 2}, model={"quantization": "INT4"})
    with pytest.raises(DoesNotFit) as refused:
        planned(asked)
    told = "70 GiB of experts would lie in host memory, and spec.serving.resources.limits allows 64.00"
    assert told in str(refused.value)


def test_a_request_without_a_limit_is_trusted() -> None:
    assert planned(spec("maverick", **maverick("64Gi", "requests"))).shape.gpus == 2


def test_a_request_of_nothing_is_a_request() -> None:
    resources = {"requests": {"memory": "0"}, "limits": {"memory": "64Gi"}}
    shape = planned(spec("scout", serving={"resources": resources}), [pool(hostMemoryPerGpu="1Gi")]).shape
    assert (shape.gpus, shape.host_memory) == (1, 0)


@pytest.mark.parametrize(
    ("offered", "obstacle"), [("14Gi", ""), ("13Gi", "28 GiB of host memory, and the pool has 26")]
)
def test_the_host_is_looked_at_even_where_the_gpus_are_too_small(offered: str, obstacle: str) -> None:
    found = candidate(
        pool("l4", "0.80", hostMemoryPerGpu=offered), 2, "llama-3.1-70b", model={"quantization": "BF16"}
    )
    assert found.shortfall > 0
    assert found.obstacle.endswith(obstacle)
    assert bool(found.obstacle) == bool(obstacle)


def test_experts_that_are_not_quantized_are_counted_as_they_are_stored() -> None:
    # A layer on one of two GPUs: 10 and 5 GiB in bfloat16, pinned as 16 and 8; packed to 4 bits, 6.1875.
    found = candidate(pool(), 2, "maverick", model={"quantization": "INT4"})
    wide = dataclasses.replace(found.option, experts=FORMATS["bf16"])
    assert gib(host_memory(found.wanted, over(2), found.option, 1)) == 33 + 4
    assert gib(host_memory(found.wanted, over(2), wide, 1)) == 2 * (16 + 8) + 20 + 4
