"""Twenty fleets, three operators, and a storm of all that can go wrong; then everything must be right.

LLAMAFLEET_SEED is the seed of its schedule, and is printed; every night has another one.
LLAMAFLEET_STORM_SECONDS says how long it blows, 120 without it: an hour every night.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.faults import Exchange
from faults.proxy import FaultProxy
from faults.proxy_storm import Storm
from faults.seeded_money import owing
from faults.seeded_oracles import orphans, strays, unlike, unsettled, zombies
from faults.seeded_plan import deeds
from faults.seeded_world import World
from faults.story import PRICE, STEADY
from faults.story_seen import look
from faults.story_truth import Truth
from llamafleet.api.observed import Key
from llamas import pool
from testbed.control_plane import ControlPlane
from testbed.wait import until

STORM_SECONDS = float(os.environ.get("LLAMAFLEET_STORM_SECONDS", "120"))
SEED = int(os.environ.get("LLAMAFLEET_SEED", "1"))

CONVERGE_SECONDS = 300.0
"""A client finds out after 90 s that a watch has fallen silent, and it may happen to the next one, too."""

GUSTS = 1.5
"""Per second, on average."""

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(STORM_SECONDS + 600)]


@pytest.fixture
def world(installed: ControlPlane, proxy: FaultProxy) -> Iterator[World]:
    """Fleets, nodes and operators."""
    installed.apply(pool(STEADY, f"{PRICE}"))
    found = World(installed, proxy, "storm")
    yield found
    found.end()
    installed.kubectl("delete", "gpupool", STEADY)


def test_all_is_right_after_a_storm(
    installed: ControlPlane, proxy: FaultProxy, world: World, tmp_path: Path
) -> None:
    storm = Storm(SEED, GUSTS, [slot.name for slot in world.slots])
    try:
        with Truth(installed) as truth:
            with storm.over(proxy, STORM_SECONDS):
                world.live(deeds(SEED, STORM_SECONDS))
            world.calm()
            until(lambda: _is_over(installed, world), CONVERGE_SECONDS, "every fleet to be settled")
            twins = world.twins("calm-")
            until(lambda: _are_alike(installed, world, twins), CONVERGE_SECONDS, "each to be like its twin")
            seen = look(installed)
            known = world.witnesses()
            wrong = [line for key in world.specs for line in owing(truth, known, seen[key], key)]
            assert wrong == [], "\n".join(wrong)
        assert list(zombies(proxy.exchanges)) == []
        until(lambda: _are_well(world), CONVERGE_SECONDS, "every operator to be well")
        for slot in world.slots:
            found = [line for line in slot.text().splitlines() if "Traceback" in line]
            assert found == []
    finally:
        story = [storm.story(), *map(str, world.done), *(slot.text() for slot in world.slots)]
        story += [_told(one) for one in proxy.exchanges if one.kind == "llamadeployments/status"]
        (tmp_path / "story.txt").write_text("\n".join(story), "utf-8")
        counts = f"{len(storm.blown)} gusts, {len(world.done)} deeds, {len(proxy.exchanges)} requests"
        starts = sum(len(slot.spans) for slot in world.slots)
        print(f"storm of seed {SEED}: {counts}, {starts} starts; {tmp_path / 'story.txt'}")  # noqa: T201 - to replay


def _told(one: Exchange) -> str:
    """One line about a write of a status: whose, when, by whom, what came of it, and the account."""
    ledger = json.loads(one.body).get("status", {}).get("cost", {}).get("ledger")
    return f"{one.at:.2f} {one.door} {one.namespace}/{one.name}: HTTP {one.status}, {json.dumps(ledger)}"


def _are_well(world: World) -> bool:
    """Whether every operator says so of itself; one that has ended since comes back."""
    world.tick()
    return all(slot.alive() for slot in world.slots)


def _is_over(cluster: ControlPlane, world: World) -> bool:
    """Whether every fleet is there and settled, and nothing else."""
    world.tick()
    seen = world.look()
    found = [*strays(seen, world.specs), *orphans(cluster)]
    found += [line for key in world.specs for line in unsettled(seen[key], key)]
    assert found == []
    return True


def _are_alike(cluster: ControlPlane, world: World, twins: dict[Key, Key]) -> bool:
    """Whether every fleet is as one that was made from the same spec when all was calm."""
    world.tick()
    seen = look(cluster)
    found = [line for key, twin in twins.items() for line in unlike(seen[key], key, seen[twin], twin)]
    assert found == [], "\n".join(found)
    return True
