"""The memory of one GPU: weights, rotary table, overhead, and keys and values of requests. Exact bytes.

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
from llamafleet.planning.parallel import Parallelism

GIB: Final = 2**30

UTILISATION: Final = Decimal("0.92")
"""The part of a GPU's memory that vLLM takes: the default of ``--gpu-memory-utilization`` in 0.32."""

BLOCK_TOKENS: Final = 16
"""Tokens of one block of the KV cache: vLLM's default ``--block-size`` on CUDA."""

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
    """

    layers: int
    edges: int
    edge: int
    vision: int
    replicated: int
    experts: int

    @property
    def total(self) -> int:
        """The whole model."""
        return self.layers + self.edges + self.vision + self.replicated

    def per_rank(self, split: Parallelism) -> int:
        """What one GPU of the heaviest pipeline stage holds."""
        staged = split.pipeline > 1
        layers = -(-self.layers // split.pipeline)
        edges = self.edge if staged else self.edges
        return -(-(layers + edges + self.vision) // split.tensor) + self.replicated


@dataclass(frozen=True, slots=True)
class KvLayout:
    """How vLLM lays out keys and values.

    Attributes:
        in_flight: tokens that may be computed before their chunk is freed.
        hybrid: True when chunked layers keep their chunk only (the hybrid KV cache manager).
        dtype_bytes: bytes of one key or value: 2 for bfloat16, 1 for FP8.
    """

    in_flight: int
    hybrid: bool
    dtype_bytes: int = BF16_BYTES


def in_flight(max_batched_tokens: int, stages: int) -> int:
    """Tokens in flight: one step of every pipeline stage, and one more, as scheduling is asynchronous.

    Twice a step without stages is vLLM 0.32's own figure; that each stage adds one is our assumption.
    """
    return (stages + 1) * max_batched_tokens


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
    return Weights(
        layers=sum(groups.values()) - sum(edges) - vision - replicated,
        edges=sum(edges),
        edge=max(edges),
        vision=vision,
        replicated=replicated,
        experts=groups.get("routed_experts", 0),
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


def kv_per_request(model: ModelFacts, split: Parallelism, tokens: int, layout: KvLayout) -> int:
    """Bytes per GPU that one request of so many tokens fills.

    Llama 4's chunked layers keep one chunk and what is in flight, under the hybrid manager; otherwise every
    layer keeps everything. Beyond ``kv_heads`` GPUs the heads are copied, so the share stops shrinking.
    """
    kept = min(tokens, model.attention_chunk + layout.in_flight) if layout.hybrid else tokens
    full = model.full_attention_layers * -(-tokens // BLOCK_TOKENS)
    chunked = model.chunked_attention_layers * -(-kept // BLOCK_TOKENS)
    return _page(model, split, layout) * (full + chunked) // split.pipeline


def empty_block(model: ModelFacts, split: Parallelism, layout: KvLayout) -> int:
    """Bytes per GPU of the one block that vLLM's pool never hands out (its null block).

    Under the hybrid manager a block serves one group of layers, and the groups are equally large: as many
    layers as look at the whole context. Otherwise it serves every layer.
    """
    chunked = 0 if layout.hybrid else model.chunked_attention_layers
    return _page(model, split, layout) * (model.full_attention_layers + chunked) // split.pipeline


def _page(model: ModelFacts, split: Parallelism, layout: KvLayout) -> int:
    """Bytes of the keys and values of one block in one layer on one GPU."""
    heads = max(1, model.kv_heads // split.tensor)
    return 2 * heads * model.head_dim * layout.dtype_bytes * BLOCK_TOKENS


def longest_request(model: ModelFacts, split: Parallelism, kv_cache: int, layout: KvLayout) -> int:
    """The most tokens of a single request that fits into so many bytes per GPU; whole blocks, may be zero."""
    room = kv_cache - empty_block(model, split, layout)
    fits, too_many = 0, model.max_positions // BLOCK_TOKENS + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if kv_per_request(model, split, middle * BLOCK_TOKENS, layout) <= room:
            fits = middle
        else:
            too_many = middle
    return fits * BLOCK_TOKENS
