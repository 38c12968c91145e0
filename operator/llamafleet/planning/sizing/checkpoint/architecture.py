"""The architecture that a config.json describes, as vLLM 0.32 builds it.

Keys, defaults and layer patterns are those of transformers 5.19's ``LlamaConfig``, ``Llama4TextConfig`` and
``MllamaTextConfig``. Nothing is counted or compared here.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from llamafleet.planning.sizing.checkpoint import llama4
from llamafleet.planning.sizing.checkpoint.fields import Section
from llamafleet.planning.sizing.checkpoint.limits import (
    MOST_EXPERTS,
    MOST_HEADS,
    MOST_LAYERS,
    MOST_POSITIONS,
    MOST_WIDTH,
)

LLAMA: Final = "LlamaForCausalLM"
LLAMA_4: Final = "Llama4ForConditionalGeneration"
LLAMA_4_TEXT: Final = "Llama4ForCausalLM"
MLLAMA: Final = "MllamaForConditionalGeneration"

FAMILIES: Final = {LLAMA: LLAMA, LLAMA_4: LLAMA_4, LLAMA_4_TEXT: LLAMA_4, MLLAMA: MLLAMA}
"""The families by the name of the class that a config.json gives; Llama 4 has a class for text alone, too."""

SIXTEEN_BITS: Final = frozenset({"bfloat16", "float16"})
"""What the weights that nobody quantized may be stored as; both have two bytes."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a model.

    Attributes:
        family: the class of the family, one of the values of ``FAMILIES``.
        sees: True when the checkpoint holds a vision part.
        layers: layers of the language model, cross-attention layers included.
        hidden_size: the width of the model.
        attention_heads: query heads of a layer.
        kv_heads: key and value heads of a layer.
        head_dim: the width of a head.
        vocabulary: rows of the output head.
        tied: True when the token embedding serves as output head.
        max_positions: the longest context, tokens.
        mlp_size: the width of a dense MLP; 0 where every layer has experts.
        moe_step: one layer in so many has experts; 0 for a dense model.
        experts: routed experts of such a layer; 0 for a dense model.
        expert_size: the width of an expert, the shared one as well; 0 for a dense model.
        cross_layers: the layers that look at an image only.
        chunked_layers: how many layers look at the last chunk only.
        chunk: tokens of such a chunk; 0 when there are no such layers.
    """

    family: str
    sees: bool
    layers: int
    hidden_size: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    max_positions: int
    mlp_size: int
    moe_step: int = 0
    experts: int = 0
    expert_size: int = 0
    cross_layers: frozenset[int] = frozenset()
    chunked_layers: int = 0
    chunk: int = 0


def architecture(config: Section) -> Architecture:
    """Read the architecture.

    Raises:
        InvalidSpec: it is no Llama that can be sized, or a key is absent or wrong.
    """
    name = _class_name(config)
    text = config if name == LLAMA else config.section("text_config") or config
    for section in (config, text):
        _check_dtype(section)
        _check_biases(section)
    _check_vision(config, name)
    plain = _plain(config, text, name)
    if plain.family == LLAMA_4:
        return _llama_4(text, plain)
    if plain.family == MLLAMA:
        return _mllama(text, plain)
    return dataclasses.replace(plain, mlp_size=text.whole("intermediate_size", MOST_WIDTH))


def _class_name(config: Section) -> str:
    """The class that serves the checkpoint: the first of its ``architectures``, as vLLM takes it."""
    names = config.texts("architectures")
    if not names or names[0] not in FAMILIES:
        config.refuse("architectures", f"must begin with one of {', '.join(FAMILIES)}")
    return names[0]


def _check_dtype(section: Section) -> None:
    for key in ("dtype", "torch_dtype"):
        if section.has(key) and section.text(key) not in SIXTEEN_BITS:
            rule = (
                "must be bfloat16 or float16: vLLM casts float32 down to 16 bits when it loads, so that "
                "such a checkpoint only costs twice the download; save it in bfloat16"
            )
            section.refuse(key, rule)


def _check_biases(section: Section) -> None:
    for key in ("attention_bias", "mlp_bias"):
        if section.flag(key, default=False):
            section.refuse(key, "must be false: no Llama of the catalogue has biases")


def _check_vision(config: Section, name: str) -> None:
    if name in {LLAMA_4, MLLAMA} and config.section("vision_config") is None:
        config.refuse("vision_config", f"must be there, because {name} reads images")


def _plain(config: Section, text: Section, name: str) -> Architecture:
    """What every family says in the same words; the rest is for the family to fill in."""
    heads = text.whole("num_attention_heads", MOST_HEADS)
    hidden_size = text.whole("hidden_size", MOST_WIDTH)
    return Architecture(
        family=FAMILIES[name],
        sees=name in {LLAMA_4, MLLAMA},
        layers=text.whole("num_hidden_layers", MOST_LAYERS),
        hidden_size=hidden_size,
        attention_heads=heads,
        kv_heads=text.whole("num_key_value_heads", MOST_HEADS, default=heads),
        head_dim=text.whole("head_dim", MOST_WIDTH, default=hidden_size // heads),
        vocabulary=text.whole("vocab_size", MOST_WIDTH),
        tied=text.flag("tie_word_embeddings", default=config.flag("tie_word_embeddings", default=False)),
        max_positions=text.whole("max_position_embeddings", MOST_POSITIONS),
        mlp_size=0,
    )


def _llama_4(text: Section, plain: Architecture) -> Architecture:
    step = llama4.moe_step(text, plain.layers)
    chunk, chunked_layers = llama4.chunks(text, plain.layers)
    return dataclasses.replace(
        plain,
        mlp_size=0 if step == 1 else text.whole("intermediate_size_mlp", MOST_WIDTH),
        moe_step=step,
        experts=text.whole("num_local_experts", MOST_EXPERTS) if step else 0,
        expert_size=text.whole("intermediate_size", MOST_WIDTH) if step else 0,
        chunked_layers=chunked_layers,
        chunk=chunk,
    )


def _mllama(text: Section, plain: Architecture) -> Architecture:
    listed = text.wholes("cross_attention_layers")
    cross_layers = frozenset(listed)
    if len(cross_layers) != len(listed) or not all(0 <= layer < plain.layers for layer in listed):
        rule = f"must be a list of different layers from 0 to {plain.layers - 1}"
        text.refuse("cross_attention_layers", rule)
    mlp_size = text.whole("intermediate_size", MOST_WIDTH)
    return dataclasses.replace(plain, mlp_size=mlp_size, cross_layers=cross_layers)
