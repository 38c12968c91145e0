"""How many bytes a weight takes in each precision, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

BF16_BYTES: Final = 2
"""Bytes of everything that a checkpoint does not quantize, and of keys and values in the cache."""


@dataclass(frozen=True, slots=True)
class Precision:
    """A way of storing quantized weights.

    Attributes:
        name: as ``spec.model.quantization`` calls it.
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


PRECISIONS: Final[Mapping[str, Precision]] = MappingProxyType(
    {
        precision.name: precision
        for precision in (
            Precision("BF16", Fraction(BF16_BYTES), Fraction(0)),
            Precision("FP8", Fraction(1), Fraction(0)),
            Precision("INT8", Fraction(1), Fraction(0)),
            Precision("INT4", Fraction(1, 2), Fraction(BF16_BYTES, 128)),
        )
    }
)
"""From the most to the least precise. INT4 is w4a16 with one bfloat16 scale for each group of 128 weights.
The scales of FP8 and INT8 are one per channel or tensor, less than 0.1 % of the weights, and left out."""
