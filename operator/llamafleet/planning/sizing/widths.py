"""How wide the layers are that tensor parallelism cuts across their scales. Nothing is chosen here.

A rank gets a part of the inputs of an output projection (attention) and of a down projection (MLP, experts).
In a quantized layer so many inputs in a row share a scale, and vLLM gives each rank whole groups only.
"""

import functools
from collections.abc import Iterator
from typing import Final

from llamafleet.catalogue import ModelFacts, Precision

MATRICES: Final = 3
"""Gate, up and down projection of an MLP or an expert."""

SCALE_GROUP: Final = 128
"""Weights that share a scale: the largest group that vLLM's Marlin kernels take, and the usual one. vLLM 0.32
stops with an assertion (``CompressedTensorsWNA16``) when a rank's part is no multiple of it."""


@functools.lru_cache(maxsize=256)
def widest_split(model: ModelFacts, precision: Precision, quantized: frozenset[str]) -> int:
    """Over how many GPUs, a power of two, a layer may be cut at most with these groups quantized.

    14,336 inputs (Llama 3.1 8B) are 112 groups of 128, which 16 GPUs share evenly and 32 do not.
    """
    units = (
        (inputs, SCALE_GROUP if precision.scale_bytes and group in quantized else 1)
        for group, inputs in _inputs(model)
    )
    return max(1, min((inputs & -inputs) // unit for inputs, unit in units))


def _inputs(model: ModelFacts) -> Iterator[tuple[str, int]]:
    """The parameter groups with a layer that is cut so, and how many inputs it has."""
    heads = model.attention_heads * model.head_dim
    for group in model.parameters:
        if group in {"attention", "cross_attention"}:
            yield group, heads
        elif group == "dense_mlp":
            yield group, _mlp_size(model)
        elif model.experts is not None and group in {"routed_experts", "shared_experts"}:
            yield group, model.experts.intermediate_size


def _mlp_size(model: ModelFacts) -> int:
    """The width of a dense MLP, from its parameters: a catalogue counts them and does not give the width."""
    layers = model.full_attention_layers + model.chunked_attention_layers + model.cross_attention_layers
    dense = layers - (model.experts.layers if model.experts else 0)
    return model.parameters["dense_mlp"] // (MATRICES * model.hidden_size * dense)
