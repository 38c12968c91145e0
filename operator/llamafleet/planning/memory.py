"""The memory of one GPU: weights, rotary table, overhead, and keys and values of requests. Exact bytes.

Nothing here chooses anything. The figures are those of vLLM 0.32; ``docs/sizing.md`` derives them.
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from llamafleet.catalogue import PRECISIONS, ModelFacts, Precision
from llamafleet.catalogue.facts import VISION_GROUPS
from llamafleet.catalogue.precision import BF16_BYTES

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


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a model in one precision, in bytes.

    Attributes:
        sharded: what tensor parallelism splits.
        replicated: what every rank holds whole.
        experts: the part of ``sharded`` that is routed experts.
    """

    sharded: int
    replicated: int
    experts: int

    @property
    def total(self) -> int:
        """The whole model."""
        return self.sharded + self.replicated

    def per_rank(self, tensor_parallel: int) -> int:
        """What one of so many GPUs holds."""
        return -(-self.sharded // tensor_parallel) + self.replicated


@dataclass(frozen=True, slots=True)
class KvLayout:
    """How vLLM lays out keys and values.

    Attributes:
        in_flight: tokens that may be computed before their chunk is freed: twice the tokens of one step,
            because scheduling is asynchronous.
        hybrid: True when chunked layers keep their chunk only (the hybrid KV cache manager).
    """

    in_flight: int
    hybrid: bool


def weigh(model: ModelFacts, precision: Precision, quantized: frozenset[str], *, text_only: bool) -> Weights:
    """The bytes of the model's weights with these groups quantized and all others in bfloat16."""
    left_out = VISION_GROUPS if text_only else frozenset()
    groups = {
        group: math.ceil(count * (precision if group in quantized else PRECISIONS["BF16"]).bytes)
        for group, count in model.parameters.items()
        if group not in left_out
    }
    replicated = sum(size for group, size in groups.items() if group in REPLICATED_GROUPS)
    sharded = sum(groups.values()) - replicated
    return Weights(sharded=sharded, replicated=replicated, experts=groups.get("routed_experts", 0))


def tensor_parallel_sizes(model: ModelFacts, most: int) -> tuple[int, ...]:
    """How many GPUs may share the model, at most ``most``: powers of two that suit its heads.

    vLLM wants the query heads split evenly, and the key-value heads either split or copied evenly. Other
    divisors than powers of two would split the heads too, but not the expert and MLP widths.
    """
    powers = (2**power for power in range(most.bit_length()))
    return tuple(size for size in powers if size <= most and _suits_heads(model, size))


def _suits_heads(model: ModelFacts, size: int) -> bool:
    kv_heads = model.kv_heads
    return model.attention_heads % size == 0 and (kv_heads % size == 0 or size % kv_heads == 0)


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


def overhead(tensor_parallel: int, *, lean: bool) -> int:
    """Bytes per GPU that are neither weights nor table nor KV cache; lean: text only, table lowered."""
    if tensor_parallel > 1:
        return OVERHEAD_MANY_GPUS
    return OVERHEAD_LEAN if lean else OVERHEAD_ONE_GPU


def usable(gpu_memory: int) -> int:
    """The bytes of a GPU that vLLM takes."""
    return int(gpu_memory * UTILISATION)


def kv_per_request(model: ModelFacts, tensor_parallel: int, tokens: int, layout: KvLayout) -> int:
    """Bytes per GPU that one request of so many tokens fills.

    Llama 4's chunked layers keep one chunk and what is in flight, under the hybrid manager; otherwise every
    layer keeps everything. Beyond ``kv_heads`` GPUs the heads are copied, so the share stops shrinking.
    """
    kept = min(tokens, model.attention_chunk + layout.in_flight) if layout.hybrid else tokens
    full = model.full_attention_layers * -(-tokens // BLOCK_TOKENS)
    chunked = model.chunked_attention_layers * -(-kept // BLOCK_TOKENS)
    return _page(model, tensor_parallel) * (full + chunked)


def empty_block(model: ModelFacts, tensor_parallel: int, layout: KvLayout) -> int:
    """Bytes per GPU of the one block that vLLM's pool never hands out (its null block).

    Under the hybrid manager a block serves one group of layers, and the groups are equally large: as many
    layers as look at the whole context. Otherwise it serves every layer.
    """
    chunked = 0 if layout.hybrid else model.chunked_attention_layers
    return _page(model, tensor_parallel) * (model.full_attention_layers + chunked)


def _page(model: ModelFacts, tensor_parallel: int) -> int:
    """Bytes of the keys and values of one block in one layer on one GPU."""
    heads = max(1, model.kv_heads // tensor_parallel)
    return 2 * heads * model.head_dim * BF16_BYTES * BLOCK_TOKENS


def longest_request(model: ModelFacts, tensor_parallel: int, kv_cache: int, layout: KvLayout) -> int:
    """The most tokens of a single request that fits into so many bytes per GPU; whole blocks, may be zero."""
    room = kv_cache - empty_block(model, tensor_parallel, layout)
    fits, too_many = 0, model.max_positions // BLOCK_TOKENS + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if kv_per_request(model, tensor_parallel, middle * BLOCK_TOKENS, layout) <= room:
            fits = middle
        else:
            too_many = middle
    return fits * BLOCK_TOKENS
