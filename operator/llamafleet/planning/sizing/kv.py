"""Keys and values of requests: how vLLM 0.32 lays them out, and what they fill. Exact bytes of one GPU.

Nothing here chooses anything; ``docs/sizing.md`` derives the figures.
"""

import functools
from dataclasses import dataclass
from typing import Final, NamedTuple

from llamafleet.catalogue import ModelFacts
from llamafleet.catalogue.precision import BF16_BYTES
from llamafleet.planning.sizing.parallel import Parallelism

BLOCK_TOKENS: Final = 16
"""Tokens of one block of the KV cache: vLLM's default ``--block-size`` on CUDA."""


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


class KvGroups(NamedTuple):
    """How the hybrid KV cache manager counts layers: in groups of one size.

    Attributes:
        full: layers that look at the whole context, a last group filled up.
        chunked: layers that look at the last chunk only, likewise.
        size: layers of a group.
    """

    full: int
    chunked: int
    size: int


@functools.lru_cache(maxsize=256)
def kv_groups(model: ModelFacts) -> KvGroups:
    """Llama 4's layers in groups: one of 12 and three of 12, and other models in one group.

    A group has as many layers as the rarer kind, or as the other where that has less than half as many more:
    vLLM's ``_get_kv_cache_groups_uniform_page_size``. What a last group lacks is memory that nobody uses.
    """
    full, chunked = model.full_attention_layers, model.chunked_attention_layers
    rarer, other = sorted((full, chunked))
    if not rarer:
        return KvGroups(full, chunked, other)
    size = other if 2 * other < 3 * rarer else rarer
    return KvGroups(_filled_up(full, size), _filled_up(chunked, size), size)


def _filled_up(layers: int, size: int) -> int:
    return -(-layers // size) * size


def kv_per_request(model: ModelFacts, split: Parallelism, tokens: int, layout: KvLayout) -> int:
    """Bytes per GPU that one request of so many tokens fills.

    Llama 4's chunked layers keep one chunk and what is in flight, under the hybrid manager; otherwise every
    layer keeps everything. Beyond ``kv_heads`` GPUs the heads are copied, so the share stops shrinking.
    """
    blocks = -(-tokens // BLOCK_TOKENS)
    if not layout.hybrid:
        return _page(model, split, layout) * _layers(model) * blocks // split.pipeline
    full, chunked, _ = kv_groups(model)
    kept = -(-min(tokens, model.attention_chunk + layout.in_flight) // BLOCK_TOKENS)
    return -(-_page(model, split, layout) * (full * blocks + chunked * kept) // split.pipeline)


def empty_block(model: ModelFacts, split: Parallelism, layout: KvLayout) -> int:
    """Bytes per GPU of the one block that vLLM's pool never hands out (its null block).

    Under the hybrid manager a block serves one group of layers. Otherwise it serves every layer.
    """
    layers = kv_groups(model).size if layout.hybrid else _layers(model)
    return -(-_page(model, split, layout) * layers // split.pipeline)


def _layers(model: ModelFacts) -> int:
    """The layers that keep keys and values of text."""
    return model.full_attention_layers + model.chunked_attention_layers


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
