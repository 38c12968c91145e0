"""The parameters of an architecture: every linear layer by its name, and the sums of their groups.

The counts are those of transformers 5.19's model classes, to the parameter. Names are short: what stands
before ``layers`` in a tensor's name differs from release to release and says nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from llamafleet.catalogue.facts import VISION_GROUPS
from llamafleet.planning.sizing.checkpoint.architecture import LLAMA_4, MLLAMA, Architecture
from llamafleet.planning.sizing.checkpoint.llama4 import is_moe

VISION: Final = {"vision_tower": "vision_model", "mm_projector": "multi_modal_projector"}
"""The vision groups and the one name that stands for all their layers."""

LM_HEAD: Final = "lm_head"

EXTRA_EMBEDDINGS: Final = 8
"""Rows that Llama 3.2 Vision's embedding has beyond its vocabulary, for the image token."""


class Linear(NamedTuple):
    """One linear layer.

    Attributes:
        name: its short name, such as ``layers.0.self_attn.q_proj``. The experts of a layer stand together
            under the name of the first, and a vision part under one name.
        group: the parameter group that it belongs to.
        size: how many parameters.
    """

    name: str
    group: str
    size: int


def linears(shape: Architecture, vision: Mapping[str, int]) -> tuple[Linear, ...]:
    """Every linear layer that can be quantized.

    Args:
        shape: the architecture.
        vision: the parameters of the vision groups; a text model leaves them out.
    """
    found = [linear for layer in range(shape.layers) for linear in _layer(shape, layer)]
    if not shape.tied:
        found.append(Linear(LM_HEAD, LM_HEAD, shape.vocabulary * shape.hidden_size))
    if shape.sees:
        found += [
            Linear(VISION[group], group, size) for group, size in vision.items() if group in VISION_GROUPS
        ]
    return tuple(found)


def parameters(shape: Architecture, found: tuple[Linear, ...]) -> dict[str, int]:
    """How many parameters each group has; groups without any are left out."""
    groups: Counter[str] = Counter()
    for linear in found:
        groups[linear.group] += linear.size
    extra = EXTRA_EMBEDDINGS if shape.family == MLLAMA else 0
    groups["token_embedding"] = (shape.vocabulary + extra) * shape.hidden_size
    groups["norms_gates"] = _norms_gates(shape)
    return dict(+groups)


def _norms_gates(shape: Architecture) -> int:
    """Two norms for a layer, one at the end; for a cross-attention layer two of a head and two gates more."""
    cross = len(shape.cross_layers) * (2 * shape.head_dim + 2)
    return (2 * shape.layers + 1) * shape.hidden_size + cross


def _layer(shape: Architecture, layer: int) -> Iterator[Linear]:
    prefix = f"layers.{layer}."
    crosses = layer in shape.cross_layers
    yield from _attention(
        shape,
        f"{prefix}{'cross_attn' if crosses else 'self_attn'}",
        "cross_attention" if crosses else "attention",
    )
    if is_moe(layer, shape.moe_step):
        yield from _experts(shape, f"{prefix}feed_forward")
    else:
        mlp = "feed_forward" if shape.family == LLAMA_4 else "mlp"
        yield from _mlp(f"{prefix}{mlp}", "dense_mlp", shape.hidden_size * shape.mlp_size)


def _attention(shape: Architecture, name: str, group: str) -> Iterator[Linear]:
    query = shape.hidden_size * shape.attention_heads * shape.head_dim
    key = shape.hidden_size * shape.kv_heads * shape.head_dim
    for part, size in (("q", query), ("k", key), ("v", key), ("o", query)):
        yield Linear(f"{name}.{part}_proj", group, size)


def _experts(shape: Architecture, name: str) -> Iterator[Linear]:
    """The router, the routed experts, and the one shared expert that every token visits as well."""
    one = shape.hidden_size * shape.expert_size
    yield Linear(f"{name}.router", "router", shape.hidden_size * shape.experts)
    yield from _mlp(f"{name}.experts.0", "routed_experts", shape.experts * one)
    yield from _mlp(f"{name}.shared_expert", "shared_experts", one)


def _mlp(name: str, group: str, size: int) -> Iterator[Linear]:
    for part in ("gate", "up", "down"):
        yield Linear(f"{name}.{part}_proj", group, size)
