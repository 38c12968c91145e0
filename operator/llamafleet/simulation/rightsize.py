"""The smallest fleet of a constant size that serves a trace in time."""

from collections.abc import Callable

from llamafleet.simulation.result import Result


def fewest(tried: Callable[[int], Result], enough: Callable[[Result], bool], most: int) -> tuple[int, Result]:
    """The fewest replicas that are enough, found by halving; the most where not even they are.

    Args:
        tried: runs the trace with so many replicas.
        enough: whether a result will do; more replicas never make it worse.
        most: more are not tried.
    """
    low, high = 0, most
    found = tried(high)
    if not enough(found):
        return high, found
    while high - low > 1:
        middle = (low + high) // 2
        result = tried(middle)
        if enough(result):
            high, found = middle, result
        else:
            low = middle
    return high, found
