"""A fleet follows its load: real requests through its Service, real metrics, real pods.

Three fleets have the same life, side by side; what differs is whether the operator can read their metrics.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fleet_operator import OperatorProcess, running_operator
from llamafleet.api.names import WAKER_NAME
from llamafleet.rendering.news import AGE
from llamas import Llama
from node.faults import silent_metrics
from node.fleets import READY_SECONDS, SLOW, Fleet
from node.load import Load, load_on
from node.wakers import running_wakers
from testbed.control_plane import ControlPlane
from testbed.real_node import RealNode
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.node]

LOOK_SECONDS = 15.0
"""How often the operator looks at a queue."""

DELAY_SECONDS = 30
"""``scaleDownDelay`` and ``idleTimeout``: two looks. The last look that saw work may be one look old when the
work ends, so the count stays for another one; whoever falls with the first look after that is found out."""

LATE_SECONDS = 15.0
"""What two cores that run a whole cluster may add."""

FALL_SECONDS = DELAY_SECONDS + 2 * LOOK_SECONDS + LATE_SECONDS

CLIENTS = 16
RUNNING = 4
FEW = 4
TOKENS = 40
TOKEN_SECONDS = 0.15
SCALING = {
    "minReplicas": 1,
    "maxReplicas": 2,
    "queueDepth": 4,
    "scaleDownDelay": f"{DELAY_SECONDS}s",
    "idleTimeout": f"{DELAY_SECONDS}s",
}


@pytest.fixture(scope="module")
def operator(control_plane: ControlPlane, node: RealNode) -> Iterator[OperatorProcess]:
    """The operator, with a waker: without one no fleet goes to zero."""
    node.check()
    with running_wakers(control_plane), running_operator(control_plane, f"--waker={WAKER_NAME}") as process:
        yield process
        assert "Traceback" not in process.log.read_text(), "the operator logged an error that nobody expected"


@pytest.fixture
def fleets(control_plane: ControlPlane, operator: OperatorProcess, namespace: str) -> Iterator[list[Fleet]]:
    """Three fleets that nobody has started yet."""
    assert operator.alive()
    made = [Fleet(Llama(control_plane, namespace, name)) for name in ("heard", "half-heard", "unheard")]
    yield made
    made[0].remove()


def test_the_count_follows_the_queue_to_zero_and_back_and_stays_where_it_cannot_be_read(
    fleets: list[Fleet],
) -> None:
    """Up within one look, down after the delay, back with a request; without all readings never down."""
    heard, half_heard, unheard = fleets
    for fleet in fleets:
        fleet.apply(image=SLOW, scaling=SCALING)
    addresses = [fleet.start(image=SLOW, scaling=SCALING) for fleet in fleets]
    with ExitStack() as stack, ExitStack() as faults:
        loads = [
            stack.enter_context(load_on(address, TOKENS, model=fleet.llama.name, clients=CLIENTS))
            for address, fleet in zip(addresses, fleets, strict=True)
        ]
        began = time.monotonic()
        for fleet in fleets:
            rises(fleet, before=began + LOOK_SECONDS + LATE_SECONDS)
        for fleet in fleets:
            has_two_that_are_read(fleet)
            fleet.apply(image=SLOW, scaling={**SCALING, "minReplicas": 0})
        faults.enter_context(silent_metrics(half_heard.endpoints()[0], *unheard.endpoints()))
        half_heard.llama.wait_for("MetricsAvailable", "False", "SomeSilent")
        unheard.llama.wait_for("MetricsAvailable", "False", "NoReading")

        ended = end(loads)
        until(lambda: heard.wanted() < 2, FALL_SECONDS, "the fleet to fall")
        assert time.monotonic() - ended > DELAY_SECONDS - LOOK_SECONDS, "it fell before the delay was over"
        until(lambda: heard.wanted() == 0, FALL_SECONDS, "the fleet to go to zero")
        assert [half_heard.wanted(), unheard.wanted()] == [2, 2], "missing readings are no sign of rest"

        loads[2].clients = 2 * CLIENTS
        unheard.apply(image=SLOW, scaling={**SCALING, "maxReplicas": 3})
        wakes(heard, loads[0])
        hold(unheard, 2, until_then=time.monotonic() + LOOK_SECONDS)
        faults.close()
        # The first readings cover the time without any, in which hardly anybody asked.
        until(lambda: unheard.wanted() == 3, LOOK_SECONDS + LATE_SECONDS, "readings to move the count")
        until(lambda: half_heard.wanted() == 0, FALL_SECONDS, "the one without work to follow")
        end(loads)
    assert [line for load in loads for line in load.lost()] == []


def rises(fleet: Fleet, *, before: float) -> None:
    """One look at the queue is enough, and the status says what was seen and what follows from it."""
    until(lambda: fleet.wanted() == 2, before - time.monotonic(), f"{fleet.llama.name} to rise")
    until(
        lambda: tells_all(fleet), AGE.total_seconds() + LOOK_SECONDS + LATE_SECONDS, "the queue in the status"
    )
    demand = fleet.llama.status()["reasons"][0]
    assert (demand["step"], demand["replicas"] >= 2) == ("demand", True), demand


def tells_all(fleet: Fleet) -> bool:
    """The first look may have come before the last of the clients."""
    queue = fleet.llama.status().get("queue")
    assert queue, "it says nothing of the queue yet"
    assert CLIENTS - RUNNING <= queue["waiting"] + queue["running"] <= CLIENTS, queue
    assert queue["waiting"] >= CLIENTS - 2 * RUNNING, queue
    return True


def has_two_that_are_read(fleet: Fleet) -> None:
    until(lambda: len(fleet.endpoints()) == 2, READY_SECONDS, "both replicas to be ready")
    fleet.llama.wait_for("MetricsAvailable", "True", "Read")


def end(loads: list[Load]) -> float:
    """Nobody asks any more, and everybody gets an answer; since when."""
    since = time.monotonic()
    for load in loads:
        load.clients = 0
    until(lambda: not any(load.under_way for load in loads), READY_SECONDS, "the last answers")
    return since


def hold(fleet: Fleet, replicas: int, *, until_then: float) -> None:
    """The count stays as it is until this moment."""
    while time.monotonic() < until_then:
        assert fleet.wanted() == replicas
        time.sleep(1)


def wakes(fleet: Fleet, load: Load) -> None:
    """The requests of a fleet without replicas wait for one, and are answered in full, as they stream."""
    until(lambda: fleet.doors() and not fleet.endpoints(), READY_SECONDS, "the Service to lead to the waker")
    first = len(load.outcomes)
    load.clients = FEW
    until(lambda: fleet.wanted() > 0, LATE_SECONDS, "the request to wake the fleet")
    until(lambda: load.whole >= first + 2 * FEW, READY_SECONDS, "answers")
    until(lambda: fleet.endpoints() and not fleet.doors(), READY_SECONDS, "the Service to lead to pods")
    end([load])
    held = [one for one in load.outcomes[first : first + FEW] if one.first and one.ended]
    assert held, "some of the held requests were streamed"
    for one in held:
        assert one.ended - one.first > TOKENS * TOKEN_SECONDS / 2, "the answer came in one piece"  # type: ignore[operator]  # both are there
