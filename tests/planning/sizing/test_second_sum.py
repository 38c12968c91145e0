"""The memory of every shape, added up a second time by the formula of the page about sizing.

Nothing of the planner's own arithmetic is used here: fractions instead of whole bytes, and another order.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import pytest

from llamafleet.catalogue import models
from llamafleet.planning.sizing.candidates import Candidate, candidates
from llamafleet.planning.sizing.wanted import wanted
from planning.givens import Json, pool, spec

GIB = 2**30
BYTES = {
    "BF16": Fraction(2),
    "FP8": Fraction(1),
    "INT8": Fraction(1),
    "INT4": Fraction(1, 2) + Fraction(2, 128),
}


class Layers(NamedTuple):
    """Heads and layers of a variant, as its configuration has them."""

    heads: int
    kv_heads: int
    head_dim: int
    self_attention: int
    positions: int


LAYERS = {
    "llama-3.2-1b": Layers(32, 8, 64, 16, 131_072),
    "llama-3.2-3b": Layers(24, 8, 128, 28, 131_072),
    "llama-3.1-8b": Layers(32, 8, 128, 32, 131_072),
    "llama-3.1-70b": Layers(64, 8, 128, 80, 131_072),
    "llama-3.3-70b": Layers(64, 8, 128, 80, 131_072),
    "llama-3.1-405b": Layers(128, 8, 128, 126, 131_072),
    "llama-3.2-11b-vision": Layers(32, 8, 128, 32, 131_072),
    "llama-3.2-90b-vision": Layers(64, 8, 128, 80, 131_072),
    "scout": Layers(40, 8, 128, 48, 10_485_760),
    "maverick": Layers(40, 8, 128, 48, 1_048_576),
}
STEPS = {"a100-80gb": 2_048, "h200": 8_192, "b200": 16_384}
WISHES: dict[str, Json] = {
    "as usual": {},
    "several requests": {"concurrency": 5},
    "FP8 keys and values": {"extraArgs": ["--kv-cache-dtype=fp8"]},
    "without the hybrid manager": {"extraArgs": ["--disable-hybrid-kv-cache-manager"]},
    "with images": {"vision": True},
}


CASES = [
    (variant, wish)
    for variant, model in models().items()
    for wish in WISHES
    if model.sees or wish != "with images"
]


def test_every_variant_is_added_up() -> None:
    assert LAYERS.keys() == models().keys()


@pytest.mark.parametrize(("variant", "wish"), CASES)
def test_every_shape_of_a_variant_takes_what_the_formula_says(variant: str, wish: str) -> None:
    for context in {8_192, 100_000, 131_072, LAYERS[variant].positions}:
        asked = wanted(spec(variant, serving={"contextLength": context, **WISHES[wish]}))
        for one in candidates(asked, [pool(gpu, "1", gpusPerNode=64) for gpu in STEPS]):
            memory = one.shape.memory
            found = memory.weights, memory.rope_table, memory.overhead, memory.kv_needed
            assert found == pytest.approx((weights(one), *beside(one, context)), rel=0, abs=8)


def weights(one: Candidate) -> float:
    """Bytes of weights of a GPU."""
    variant, split, layers = one.wanted.model.variant, one.split, LAYERS[one.wanted.model.variant]
    sizes = {group: count * stored(one, group) for group, count in one.wanted.model.parameters.items()}
    vision = [sizes.pop(group) for group in ("vision_tower", "mm_projector") if group in sizes]
    seen = 0 if is_llama_4(variant) and one.wanted.text_only else sum(vision)
    whole = sum(sizes.pop(group) for group in ("router", "norms_gates") if group in sizes)
    ends = [sizes.pop(group) for group in ("token_embedding", "lm_head") if group in sizes]
    attention = sizes["attention"] + sizes.get("cross_attention", 0)
    keys_and_values = attention * layers.kv_heads / (layers.heads + layers.kv_heads)
    queries_and_mlp = sum(sizes.values()) - keys_and_values
    staged = queries_and_mlp / split.tensor + keys_and_values / min(split.tensor, layers.kv_heads)
    held = max(ends) if split.pipeline > 1 else sum(ends)
    return float(staged / split.pipeline + (held + seen) / split.tensor + whole)


def stored(one: Candidate, group: str) -> Fraction:
    """Bytes of one parameter of a group."""
    variant, name = one.wanted.model.variant, one.option.precision.name
    linear = {"attention", "cross_attention", "dense_mlp", "routed_experts", "shared_experts"}
    if is_llama_4(variant):
        linear -= {"attention"}
    if (variant, name) == ("maverick", "FP8"):
        linear = {"routed_experts"}
    zero_points = Fraction(1, 256) if (variant, name) == ("llama-3.1-8b", "INT4") else 0
    return BYTES[name] + zero_points if group in linear else BYTES["BF16"]


def beside(one: Candidate, context: int) -> tuple[int, float, float]:
    """Bytes of the rotary table, of the overhead, and of the wanted requests with one empty block."""
    layers, split, asked = LAYERS[one.wanted.model.variant], one.split, one.wanted
    positions = min(layers.positions, max(131_072, context))
    lean = is_llama_4(asked.model.variant) and asked.text_only and positions < layers.positions
    overhead = 3.5 if split.tensor * split.pipeline > 1 else 2.5 if lean else 3.0
    token = 2 * layers.head_dim * asked.kv_dtype_bytes * max(1, layers.kv_heads // split.tensor)
    blocks, block = math.ceil(context / 16), layers.self_attention
    each = block * blocks
    if is_llama_4(asked.model.variant) and asked.hybrid:
        kept = math.ceil(min(context, 8_192 + (split.pipeline + 1) * STEPS[one.pool.gpu.key]) / 16)
        each, block = 12 * blocks + 36 * kept, 12
    filled = 16 * token * (asked.concurrency * each + block) / split.pipeline
    return positions * layers.head_dim * 2, overhead * GIB, filled


def is_llama_4(variant: str) -> bool:
    return variant in {"scout", "maverick"}
