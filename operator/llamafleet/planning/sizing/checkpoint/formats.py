"""The bytes of a quantized weight, exactly: bits, scales and zero points."""

from fractions import Fraction
from typing import Final

from llamafleet.catalogue import Precision
from llamafleet.catalogue.precision import BF16_BYTES, FORMATS
from llamafleet.planning.sizing.checkpoint.fields import Section
from llamafleet.planning.sizing.checkpoint.limits import MOST_BITS, MOST_GROUP

FP8_BITS: Final = 8
SERVED_BITS: Final = frozenset({4, 8})
TOO_FEW_BITS: Final = (
    "must be 4 or 8: the kernels of vLLM 0.32 for quantized Llama models (Marlin, and Triton for experts) "
    "take no other, and those for fewer bits (Humming) cannot run the experts of Llama 4"
)


def scale_group(stored: Section) -> int | None:
    """How many weights share a scale; None when those of a whole channel do, which a -1 says, too.

    Raises:
        InvalidSpec: it is no number.
    """
    group = stored.whole("group_size", MOST_GROUP, least=-1, default=-1)
    return group if group > 0 else None


def served_bits(stored: Section, key: str) -> int:
    """The bits of a weight.

    Raises:
        InvalidSpec: it is no number, or vLLM cannot serve weights of so many bits.
    """
    bits = stored.whole(key, MOST_BITS)
    if bits not in SERVED_BITS:
        stored.refuse(key, TOO_FEW_BITS)
    return bits


def floats(bits: int, group: int | None) -> Precision:
    """Floating-point weights: FP8, with a 16-bit scale for a group, or FP4 with one of 8 bits.

    Args:
        bits: of a weight, 8 or 4.
        group: weights that share a scale; None for a whole channel, whose scale is too small to count.
    """
    if bits == FP8_BITS:
        return _exact("FP8", bits, Fraction(BF16_BYTES, group) if group else Fraction(0))
    return _exact("INT4", bits, Fraction(1, group) if group else Fraction(0))


def integers(bits: int, group: int | None, *, zero_points: bool) -> Precision:
    """Integer weights, with a 16-bit scale for a group.

    Args:
        bits: of a weight, 8 or 4.
        group: weights that share a scale; None for a whole channel, whose scale is too small to count.
        zero_points: True when a group has a zero point of as many bits as a weight, too.
    """
    name = f"INT{bits}"
    if group is None:
        return _exact(name, bits, Fraction(0))
    zero = Fraction(bits, 8) if zero_points else Fraction(0)
    return _exact(name, bits, (BF16_BYTES + zero) / group)


def _exact(name: str, bits: int, scale_bytes: Fraction) -> Precision:
    """The catalogue's format with these bytes, else one of its own."""
    weight_bytes = Fraction(bits, 8)
    for known in FORMATS.values():
        if (known.name, known.weight_bytes, known.scale_bytes) == (name, weight_bytes, scale_bytes):
            return known
    return Precision(name, weight_bytes, scale_bytes)
