"""Sums that forget: what is old counts less and less, so that one number holds a history."""

import math

from llamafleet.api.texts import LARGEST


def share_left(seconds: float, time: float) -> float:
    """What is left of a sum after so many seconds: of one ``time`` ago 37 %."""
    return math.exp(-seconds / time)


def milli(value: float) -> int:
    """Thousandths, never negative, and no more than the status holds."""
    return max(0, round(min(value * 1000, LARGEST)))


def added(old: int, left: float, value: float) -> int:
    """A sum in thousandths of which so much is left, and what has come to it."""
    return min(round(old * left) + milli(value), LARGEST)
