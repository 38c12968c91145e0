"""Any resource that our schema admits, through the whole of a reconcile in memory: thousands, and quickly."""

import asyncio
import copy
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exploration.mending import Json
from exploration.oracles import View, came_back, comparable, keeps_its_shape, problems
from exploration.resources import STANDING, accepted, gpu_pool, llama, pool_specs, specs
from exploration.walks import Walk, walks
from llamafleet.api.observed import Key
from llamafleet.catalogue import catalogue
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY: Final = Key("team-a", "llama")
NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
POOLS: Final = st.one_of(
    st.just(()),
    st.just(STANDING),
    st.lists(pool_specs(), min_size=1, max_size=2).map(
        lambda given: (*STANDING, *(gpu_pool(f"own-{'ab'[at]}", spec) for at, spec in enumerate(given)))
    ),
)
CASES = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
WALKS = settings(CASES, max_examples=30)


class Fleet:
    """One resource in a world in memory."""

    def __init__(self, raw: Json, pools: Any) -> None:
        """Of this spec, among these pools."""
        place = {
            "name": KEY.name,
            "namespace": KEY.namespace,
            "uid": "u-1",
            "generation": 1,
            "resourceVersion": "1",
        }
        self.world = Memory({**copy.deepcopy(raw), "metadata": place}, gpu_pools=tuple(pools))
        self._reconciler = Reconciler(self.world, lambda: NOW, "llamafleet-system", catalogue())

    def look(self) -> list[str]:
        """One reconcile; what it wrote."""
        self.world.writes.clear()
        asyncio.run(self._reconciler.reconcile(KEY))
        return [*self.world.writes]

    def edit(self, spec: Json) -> None:
        """Another spec."""
        raw = self.resource
        raw["metadata"]["generation"] += 1
        raw["spec"] = copy.deepcopy(spec)

    @property
    def resource(self) -> Json:
        """The resource as it is."""
        assert self.world.resource_now is not None
        return self.world.resource_now

    @property
    def view(self) -> View:
        """What there is of it."""
        return View(
            copy.deepcopy(self.resource), copy.deepcopy(self.world.objects), (), self.world.gpu_pools, NOW
        )

    def settle(self) -> None:
        """Look until nothing is written any more."""
        wrote = [self.look() for _ in range(4)]
        assert wrote[-1] == [], f"a quiet fleet writes: {wrote}"


@CASES
@given(accepted(), POOLS)
def test_whatever_the_api_server_takes_is_planned_or_refused_and_then_quiet(raw: Json, pools: Any) -> None:
    fleet = Fleet(raw, pools)
    fleet.settle()
    assert problems(fleet.view, None) == []


@CASES
@given(specs(), POOLS)
def test_whatever_the_schema_takes_without_its_rules_is_planned_or_refused(spec: Json, pools: Any) -> None:
    fleet = Fleet(llama(spec), pools)
    fleet.settle()
    assert problems(fleet.view, None) == []


@WALKS
@given(walks())
def test_every_way_back_to_a_gives_the_same_children(walk: Walk) -> None:
    """In memory, where nothing else moves: hundreds of walks in a few seconds."""
    fleet: Fleet | None = None
    pools = {pool["metadata"]["name"]: pool for pool in STANDING}
    first: View | None = None
    for step in walk.steps:
        if step.do == "pool":
            pools = {**pools, step.name: gpu_pool(step.name, step.spec)}
            pools = {name: pool for name, pool in pools.items() if pool["spec"] is not None}
        elif step.do == "apply" and step.spec is not None:
            before = fleet.view if fleet else None
            fleet = fleet or Fleet(llama(step.spec), ())
            fleet.edit(step.spec)
            fleet.world.gpu_pools = tuple(pools.values())
            fleet.settle()
            assert problems(fleet.view, before) == []
            first = first or fleet.view
            if step.is_a and comparable(first, fleet.view) and not keeps_its_shape(first, fleet.view):
                assert came_back(first, fleet.view) == []
