"""Precisions that people ask for and that no server can be given, each with the reason.

The names are those of papers, model hubs and other servers; none of them is a value of the API.
"""

import re
from typing import Final

_FULL: Final = (
    "must be BF16 for full precision: Llama is published in bfloat16, and FP32 would double the memory "
    "without adding anything"
)
_TOO_FEW_BITS: Final = (
    "must be INT4 or more, the floor: no kernel of vLLM 0.32 runs the experts of Llama 4 below 4 bits"
)
_FLOAT4: Final = (
    "must be INT4 for weights of 4 bits: NVFP4 and MXFP4 take more memory than INT4, because they keep a "
    "scale for each group of 16 or 32 weights instead of 128"
)
_INT4: Final = "must be INT4, which is the name of the precision here, however its weights were quantized"

_REASONS: Final = (
    (r"(fp|f|float)[-_]?32|32[-_]?bits?", _FULL),
    (r"(u?int|fp|w|[it]?q)?[-_]?[123](\.\d+)?[-_]?(bits?|a\d+|k?_.*)?", _TOO_FEW_BITS),
    (r"(nv|mx)?fp[-_]?4", _FLOAT4),
    (r"(int|w)?[-_]?4[-_]?(bits?|a16)?|awq|gptq", _INT4),
)
"""Patterns of whole names, in any case, and what is said.

The bytes of NVFP4 and MXFP4 follow from the layouts of the compressed-tensors and OCP formats. Marlin's and
Triton's kernels for quantized experts take 4 or 8 bits, and Humming's refuse the router weights that Llama 4
applies to the input (vLLM 0.32.0, ``fused_humming_moe.py``).
"""


def why_not(precision: str) -> str | None:
    """Why a precision that people ask for cannot be had; None for a word that means none."""
    for names, reason in _REASONS:
        if re.fullmatch(names, precision, re.IGNORECASE):
            return reason
    return None
