"""A fleet that closes, on a node whose pods are real: what becomes of its requests and its pods."""

import datetime as dt
import time
from typing import Any

import pytest

from node.clients import Answer, ask, asking
from node.fleets import (
    ENDLESS,
    READY_SECONDS,
    RUNNING,
    TOKENS_PER_SECOND,
    Fleet,
    always_open,
    deletion,
    open_for,
)
from node.stories import story
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.node]

ACT_SECONDS = 60.0
"""From an edit to pods that are asked to end."""

LATE_SECONDS = 5.0
"""What two cores may add: a second of the hook, a second of the API's clock, the kubelet's pace."""

OPEN_SECONDS = 40.0
"""From the edit that says when the fleet closes: long enough for the operator to have taken it in."""

BEFORE_SECONDS = 6.0
"""How long before its end clients begin to ask: in time on a busy machine, and most of their work is left."""

NEVER_READY_SECONDS = 15
"""The most that a pod which nobody ever reached may stay once nobody wants it."""

EXIT_SECONDS = 30.0
"""From the last token to a pod that is gone: three looks of the hook, the teardown, the kubelet's pace."""


@story
def test_requests_that_run_and_requests_that_wait_all_complete(fleet: Fleet) -> None:
    address = fleet.start(schedule=always_open())
    seconds = 8  # three turns of it are more than the hook's settling time: it has to see both kinds
    with asking(address, clients=3 * RUNNING, tokens=seconds * TOKENS_PER_SECOND) as answers:
        until(lambda: all(one.begun for one in answers), ACT_SECONDS, "the server to have every request")
        until(lambda: at_work(answers) == RUNNING, ACT_SECONDS, "two requests to run and the others to wait")
        fleet.close()
        until(fleet.deleting, ACT_SECONDS, "the pod to be asked to end")
        assert any(not one.arrivals for one in answers), "the closing came too late: none waits any more"
    assert [str(one) for one in answers if not one.complete] == []
    last = max(one.arrivals[-1] for one in answers)
    until(lambda: not fleet.pods(), EXIT_SECONDS, "the pod to be gone")
    assert time.monotonic() - last < EXIT_SECONDS


@story
def test_the_end_of_its_open_time_cuts_nobody(fleet: Fleet) -> None:
    """Nobody touches it then: the operator's own timer closes it, with requests that run and that wait."""
    address = fleet.start(schedule=open_for(dt.timedelta(hours=1)))
    length, near = dt.timedelta(seconds=OPEN_SECONDS), dt.timedelta(seconds=BEFORE_SECONDS)
    end = dt.datetime.now(dt.UTC) + length
    fleet.apply(schedule=open_for(length))
    fleet.llama.wait_for("Ready", "True", "AllReplicasReady")
    assert dt.datetime.now(dt.UTC) < end - near, "the edit took too long to say anything"
    until(lambda: dt.datetime.now(dt.UTC) > end - near, OPEN_SECONDS, "the end to be near")
    with asking(address, clients=3 * RUNNING, tokens=8 * TOKENS_PER_SECOND) as answers:
        until(lambda: at_work(answers) == RUNNING, ACT_SECONDS, "two requests to run and the others to wait")
        pod = until(fleet.deleting, ACT_SECONDS, "the pod to be asked to end")[0]
        assert any(not one.arrivals for one in answers), "the closing came too late: none waits any more"
    assert abs(deletion(pod) - end) <= dt.timedelta(seconds=LATE_SECONDS), "neither early nor late"
    assert [str(one) for one in answers if not one.complete] == []
    until(lambda: not fleet.pods(), EXIT_SECONDS, "the pod to be gone")


@story
def test_new_requests_are_refused_at_the_service_and_not_cut(fleet: Fleet) -> None:
    address = fleet.start(schedule=always_open())
    with asking(address, clients=1, tokens=40 * TOKENS_PER_SECOND) as answers:
        until(lambda: answers[0].arrivals, ACT_SECONDS, "the first token")
        fleet.close()
        late: list[Answer] = []

        def refused() -> bool:
            late.append(ask(address, tokens=1))
            return late[-1].refused

        until(refused, ACT_SECONDS, "the Service to refuse")
        assert answers[0].ended is None, "the server had work all the time"
        assert [str(one) for one in late if not (one.complete or one.refused)] == []
        assert fleet.deleting(), "the pod is still there, and drains"
    assert answers[0].complete, str(answers[0])


@story
def test_what_outlasts_the_drain_timeout_ends_then_and_not_before(fleet: Fleet) -> None:
    """As recorded: the engine is killed, and its streams hang until the kubelet ends the process."""
    timeout = 15
    schedule = always_open(f"{timeout}s")
    address = fleet.start(schedule=schedule)
    with (
        asking(address, clients=1, tokens=(timeout - 5) * TOKENS_PER_SECOND) as short,
        asking(address, clients=1, tokens=10 * timeout * TOKENS_PER_SECOND) as long,
    ):
        until(lambda: at_work([*short, *long]) == RUNNING, ACT_SECONDS, "both requests to run")
        fleet.apply(schedule=schedule, suspend=True)
        pod = until(fleet.deleting, ACT_SECONDS, "the pod to be asked to end")[0]
        grace = pod["metadata"]["deletionGracePeriodSeconds"]
        until(lambda: not fleet.pods(), grace + EXIT_SECONDS, "the pod to be gone")
        gone = time.time()
    assert short[0].complete, str(short[0])
    asked = deletion(pod).timestamp()
    last = long[0].arrivals[-1] + time.time() - time.monotonic() - asked
    assert timeout - 0.5 <= last <= timeout + LATE_SECONDS, str(long[0])
    assert not long[0].complete
    assert gone - asked <= grace + LATE_SECONDS


@story
def test_a_pod_that_never_became_ready_holds_its_gpu_no_longer_than_it_must(fleet: Fleet) -> None:
    """The signal that comes while vLLM loads is lost, so the pod would stay for its whole grace period."""
    fleet.apply(image=ENDLESS)
    until(lambda: [pod for pod in fleet.pods() if is_running(pod)], READY_SECONDS, "the server to load")
    fleet.apply(image=ENDLESS, suspend=True)
    until(lambda: not fleet.pods(), NEVER_READY_SECONDS + LATE_SECONDS, "the pod to be gone")


def at_work(answers: list[Answer]) -> int:
    """How many requests have got a token and want more."""
    return sum(bool(one.arrivals) and one.ended is None for one in answers)


def is_running(pod: dict[str, Any]) -> bool:
    """Whether the serving container has started."""
    return any("running" in one["state"] for one in pod["status"].get("containerStatuses", []))
