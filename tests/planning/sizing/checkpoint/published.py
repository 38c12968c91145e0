"""Published checkpoints as their own files describe them, for tests that read or change one."""

from typing import Any

import pytest

from llamafleet.catalogue import catalogue, models
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint import OwnWeights, read_checkpoint

Json = dict[str, Any]


def llama(hidden_size: int, layers: int, heads: int, mlp_size: int, **others: object) -> Json:
    """The config.json of a Llama 3, as transformers saves it."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": 128000,
        "eos_token_id": [128001, 128008, 128009],
        "head_dim": 128,
        "hidden_act": "silu",
        "hidden_size": hidden_size,
        "intermediate_size": mlp_size,
        "max_position_embeddings": 131072,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": heads,
        "num_hidden_layers": layers,
        "num_key_value_heads": 8,
        "rms_norm_eps": 1e-05,
        "rope_scaling": {"factor": 8.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
        "rope_theta": 500000.0,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "vocab_size": 128256,
        **others,
    }


def llama_4(experts: int, step: int, positions: int) -> Json:
    """The config.json of a Llama 4 Instruct."""
    return {
        "architectures": ["Llama4ForConditionalGeneration"],
        "model_type": "llama4",
        "text_config": {
            "attention_bias": False,
            "attention_chunk_size": 8192,
            "attn_temperature_tuning": True,
            "head_dim": 128,
            "hidden_size": 5120,
            "interleave_moe_layer_step": step,
            "intermediate_size": 8192,
            "intermediate_size_mlp": 16384,
            "max_position_embeddings": positions,
            "model_type": "llama4_text",
            "moe_layers": list(range(step - 1, 48, step)),
            "no_rope_layers": [],
            "num_attention_heads": 40,
            "num_experts_per_tok": 1,
            "num_hidden_layers": 48,
            "num_key_value_heads": 8,
            "num_local_experts": experts,
            "rms_norm_eps": 1e-05,
            "rope_theta": 500000.0,
            "torch_dtype": "bfloat16",
            "use_qk_norm": step == 1,
            "vocab_size": 202048,
        },
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "vision_config": {"hidden_size": 1408, "model_type": "llama4_vision_model", "num_hidden_layers": 34},
    }


def llama_vision(hidden_size: int, layers: int, heads: int, mlp_size: int) -> Json:
    """The config.json of a Llama 3.2 Vision: every fifth layer, from the fourth on, looks at the image."""
    return {
        "architectures": ["MllamaForConditionalGeneration"],
        "model_type": "mllama",
        "text_config": {
            "cross_attention_layers": list(range(3, layers, 5)),
            "hidden_size": hidden_size,
            "intermediate_size": mlp_size,
            "max_position_embeddings": 131072,
            "model_type": "mllama_text_model",
            "num_attention_heads": heads,
            "num_hidden_layers": layers,
            "num_key_value_heads": 8,
            "tie_word_embeddings": False,
            "torch_dtype": "bfloat16",
            "vocab_size": 128256,
        },
        "torch_dtype": "bfloat16",
        "vision_config": {"hidden_size": 1280, "model_type": "mllama_vision_model", "num_hidden_layers": 32},
    }


CONFIGS = {
    "scout": llama_4(experts=16, step=1, positions=10485760),
    "maverick": llama_4(experts=128, step=2, positions=1048576),
    "llama-3.1-8b": llama(4096, layers=32, heads=32, mlp_size=14336),
    "llama-3.1-70b": llama(8192, layers=80, heads=64, mlp_size=28672),
    "llama-3.1-405b": llama(16384, layers=126, heads=128, mlp_size=53248),
    "llama-3.2-1b": llama(2048, layers=16, heads=32, mlp_size=8192, head_dim=64, tie_word_embeddings=True),
    "llama-3.2-3b": llama(3072, layers=28, heads=24, mlp_size=8192, tie_word_embeddings=True),
    "llama-3.2-11b-vision": llama_vision(4096, layers=40, heads=32, mlp_size=14336),
    "llama-3.2-90b-vision": llama_vision(8192, layers=100, heads=64, mlp_size=28672),
    "llama-3.3-70b": llama(8192, layers=80, heads=64, mlp_size=28672),
}
"""The config.json of every variant, by its key in the catalogue."""


def config(variant: str, **changes: object) -> Json:
    """The config.json of a variant with other values at the top."""
    return {**CONFIGS[variant], **changes}


def with_text(variant: str, **changes: object) -> Json:
    """The same with other values in its text_config; a key that is ``...`` is left out."""
    changed = {**CONFIGS[variant]["text_config"], **changes}
    text = {key: value for key, value in changed.items() if value is not ...}
    return config(variant, text_config=text)


def compressed(*ignore: str, targets: tuple[str, ...] = ("Linear",), **weights: object) -> Json:
    """A quantization_config of llm-compressor; w4a16 with groups of 128 unless the weights say otherwise."""
    usual = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 128}
    return {
        "config_groups": {"group_0": {"targets": list(targets), "weights": {**usual, **weights}}},
        "ignore": list(ignore),
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
    }


LLAMA_4_IGNORE = (
    "re:.*lm_head",
    "re:.*self_attn",
    "re:.*router",
    "re:.*vision_model.*",
    "re:.*multi_modal_projector.*",
    "Llama4TextAttention",
)
"""What llm-compressor's recipes for Llama 4 leave in bfloat16."""


def read(variant: str, given: Json | None = None, index: Json | None = None) -> OwnWeights:
    """A checkpoint that is said to be of this variant; the published one unless another is given."""
    return read_checkpoint(
        CONFIGS[variant] if given is None else given, index, models()[variant], catalogue()
    )


def refusal(variant: str, given: Json, index: Json | None = None) -> str:
    """What is said of a checkpoint that is refused."""
    with pytest.raises(InvalidSpec) as refused:
        read(variant, given, index)
    return str(refused.value)
