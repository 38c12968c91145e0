"""The memory of one GPU beside its keys and values: weights, rotary table and overhead. Exact bytes.

Nothing here chooses anything. The figures are those of vLLM 0.32; ``docs/sizing.md`` derives them.
"""

import functools
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from llamafleet.catalogue import PRECISIONS, ModelFacts, Precision
from llamafleet.catalogue.facts import VISION_GROUPS
from llamafleet.catalogue.precision import BF16_BYTES
from llamafleet.planning.sizing.parallel import Parallelism

GIB: Final = 2**30

UTILISATION: Final = Decimal("0.92")
"""The part of a GPU's memory that vLLM takes: the default of ``--gpu-memory-utilization`` in 0.32."""

REPLICATED_GROUPS: Final = frozenset({"router", "norms_gates"})
"""Parameters that tensor parallelism does not split: every rank holds them whole."""

SMALLEST_ROPE_POSITIONS: Final = 131_072
"""We never lower ``max_position_embeddings`` below this: that table takes 32 MiB and is no burden."""

OVERHEAD_ONE_GPU: Final = 3 * GIB
OVERHEAD_MANY_GPUS: Final = 7 * GIB // 2
OVERHEAD_LEAN: Final = 5 * GIB // 2
"""Activations, CUDA context, NCCL and CUDA graphs, per GPU: estimates above what public start-up logs show
(activations 1.0 to 1.8 GiB, CUDA and NCCL 0.3 to 1.8 on one GPU and 3.6 on two, graphs 0.2 to 1.4). Lean is
one GPU without vision and with a lowered rotary table. Too little here is an out-of-memory crash."""


EDGE_GROUPS: Final = frozenset({"token_embedding", "lm_head"})
"""Parameters outside the layers: the first pipeline stage holds the one, the last stage the other."""

ATTENTION_GROUPS: Final = frozenset({"attention", "cross_attention"})
"""Parameters that are split by heads, and of which the projections of keys and values are a part."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a model in one precision, in bytes.

    Attributes:
        layers: what the layers hold; tensor parallelism and pipeline stages split it.
        edges: embedding and output head together, or the one table that serves as both.
        edge: the larger of the two, which the heaviest pipeline stage holds.
        vision: the vision part. Tensor parallelism splits it; every stage is taken to hold it.
        replicated: what every rank holds whole.
        experts: the part of ``layers`` that is routed experts.
        kv_projections: the part of ``layers`` that makes keys and values.
        kv_heads: how many heads those make; a wider split copies them.
    """

    layers: int
    edges: int
    edge: int
    vision: int
    replicated: int
    experts: int
    kv_projections: int
    kv_heads: int

    @property
    def total(self) -> int:
        """The whole model."""
        return self.layers + self.edges + self.vision + self.replicated

    def per_rank(self, split: Parallelism) -> int:
        """What one GPU of the heaviest pipeline stage holds."""
        copies = self.kv_projections * (max(1, split.tensor // self.kv_heads) - 1)
        layers = -(-(self.layers + copies) // split.pipeline)
        edges = self.edge if split.pipeline > 1 else self.edges
        return -(-(layers + edges + self.vision) // split.tensor) + self.replicated


@functools.lru_cache(maxsize=512)
def weigh(model: ModelFacts, precision: Precision, quantized: frozenset[str], *, text_only: bool) -> Weights:
    """The bytes of the model's weights with these groups quantized and all others in bfloat16."""
    left_out = VISION_GROUPS if text_only else frozenset()
    groups = {
        group: math.ceil(count * (precision if group in quantized else PRECISIONS["BF16"]).bytes)
        for group, count in model.parameters.items()
        if group not in left_out
    }
    edges = [groups[group] for group in EDGE_GROUPS & groups.keys()]
    vision = sum(size for group, size in groups.items() if group in VISION_GROUPS)
    replicated = sum(size for group, size in groups.items() if group in REPLICATED_GROUPS)
    attention = sum(size for group, size in groups.items() if group in ATTENTION_GROUPS)
    return Weights(
        layers=sum(groups.values()) - sum(edges) - vision - replicated,
        edges=sum(edges),
        edge=max(edges),
        vision=vision,
        replicated=replicated,
        experts=groups.get("routed_experts", 0),
        kv_projections=attention * model.kv_heads // (model.attention_heads + model.kv_heads),
        kv_heads=model.kv_heads,
    )


def rope_positions(model: ModelFacts, context_length: int) -> int | None:
    """What to lower ``max_position_embeddings`` to for this context; None when there is nothing to lower.

    vLLM sizes the rotary table by that setting, not by ``--max-model-len``, and does not split it: Scout's
    ten million positions would cost 2.5 GiB on every GPU.
    """
    positions = max(SMALLEST_ROPE_POSITIONS, context_length)
    return positions if positions < model.max_positions else None


def rope_table(model: ModelFacts, positions: int | None) -> int:
    """Bytes of the rotary table on each GPU: cosine and sine of half a head each, in bfloat16."""
    return (positions or model.max_positions) * model.head_dim * BF16_BYTES


def overhead(gpus: int, *, lean: bool) -> int:
    """Bytes per GPU that are neither weights nor table nor KV cache; lean: text only, table lowered."""
    if gpus > 1:
        return OVERHEAD_MANY_GPUS
    return OVERHEAD_LEAN if lean else OVERHEAD_ONE_GPU


@functools.lru_cache(maxsize=256)
def usable(gpu_memory: int) -> int:
    """The bytes of a GPU that vLLM takes."""
    return int(gpu_memory * UTILISATION)
