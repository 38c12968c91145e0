"""Replicas and requests over time, in parts of the same length. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from llamafleet.simulation import Point

LENGTHS: Final = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Lengths of parts that people read easily, in seconds: 15 s, the time between two looks, to a day."""

MOST_PARTS: Final = 1008
"""Parts of a week at 10 minutes: finer than that nobody sees in a picture."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the time.

    Attributes:
        at: when it begins, seconds from the beginning of the trace.
        wanted: how many replicas were wanted, at the most.
        ready: how many answered, at the most.
        starting: how many more than these were wanted: they did not answer yet.
        waiting: how many requests waited, at the most.
        running: how many were being worked on, at the most.
    """

    at: float
    wanted: int
    ready: int
    starting: int
    waiting: int
    running: int


def part_seconds(span: float, most: int) -> int:
    """The shortest length of which so many parts, at the most, make up a time; days where none is enough."""
    return next(
        (length for length in LENGTHS if span <= most * length),
        LENGTHS[-1] * math.ceil(span / LENGTHS[-1] / most),
    )


def parts(points: Iterable[Point], length: float) -> tuple[Part, ...]:
    """The parts that have points in them, from points in the order of time."""
    found: list[Part] = []
    group: list[Point] = []
    for point in points:
        if group and point.time_s // length > group[0].time_s // length:
            _append(found, group, length)
            group = []
        group.append(point)
    if group:
        _append(found, group, length)
    return tuple(found)


def _append(found: list[Part], group: Sequence[Point], length: float) -> None:
    begin = group[0].time_s // length * length
    wanted, ready = max(one.wanted for one in group), max(one.ready for one in group)
    found.append(
        Part(
            at=begin,
            wanted=wanted,
            ready=ready,
            starting=max(wanted - ready, 0),
            waiting=max(one.waiting for one in group),
            running=max(one.running for one in group),
        )
    )
