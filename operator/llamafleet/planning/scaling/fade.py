"""Sums that forget: what is old counts less and less, so that one number holds a history."""

import math


def share_left(seconds: float, time: float) -> float:
    """What is left of a sum after so many seconds: of one ``time`` ago 37 %."""
    return math.exp(-seconds / time)


def milli(value: float) -> int:
    """Thousandths, never negative."""
    return max(0, round(value * 1000))
