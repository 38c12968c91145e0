"""What the status says of the queue."""

import dataclasses

import pytest

from builders import NOW, llama, plan_of
from llamafleet.api.ledger import Ledger
from llamafleet.api.memory import Memory
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.rollout import Rollout
from llamafleet.planning.scaling.signals import Signals
from llamafleet.planning.sizing.pools import resolve
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.queue import figures, statements

SCALED = llama(scaling={"minReplicas": 1, "maxReplicas": 5})
NOBODY = Rollout(current=True, total=0, updated=0, ready=0)


def read(signals: Signals | None) -> Plan:
    """The plan of a fleet whose queue looks so."""
    seen = Observation(now=NOW, replicas=2, signals=signals, memory=Memory(at=NOW))
    return plan(SCALED.spec, resolve(()), seen)


def about(found: Plan, asked: int, answered: int) -> Fleet:
    return Fleet(
        metadata=SCALED.metadata,
        plan=found,
        failure=None,
        pods=(),
        rollout=NOBODY,
        cause=None,
        ledger=Ledger(month="2026-11", at=NOW),
        asleep=False,
        odd=None,
        now=NOW,
        asked=asked,
        answered=answered,
    )


@pytest.mark.parametrize(
    ("asked", "answered", "said"),
    [
        pytest.param(0, 0, (None, "NoReplica"), id="nobody is ready"),
        pytest.param(3, 3, (True, "Read"), id="all answered"),
        pytest.param(3, 1, (False, "SomeSilent"), id="one answered"),
        pytest.param(3, 0, (False, "NoReading"), id="none answered"),
    ],
)
def test_whether_the_queue_could_be_read(asked: int, answered: int, said: tuple[bool | None, str]) -> None:
    found = read(Signals(ready=asked, coming=0, waiting=0, running=0))
    (statement,) = statements(about(found, asked, answered), found)
    assert (statement.type, statement.holds, statement.reason) == ("MetricsAvailable", *said)


def test_a_fleet_that_nobody_scales_by_its_queue_says_nothing_of_it() -> None:
    fixed = plan_of(llama(replicas=2))
    assert statements(about(fixed, 2, 2), fixed) == []
    assert figures(fixed) == {}


def test_the_figures_are_those_of_the_look() -> None:
    found = read(Signals(ready=2, coming=0, waiting=5, running=7))
    assert figures(found)["queue"] == {"waiting": 5, "running": 7}
    pressed = read(Signals(ready=2, coming=0, waiting=5, running=7, kv_usage=0.987))
    assert figures(pressed)["queue"] == {"waiting": 5, "running": 7, "kvUsagePercent": 99}
    assert "scaling" in figures(found)


def test_what_could_not_be_read_is_absent_and_not_zero() -> None:
    found = read(None)
    assert "queue" not in figures(found)
    assert figures(found)["scaling"] == {"at": "2026-11-21T12:00:00Z"}
    assert dataclasses.replace(found).replicas == 2
