"""An operator that is killed right before or right after any of its writes: the next one puts it right.

Real processes, the real API server, and in the end a comparison with the run that nobody disturbed. Several
fleets share one kill, each held at a write of its own. LLAMAFLEET_CRASHES=all plays every point of every
story, and the seed of a share of them is LLAMAFLEET_SEED.
"""

import os
import random
from collections.abc import Iterator

import pytest

from faults.crash_lanes import Point
from faults.crash_theatre import Cast, Theatre, theatre
from faults.proxy import FaultProxy
from faults.story import STORIES, Story
from testbed.control_plane import ControlPlane

ALL = os.environ.get("LLAMAFLEET_CRASHES") == "all"

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3 * 3600 if ALL else 1800)]

SEED = os.environ.get("LLAMAFLEET_SEED", "1")
ROUNDS = 2
"""Of a share: each kills the operator once, at two points of every story."""

DELETE = next(story for story in STORIES if story.name == "delete")
FIRST = Point(1, "before")


def alone(story: Story, point: Point) -> bool:
    """Whether an operator without a standby takes something with it: an account that only it has heard of.

    See decisions 12 and 18.
    """
    return point == FIRST and story.name.startswith("delete")


def share(counts: dict[Story, int]) -> Iterator[list[Cast]]:
    """Some of the points, by the seed: two of each story in a round, as long as there are any."""
    chance = random.Random(SEED)  # noqa: S311 - a choice, not a secret
    left: dict[Story, list[Point]] = {}
    for story, count in counts.items():
        points = [Point(write, side) for write in range(1, count + 1) for side in ("before", "after")]
        left[story] = [point for point in points if not alone(story, point)]
        chance.shuffle(left[story])
    for number in range(ROUNDS):
        yield [(story, point) for story, points in left.items() for point in points[2 * number :][:2]]


def play_all(stage: Theatre) -> dict[str, int]:
    """Every point of every story, until the story ends before it is reached; how many writes each had."""
    counts: dict[str, int] = {}
    at = dict.fromkeys(STORIES, 1)
    while at:
        points = [(story, Point(write, side)) for story, write in at.items() for side in ("before", "after")]
        lanes = stage.play([(story, point) for story, point in points if not alone(story, point)])
        for story in tuple(at):
            of = [lane for lane in lanes if lane.story == story]
            if any(lane.missed for lane in of):
                continue  # once more
            if any(lane.reached.is_set() for lane in of):
                counts[story.name] = at[story]
                at[story] += 1
            else:
                del at[story]
    return counts


def test_an_operator_that_dies_at_a_write_leaves_nothing_that_is_not_put_right(
    installed: ControlPlane, proxy: FaultProxy
) -> None:
    with theatre(installed, proxy) as stage:
        counts = {lane.story: len(lane.writes) for lane in stage.play([(story, None) for story in STORIES])}
        assert all(counts.values()), counts
        if ALL:
            reached = play_all(stage)
            assert all(reached[story.name] > 1 for story in STORIES if story != DELETE), reached
            return
        for casts in share(counts):
            lanes = stage.play(casts)
            assert sum(lane.reached.is_set() for lane in lanes) > len(lanes) / 2, "hardly anybody was killed"


def test_a_standby_has_heard_of_a_deletion_whose_only_other_witness_dies(
    installed: ControlPlane, proxy: FaultProxy
) -> None:
    again = next(story for story in STORIES if story.name == "delete and create")
    with theatre(installed, proxy) as stage:
        stage.play([(again, None)])
        stage.duty.begin()
        (lane,) = stage.play([(again, FIRST)])
        assert lane.reached.is_set()
