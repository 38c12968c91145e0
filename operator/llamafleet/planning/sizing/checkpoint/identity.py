"""Whether a checkpoint is of the variant that its author names.

A fine-tune may have more words, fewer layers or fewer experts. What makes a model that model is its family,
its widths and its heads, and which of its layers have experts: these decide.
"""

from collections.abc import Mapping
from typing import Final

from llamafleet.catalogue import ModelFacts
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint.architecture import LLAMA, LLAMA_4, MLLAMA, Architecture

VARIANT: Final = "spec.model.variant"


def check_identity(shape: Architecture, model: ModelFacts, models: Mapping[str, ModelFacts]) -> None:
    """Compare a checkpoint with the variant that it is said to be.

    Args:
        shape: what the checkpoint is.
        model: what it should be.
        models: the whole catalogue, to tell what it looks like.

    Raises:
        InvalidSpec: it is another; the message names both.
    """
    found, wanted = _of_checkpoint(shape), _of_model(model)
    differing = [key for key in wanted if found[key] != wanted[key]]
    if not differing:
        return
    told = ", ".join(f"{key} {found[key]} ({model.variant} has {wanted[key]})" for key in differing[:3])
    alike = [variant for variant, other in models.items() if _of_model(other) == found]
    guess = f"; it looks like {' or '.join(alike)}" if alike else ""
    rule = f"must match the checkpoint, whose config.json describes {told}{guess}"
    raise InvalidSpec(VARIANT, model.variant, rule)


def _of_checkpoint(shape: Architecture) -> dict[str, object]:
    """What identifies it, by the keys of a config.json, the most telling first."""
    return {
        "architectures": shape.family,
        "hidden_size": shape.hidden_size,
        "num_attention_heads": shape.attention_heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "interleave_moe_layer_step": shape.moe_step,
    }


def _of_model(model: ModelFacts) -> dict[str, object]:
    return {
        "architectures": _family(model),
        "hidden_size": model.hidden_size,
        "num_attention_heads": model.attention_heads,
        "num_key_value_heads": model.kv_heads,
        "head_dim": model.head_dim,
        "interleave_moe_layer_step": _moe_step(model),
    }


def _family(model: ModelFacts) -> str:
    if model.experts is not None:
        return LLAMA_4
    return MLLAMA if model.cross_attention_layers else LLAMA


def _moe_step(model: ModelFacts) -> int:
    """Of how many layers one has experts; 0 for a dense model."""
    layers = model.full_attention_layers + model.chunked_attention_layers
    return layers // model.experts.layers if model.experts else 0
