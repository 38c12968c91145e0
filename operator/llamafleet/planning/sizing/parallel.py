"""How a model may be split over the GPUs of one node. Nothing is chosen here."""

import functools
from typing import NamedTuple

from llamafleet.catalogue import ModelFacts


class Parallelism(NamedTuple):
    """A legal split.

    Attributes:
        tensor: over how many GPUs each layer is split.
        pipeline: in how many stages the layers are split; each stage has ``tensor`` GPUs of its own.
    """

    tensor: int
    pipeline: int

    @property
    def gpus(self) -> int:
        """How many GPUs one replica has."""
        return self.tensor * self.pipeline


@functools.lru_cache(maxsize=256)
def parallelisms(model: ModelFacts, most: int) -> tuple[Parallelism, ...]:
    """Every legal split over at most so many GPUs, by the number of GPUs.

    Tensor parallelism comes first. Pipeline stages come on top of the widest split that still divides the
    key-value heads: a wider one copies them, and leaves less room for the KV cache than stages do. Below
    that width stages hold no more than tensor parallelism does, and answer later. Llama 3.2 Vision has none:
    vLLM 0.32 has no class of its own for it that could be cut into stages.
    """
    sizes = tensor_parallel_sizes(model, most)
    widest = max(size for size in sizes if size <= model.kv_heads)
    staged = (Parallelism(widest, stages) for stages in _powers_of_two(most // widest) if stages > 1)
    legal = [*(Parallelism(size, 1) for size in sizes), *(split for split in staged if _even(model, split))]
    return tuple(sorted(legal, key=lambda split: (split.gpus, split.pipeline)))


def tensor_parallel_sizes(model: ModelFacts, most: int) -> tuple[int, ...]:
    """Over how many GPUs a layer may be split, at most ``most``: powers of two that suit the heads.

    vLLM wants the query heads split evenly, and the key-value heads either split or copied evenly. Other
    divisors than powers of two would split the heads too, but not the expert and MLP widths.
    """
    return tuple(size for size in _powers_of_two(most) if _suits_heads(model, size))


def _powers_of_two(most: int) -> tuple[int, ...]:
    return tuple(2**power for power in range(most.bit_length()))


def _suits_heads(model: ModelFacts, size: int) -> bool:
    kv_heads = model.kv_heads
    return model.attention_heads % size == 0 and (kv_heads % size == 0 or size % kv_heads == 0)


def _even(model: ModelFacts, split: Parallelism) -> bool:
    """Whether every stage gets the same layers: only then one sum is true for each of its GPUs."""
    if model.cross_attention_layers:
        return False
    kinds = [
        model.full_attention_layers,
        model.chunked_attention_layers,
        model.experts.layers if model.experts else 0,
    ]
    return all(layers % split.pipeline == 0 for layers in kinds)
