"""How many bytes a weight takes in each precision, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

BF16_BYTES: Final = 2
"""Bytes of everything that a checkpoint does not quantize, and of keys and values in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """A way of storing quantized weights. Two of them are the same only when they are the same object.

    Attributes:
        name: as ``spec.model.quantization`` calls it; INT3 and INT2, which it does not know, are only told
            why they cannot be served.
        weight_bytes: bytes of one weight.
        scale_bytes: bytes per weight that its scales take, stored as a tensor of their own.
    """

    name: str
    weight_bytes: Fraction
    scale_bytes: Fraction

    @property
    def bytes(self) -> Fraction:
        """Bytes per weight, scales included."""
        return self.weight_bytes + self.scale_bytes


FORMATS: Final[Mapping[str, Precision]] = MappingProxyType(
    {
        "bf16": Precision("BF16", Fraction(BF16_BYTES), Fraction(0)),
        "fp8": Precision("FP8", Fraction(1), Fraction(0)),
        "int8": Precision("INT8", Fraction(1), Fraction(0)),
        "w4a16-g128": Precision("INT4", Fraction(1, 2), Fraction(BF16_BYTES, 128)),
        "w4a16-g128-zero-points": Precision(
            "INT4", Fraction(1, 2), Fraction(BF16_BYTES, 128) + Fraction(1, 2) / 128
        ),
        "w4a16-g32": Precision("INT4", Fraction(1, 2), Fraction(BF16_BYTES, 32)),
        "nvfp4": Precision("INT4", Fraction(1, 2), Fraction(1, 16)),
        "mxfp4": Precision("INT4", Fraction(1, 2), Fraction(1, 32)),
        "w3a16-g128": Precision("INT3", Fraction(3, 8), Fraction(BF16_BYTES, 128)),
        "w2a16-g128": Precision("INT2", Fraction(2, 8), Fraction(BF16_BYTES, 128)),
    }
)
"""The formats of published checkpoints. ``g128`` has one bfloat16 scale for each group of 128 weights, and
with zero points four bits more for each group; NVFP4 has one byte for each 16 weights, MXFP4 for each 32.
The scales of FP8 and INT8 are one per channel or tensor, less than 0.1 % of the weights, and left out."""

USUAL: Final[Mapping[str, str]] = MappingProxyType(
    {"BF16": "bf16", "FP8": "fp8", "INT8": "int8", "INT4": "w4a16-g128"}
)
"""The format that a checkpoint of a precision has when nothing else is known, by the precision's name."""

PRECISIONS: Final[Mapping[str, Precision]] = MappingProxyType(
    {name: FORMATS[key] for name, key in USUAL.items()}
)
"""The precisions of ``spec.model.quantization`` in their usual formats, the most precise first."""
