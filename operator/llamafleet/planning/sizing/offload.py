"""Expert weights in pinned host memory: how much may go there, what it takes, and what it costs in speed.

vLLM moves whole tensors (``--cpu-offload-gb``, ``--cpu-offload-params experts``) and its kernels read them
over PCIe. Nothing here decides whether to; ``docs/decisions/0003-host-offload.md`` says when we do.
"""

import functools
import math
from typing import Final

from llamafleet.catalogue import ModelFacts, Precision
from llamafleet.planning.sizing.memory import GIB, Weights
from llamafleet.planning.sizing.parallel import Parallelism
from llamafleet.planning.sizing.widths import MATRICES

LARGEST_PART: Final = 2
"""At most one half of a rank's weights: beyond that, most of the work waits for PCIe."""

LONGEST_STEP_SECONDS: Final = 0.040
"""How much longer a decode step of one request may take at most: the time in which MLPerf Inference 5.0 wants
a token of an interactive Llama 2 70B. A server that spends it on PCIe alone is no longer interactive."""

PCIE_BYTES_PER_SECOND: Final = 20_000_000_000
"""What PCIe 4.0 x16 gives a GPU in effect, by estimate: about two thirds of its nominal 32 GB/s."""


@functools.lru_cache(maxsize=512)
def most_offload_gib(model: ModelFacts, precision: Precision, weights: Weights, tensor_parallel: int) -> int:
    """The most whole GiB per GPU that may lie in host memory; 0 for a model without routed experts."""
    if model.experts is None:
        return 0
    tensors = layer_bytes(model, precision, tensor_parallel)
    one_layer = seconds_per_step(tensors, 1, model.experts.count, 1)
    layers = min(model.experts.layers, int(LONGEST_STEP_SECONDS / one_layer))
    half = weights.per_rank(Parallelism(tensor_parallel, 1)) // LARGEST_PART
    return min(layers * sum(tensors), weights.experts // tensor_parallel, half) // GIB


@functools.lru_cache(maxsize=512)
def layer_bytes(model: ModelFacts, precision: Precision, tensor_parallel: int) -> tuple[int, ...]:
    """The tensors of one layer's experts on one rank, in bytes: gate and up as one, down, then their scales.

    Empty for a model without routed experts.
    """
    if model.experts is None:
        return ()
    one = model.experts.count * model.hidden_size * model.experts.intermediate_size // tensor_parallel
    parts = [(MATRICES - 1) * one, one]
    sizes = [
        math.ceil(part * kind) for kind in (precision.weight_bytes, precision.scale_bytes) for part in parts
    ]
    return tuple(size for size in sizes if size)


def layers_touched(tensors: tuple[int, ...], offload_gib: int) -> int:
    """How many layers give up experts for so many GiB; a layer counts as a whole."""
    return -(-offload_gib * GIB // sum(tensors))


def pinned(tensors: tuple[int, ...], layers: int, tensor_parallel: int) -> int:
    """Bytes of host memory that the experts of so many layers take, on all GPUs together.

    Pinning rounds every tensor up to a power of two (vllm issue 58178, open in 0.32), which is why this is up
    to twice the offloaded weights.
    """
    rounded = sum(1 << (size - 1).bit_length() for size in tensors)
    return layers * rounded * tensor_parallel


def seconds_per_step(tensors: tuple[int, ...], layers: int, experts: int, tokens: int) -> float:
    """How much longer a step of so many tokens takes: the experts that are hit, read once over PCIe.

    Each token visits one expert of a layer, and all are taken to be equally likely.
    """
    hit = 1 - (1 - 1 / experts) ** tokens
    return layers * sum(tensors) * hit / PCIE_BYTES_PER_SECOND
