"""How many requests a replica works on at once, as far as its plan can tell."""

from typing import Final

from llamafleet.planning.sizing.shape import Shape

MOST_SEQUENCES: Final = 256
"""What vLLM 0.32 runs at once on an A100 without ``--max-num-seqs``, which authors may not set (its engine
arguments, ``get_batch_defaults``). Larger GPUs get 1,024 there; the KV cache bounds both long before."""

TYPICAL_TOKENS: Final = 2048
"""Prompt and answer of one request, before anything was learned: the means of five public traces lie between
900 (a chat service) and 12,600 (long documents); one of reasoning has 2,900."""


def slots(shape: Shape) -> float:
    """Requests at once: vLLM's bound, and what fits into the KV cache; at least one."""
    return max(1.0, min(MOST_SEQUENCES, shape.kv_tokens / min(TYPICAL_TOKENS, shape.context_length)))
