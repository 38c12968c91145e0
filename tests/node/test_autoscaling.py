"""A fleet follows its load: real requests through its Service, real metrics, real pods.

Three fleets have the same life, side by side; what differs is whether the operator can read their metrics.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from fleet_operator import OperatorProcess
from llamas import Llama
from node.faults import silent_metrics
from node.fleets import READY_SECONDS, SIMULATED, Fleet
from node.load import Load, load_on
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.node]

LOOK_SECONDS = 15.0
"""How often the operator looks at a queue."""

DELAY_SECONDS = 20
"""``scaleDownDelay``: more than one look, so that a fall at once would be seen."""

LATE_SECONDS = 5.0
"""What two cores may add."""

CLIENTS = 16
RUNNING = 4
TOKENS = 40
SCALING = {"minReplicas": 1, "maxReplicas": 2, "queueDepth": 4, "scaleDownDelay": f"{DELAY_SECONDS}s"}


@pytest.fixture
def fleets(control_plane: ControlPlane, operator: OperatorProcess, namespace: str) -> Iterator[list[Fleet]]:
    """Three fleets that nobody has started yet."""
    assert operator.alive()
    made = [Fleet(Llama(control_plane, namespace, name)) for name in ("heard", "one-silent", "silent")]
    yield made
    made[0].remove()


def test_the_count_follows_the_queue_and_is_frozen_where_it_cannot_be_read(fleets: list[Fleet]) -> None:
    """Up within one look. Down after the delay; but not by a single replica where a reading is missing."""
    heard, one_silent, silent = fleets
    for fleet in fleets:
        fleet.apply(image=SIMULATED, scaling=SCALING)
    addresses = [fleet.start(image=SIMULATED, scaling=SCALING) for fleet in fleets]
    with ExitStack() as loads, ExitStack() as faults:
        under = [
            loads.enter_context(load_on(address, TOKENS, model=fleet.llama.name, clients=CLIENTS))
            for address, fleet in zip(addresses, fleets, strict=True)
        ]
        began = time.monotonic()
        for fleet in fleets:
            rises(fleet, before=began + LOOK_SECONDS + LATE_SECONDS)
        for fleet in fleets:
            until(lambda fleet=fleet: len(fleet.endpoints()) == 2, READY_SECONDS, "both replicas to be ready")  # type: ignore[misc]
            fleet.llama.wait_for("MetricsAvailable", "True", "Read")
        faults.enter_context(silent_metrics(one_silent.endpoints()[0], *silent.endpoints()))
        one_silent.llama.wait_for("MetricsAvailable", "False", "SomeSilent")
        silent.llama.wait_for("MetricsAvailable", "False", "NoReading")
        calm = time.monotonic()
        end(under)
        until(lambda: heard.wanted() == 1, DELAY_SECONDS + 2 * LOOK_SECONDS + LATE_SECONDS, "the fall")
        assert time.monotonic() - calm > DELAY_SECONDS - LOOK_SECONDS, "it fell before the delay was over"
        holds([one_silent, silent], 2, until_then=calm + DELAY_SECONDS + 3 * LOOK_SECONDS)
        faults.close()
        back = DELAY_SECONDS + 2 * LOOK_SECONDS + LATE_SECONDS
        until(lambda: one_silent.wanted() == silent.wanted() == 1, back, "the others to fall with metrics")
    assert [line for load in under for line in load.lost()] == []


def rises(fleet: Fleet, *, before: float) -> None:
    """One look at the queue is enough, and the status says what was seen and what follows from it."""
    until(lambda: fleet.wanted() == 2, before - time.monotonic(), f"{fleet.llama.name} to rise")
    status = until(lambda: with_queue(fleet), LATE_SECONDS, "the queue in the status")
    queue = status["queue"]
    assert CLIENTS - RUNNING <= queue["waiting"] + queue["running"] <= CLIENTS, queue
    assert queue["waiting"] >= RUNNING, queue
    demand = status["reasons"][0]
    assert (demand["step"], demand["replicas"] >= 2) == ("demand", True), demand


def with_queue(fleet: Fleet) -> dict[str, Any] | None:
    """The status, once it shows who waits."""
    status = fleet.llama.status()
    return status if status.get("queue", {}).get("waiting") else None


def end(under: list[Load]) -> None:
    """Nobody asks any more, and everybody has an answer."""
    for load in under:
        load.clients = 0
    until(lambda: not any(load.under_way for load in under), READY_SECONDS, "the last answers")


def holds(fleets: list[Fleet], replicas: int, *, until_then: float) -> None:
    """The count stays as it is until this moment."""
    while time.monotonic() < until_then:
        assert [fleet.wanted() for fleet in fleets] == [replicas] * len(fleets)
        time.sleep(1)
