"""Why nothing fits, word for word, and whether what is said to help would help."""

import dataclasses
import re

import pytest
from hypothesis import assume, given, settings

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.sizing.candidates import Candidate, candidates
from llamafleet.planning.sizing.refusal import arithmetic
from llamafleet.planning.sizing.shape import Pool
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import SPOT_NODES, gib, pool, refused, spec
from planning.wishes import changed, patient, several, specs


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
        "on 8 GPUs, 24.96 GiB of weights each, 10 of them in host memory, it fits, but spec.gpu.count is 2"
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
    message = refused(
        spec("scout", gpu={"count": 8}), pool(gpusPerNode=4), pool("h200", "3.50", gpusPerNode=2)
    )
    assert message == "spec.gpu.count = 8: must be at most 4, the GPUs of the largest node"


@pytest.mark.parametrize(
    ("capacity", "most", "sells"),
    [("Spot", 2, "spot"), ("OnDemand", 4, "on-demand")],
    ids=["spot", "on demand"],
)
def test_nodes_that_sell_nothing_to_this_author_are_none_of_his(capacity: str, most: int, sells: str) -> None:
    pools = (
        pool(gpusPerNode=2, price=None, nodeSelector=SPOT_NODES),
        pool("h200", "3.50", gpusPerNode=4),
    )
    message = refused(spec("scout", gpu={"count": 8, "capacityType": capacity}), *pools)
    largest = f"must be at most {most}, the GPUs of the largest node that sells {sells} capacity"
    assert message == f"spec.gpu.count = 8: {largest}"


def test_no_requests_are_promised_where_the_host_is_too_small_for_any() -> None:
    asked = spec("llama-3.1-8b", model={"quantization": "BF16"}, serving={"contextLength": 65_536})
    enough, little = (
        refused(asked, pool("l4", "0.80", gpusPerNode=1, hostMemoryPerGpu=memory))
        for memory in ("22Gi", "21Gi")
    )
    assert "requests of 18,640 tokens would fit" in enough
    assert "would fit" not in little
    assert "; the pod would request 22 GiB of host memory, and the pool has 21" in little


def test_no_requests_are_promised_that_are_shorter_than_any_author_may_name() -> None:
    # After 14.96 GiB of weights and 3.03 of table and overhead, 2.27 GiB hold 18 requests of 1,024 tokens.
    asked, promises = spec("llama-3.1-8b", model={"quantization": "BF16"}), []
    for concurrency in (18, 19):
        wish = {"contextLength": 2_048, "concurrency": concurrency}
        more = asked.model_copy(update={"serving": asked.serving.model_validate(wish)})
        promises.append(
            "requests of 1,024 tokens would fit" in refused(more, pool("l4", "0.80", gpusPerNode=1))
        )
    assert promises == [True, False]


def test_the_nearest_are_those_that_miss_the_least_of_each_pool_and_precision() -> None:
    message = refused(
        spec("maverick", gpu={"hostOffload": "Never"}), pool("l4", "0.80", gpusPerNode=4), pool(gpusPerNode=1)
    )
    told = re.findall(r"(\w+) on (\d) x (\S+) \(pool", message)
    assert told == [("INT4", "4", "l4"), ("FP8", "4", "l4"), ("INT4", "1", "a100-80gb")]


HINT = re.compile(r"requests of ([\d,]+) tokens would fit|on (\d+) GPUs, ([\d.]+) GiB of weights each")
SUM = re.compile(
    r"needs (.+) of (.+) GiB per GPU: (.+) weights \+ (.+) rope table \+ (.+) overhead \+ (.+) KV"
)


@settings(patient, max_examples=200)
@given(asked=specs(), given_pools=several())
def test_what_a_refusal_says_would_fit_does_fit(asked: LlamaDeploymentSpec, given_pools: list[Pool]) -> None:
    for one in candidates(wanted(asked), given_pools):
        if one.shortfall > 0:
            for tokens, gpus, weights in HINT.findall(arithmetic(one)):
                if tokens:
                    assert fitting(one, asked, one.split.gpus, contextLength=int(tokens.replace(",", "")))
                else:
                    assert weights in fitting(one, asked, int(gpus))


def fitting(one: Candidate, asked: LlamaDeploymentSpec, gpus: int, **serving: int) -> set[str]:
    """GiB of weights per GPU of what fits that precision on so many GPUs, were its nodes so large."""
    helped = wanted(changed(changed(asked, "gpu", count=gpus), "serving", **serving))
    helped = dataclasses.replace(helped, options=(one.option,))
    pools = [dataclasses.replace(one.pool, gpus_per_node=64)]
    return {f"{gib(other.shape.memory.weights):.2f}" for other in candidates(helped, pools) if other.fits}


@patient
@given(asked=specs(), given_pools=several())
def test_the_sum_of_a_refusal_adds_up(asked: LlamaDeploymentSpec, given_pools: list[Pool]) -> None:
    for one in candidates(wanted(asked), given_pools):
        for found in SUM.findall(arithmetic(one) if one.shortfall > 0 else ""):
            needed, usable, *parts = map(float, found)
            assert needed == pytest.approx(sum(parts), abs=0.03)
            assert needed >= usable == pytest.approx(gib(one.pool.gpu.memory) * 0.92, abs=0.01)


@patient
@given(asked=specs(concurrency=4_096), given_pools=several())
def test_a_refusal_fits_into_a_condition_and_ends_without_a_full_stop(
    asked: LlamaDeploymentSpec, given_pools: list[Pool]
) -> None:
    considered = [*candidates(wanted(asked), given_pools)]
    assume(considered and not any(one.fits for one in considered))
    message = refused(asked, *given_pools)
    assert len(message) <= 950
    assert not message.endswith(".")
    assert "Nearest: " in message
