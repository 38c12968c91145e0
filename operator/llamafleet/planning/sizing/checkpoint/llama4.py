"""Which layers of a Llama 4 have experts and which look at a chunk only, as vLLM 0.32 decides it.

Other engines read lists of layers that vLLM does not: where such a list says something else, nobody knows
what was meant.
"""

from typing import Final

from llamafleet.planning.sizing.checkpoint.fields import Section
from llamafleet.planning.sizing.checkpoint.limits import MOST_LAYERS, MOST_POSITIONS

CHUNK: Final = 8192
NO_ROPE_INTERVAL: Final = 4
MOE_STEP: Final = 1
"""Llama 4's ``attention_chunk_size``, ``no_rope_layer_interval`` and ``interleave_moe_layer_step`` where a
config.json leaves them out: the defaults of ``Llama4TextConfig``."""


def moe_step(text: Section, layers: int) -> int:
    """One layer in how many has experts; 0 for none.

    Raises:
        InvalidSpec: the key is wrong, or a list of the layers says something else.
    """
    step = text.whole("interleave_moe_layer_step", MOST_LAYERS, least=0, default=MOE_STEP)
    _check_moe_layers(text, layers, step)
    return step


def _check_moe_layers(text: Section, layers: int, step: int) -> None:
    """A list of layers must say what the step says, because vLLM reads the step alone."""
    listed = {layer for layer in text.wholes("moe_layers") if layer < layers}
    if text.has("moe_layers") and listed != {layer for layer in range(layers) if is_moe(layer, step)}:
        rule = f"must name the layers that interleave_moe_layer_step {step} makes: vLLM goes by that alone"
        text.refuse("moe_layers", rule)


def is_moe(layer: int, step: int) -> bool:
    """Whether a layer, counted from 0, has experts: each ``step``-th has, and none for 0."""
    return step > 0 and (layer + 1) % step == 0


def chunks(text: Section, layers: int) -> tuple[int, int]:
    """Tokens of a chunk, and how many layers look at one chunk only: those with rotary embeddings.

    Both are 0 where the chunk size is ``null`` or 0: then every layer looks at the whole context.

    Raises:
        InvalidSpec: a key is wrong, or two lists of the layers differ.
    """
    absent = "attention_chunk_size" not in text.content
    chunk = text.whole("attention_chunk_size", MOST_POSITIONS, least=0, default=CHUNK if absent else 0)
    if not chunk:
        return 0, 0
    rope = _rope_layers(text, layers)
    _check_layer_types(text, rope)
    chunked_layers = sum(rope)
    return (chunk if chunked_layers else 0), chunked_layers


def _rope_layers(text: Section, layers: int) -> tuple[bool, ...]:
    """Of each layer whether it has rotary embeddings: ``no_rope_layers`` is 0 where it has none."""
    listed = text.wholes("no_rope_layers")
    if not listed:
        interval = text.whole("no_rope_layer_interval", MOST_LAYERS, default=NO_ROPE_INTERVAL)
        return tuple((layer + 1) % interval != 0 for layer in range(layers))
    if len(listed) < layers:
        text.refuse("no_rope_layers", f"must have an entry for each of the {layers} layers")
    return tuple(entry != 0 for entry in listed[:layers])


def _check_layer_types(text: Section, rope: tuple[bool, ...]) -> None:
    """A list of layer types must say what the rotary layers say, because vLLM reads those alone."""
    types = tuple("chunked_attention" if chunked else "full_attention" for chunked in rope)
    if text.has("layer_types") and text.texts("layer_types")[: len(types)] != types:
        rule = (
            "must be chunked_attention where no_rope_layers is 1, and else full_attention: vLLM goes by that"
        )
        text.refuse("layer_types", rule)
