"""Which layers are quantized, read off the names of a checkpoint's tensors: they are the truth.

A quantized layer has a tensor beside its weights that an ordinary one never has: packed values or scales.
"""

import re
from collections.abc import Iterable
from typing import Final

from llamafleet.planning.sizing.checkpoint.linears import LM_HEAD, VISION

_MARKS: Final = frozenset({"weight_packed", "weight_scale", "weight_scale_inv", "qweight"})
"""What compressed-tensors, FP8 and ModelOpt (the first three) and AWQ and GPTQ (the last) store for a
quantized layer and for no other. Scales of the KV cache, such as ``k_scale``, are none of them."""

_FUSED_MARK: Final = re.compile(r"(?P<layer>.*_proj)_(?:packed|scale|scale_inv)")
"""The same for Llama 4's experts where all are stored as one tensor: ``experts.gate_up_proj_scale``."""

_EXPERT: Final = re.compile(r"\.experts\.(?:\d+\.)?")


def quantized_layers(tensors: Iterable[str]) -> frozenset[str]:
    """The short names, as in ``linears``, of the layers that these tensors show to be quantized."""
    return frozenset(layer for tensor in tensors for layer in _layers(tensor))


def _layers(tensor: str) -> tuple[str, ...]:
    layer, _, kind = tensor.rpartition(".")
    if kind in _MARKS:
        return _short_names(layer)
    fused = _FUSED_MARK.fullmatch(kind)
    return _short_names(f"{layer}.{fused['layer']}") if fused else ()


def _short_names(layer: str) -> tuple[str, ...]:
    """The names of a layer, or of the two that are stored as one."""
    for part in VISION.values():
        if part in layer:
            return (part,)
    if layer.endswith(LM_HEAD):
        return (LM_HEAD,)
    _, found, rest = layer.partition("layers.")
    name = _EXPERT.sub(".experts.0.", found + rest)
    if name.endswith(".gate_up_proj"):
        stem = name.removesuffix("gate_up_proj")
        return f"{stem}gate_proj", f"{stem}up_proj"
    return (name,)
