"""An operator that dies right before or right after any of its writes leaves nothing that is not put right.

Here in memory, for every write and for several deaths in a row; with real processes and a real API server in
tests/faults.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.controllers import Json
from reconcile.mortal import Crash, Side
from reconcile.plots import ALWAYS, PLOTS, SCHEDULE, creates, debt, deletes, edits, left, works
from reconcile.stage import Deed, Stage

SIDES: tuple[Side, ...] = ("before", "after")
ROUNDING = 2
"""USD of each pod: its beginning and its end are told in whole seconds, and a second costs a dollar."""


def lost(plot: str, crash: Crash, *, standby: bool) -> bool:
    """Whether a crash loses an account, as decision 12 says: the only one who heard of a deletion dies."""
    return plot.startswith("delete") and not standby and crash == Crash(11, "before")


def learned(stage: Stage) -> object:
    """What the status tells of cold starts."""
    there = stage.world.resource_now or {}
    return there.get("status", {}).get("coldStart")


def wrong(wanted: Json, stage: Stage) -> Iterator[str]:
    """What differs from the run that nobody disturbed."""
    found = left(stage)
    for what in wanted:
        if found[what] != wanted[what]:
            yield f"{what}: {found[what]} instead of {wanted[what]}"
    if stage.world.resource_now is not None:
        off, doubt = debt(stage)
        if off > doubt + ROUNDING * len(stage.controllers.lives):
            yield f"the account is wrong by {off} USD, and admits {doubt}"


@pytest.mark.parametrize("standby", [False, True], ids=["a new process", "a standby"])
@pytest.mark.parametrize("name", PLOTS)
def test_a_crash_at_any_write_is_put_right(name: str, standby: bool) -> None:  # noqa: FBT001
    """Write after write, until the story ends before it is reached."""
    plot = PLOTS[name]
    calm = Stage(plot.script).run(plot.length)
    wanted, write, deaths = left(calm), 0, 1
    while deaths:
        write, deaths = write + 1, 0
        for side in SIDES:
            crash = Crash(write, side)
            stage = Stage(plot.script, [crash], standby=standby).run(plot.length)
            deaths += stage.deaths
            if not lost(name, crash, standby=standby):
                assert list(wrong(wanted, stage)) == [], crash
                assert len(stage.controllers.lives) == len(calm.controllers.lives), (
                    "a pod was started for nothing"
                )
                assert learned(stage) == learned(calm), crash
    assert write == calm.world.total + 1 > 8


SPECS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"replicas": st.integers(0, 4)},
    optional={
        "schedule": st.sampled_from([SCHEDULE, ALWAYS]),
        "cost": st.sampled_from([{"hourlyLimit": "7200.00"}, {"monthlyBudget": "9999999.00"}]),
    },
)
EDITS = st.one_of(
    st.builds(lambda count: {"replicas": count}, st.integers(0, 4)),
    st.sampled_from(
        [
            {"suspend": True},
            {"suspend": None},
            {"schedule": SCHEDULE},
            {"schedule": None},
            {"cost": {"hourlyLimit": "7200.00"}},
            {"cost": None},
            {"gpu": {"pools": ["gone"]}},
            {"gpu": None},
            {"model": {"variant": "llama-3.3-70b"}},
            {"serving": {"image": "vllm/vllm-openai:v0.9.9"}},
        ]
    ),
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[Deed, ...]:
    """A fleet that is created, edited, now and then deleted and created again, and left in peace at last.

    People leave an operator that has just died the time to come back: else there are things that it never
    sees.
    """
    script = [creates(**draw(SPECS))]
    at = 0
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.sampled_from([20, 45, 200]))
        script.append(edits(at, **draw(EDITS)))
    if draw(st.booleans()):
        script.append(works())
    if draw(st.integers(0, 4)) == 0:
        at += draw(st.integers(20, 100))
        script += [deletes(at), creates(at + draw(st.sampled_from([20, 100])), **draw(SPECS))]
    return tuple(script)


CRASHES = st.lists(st.builds(Crash, st.integers(1, 25), st.sampled_from(SIDES)), min_size=1, max_size=3)


LONG_ENOUGH = 7000
"""Seconds: the window of the schedule is over by then."""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories(), CRASHES)
def test_several_crashes_in_any_story_are_put_right(script: tuple[Deed, ...], crashes: list[Crash]) -> None:
    """With a standby: a new process may lose the account of what was deleted while it was not there."""
    calm = left(Stage(script).run(LONG_ENOUGH))
    assert list(wrong(calm, Stage(script, crashes, standby=True).run(LONG_ENOUGH))) == []
