"""A fleet that shrinks while clients ask on: the least busy pod goes, and takes no request with it."""

import contextlib
import itertools
import urllib.request

import pytest

from llamafleet.api.names import SERVING_PORT
from node.clients import asking, asking_on
from node.fleets import SIMULATED, TOKENS_PER_SECOND, Fleet
from node.load import load_on
from node.stories import story
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.node]

SCALE_DOWNS = 10
CLIENTS = 12
TOKENS = 30
"""A second and a half of work, beside the time in the queue."""

ACT_SECONDS = 120.0
DRAIN_SECONDS = 180.0
"""For the pod that goes: the hook settles for 10 s, its last request ends, and the server exits."""

FEW_DOWNS = 2
FEW = 6
"""Clients of two replicas that run two requests each."""

LONG = 1000
"""Tokens for 50 s of work: longer than it takes until a pod is asked to end."""


def exactly(replicas: int) -> dict[str, int]:
    """Scaling that leaves the autoscaler no choice; which pods go is its choice all the same."""
    return {"minReplicas": replicas, "maxReplicas": replicas}


@story
def test_ten_scale_downs_under_load_lose_no_request(fleet: Fleet) -> None:
    address = fleet.start(image=SIMULATED, scaling=exactly(SCALE_DOWNS + 1))
    pods = {pod["metadata"]["name"] for pod in fleet.pods()}
    with load_on(address, TOKENS, clients=CLIENTS, rate=1.0) as load:
        until(lambda: {one.pod for one in load.outcomes} >= pods, ACT_SECONDS, "every replica to have work")
        before = fleet.llama.get("deployment")["metadata"]["generation"]
        for left in range(SCALE_DOWNS, 0, -1):
            answered = load.whole
            fleet.apply(image=SIMULATED, scaling=exactly(left))
            until(lambda left=left: fleet.wanted() == left, ACT_SECONDS, f"{left} replicas")  # type: ignore[misc]
            until(lambda answered=answered: load.whole > answered + CLIENTS, ACT_SECONDS, "requests to go on")  # type: ignore[misc]
        until(lambda: len(fleet.pods()) == 1, DRAIN_SECONDS, "ten pods to be gone")
        answered = load.whole
        until(lambda: load.whole > answered + CLIENTS, ACT_SECONDS, "requests to go on with one replica")
        after = fleet.llama.get("deployment")["metadata"]["generation"]
    assert load.lost() == []
    assert after - before == SCALE_DOWNS, "the Deployment counts the changes of its spec"
    assert {one.streamed for one in load.outcomes} == {True, False}


@story
def test_the_least_busy_replica_goes_and_then_the_next(fleet: Fleet) -> None:
    """Each server has work of its own, sent to its own address; the one with one request goes before two."""
    fleet.start(image=SIMULATED, scaling=exactly(3))
    names = {pod["status"]["podIP"]: pod["metadata"]["name"] for pod in fleet.pods()}
    order = sorted(names)
    with contextlib.ExitStack() as stack:
        asked = [
            stack.enter_context(asking(address, clients, LONG, port=SERVING_PORT))
            for clients, address in enumerate(order, 1)
        ]
        answers = list(itertools.chain(*asked))
        until(lambda: all(one.arrivals for one in answers), ACT_SECONDS, "every server to be at its work")
        for gone in (1, 2):
            fleet.apply(image=SIMULATED, scaling=exactly(len(order) - gone))
            until(lambda gone=gone: len(fleet.deleting()) == gone, ACT_SECONDS, "a pod to be asked to end")  # type: ignore[misc]
            going = {pod["metadata"]["name"] for pod in fleet.deleting()}
            assert going == {names[address] for address in order[:gone]}, "another one had less to do"
        assert all(one.ended is None for one in answers), "the work was over too soon to say anything"
    assert [str(one) for one in answers if not one.complete] == []


@story
def test_no_request_is_cut_when_one_of_two_replicas_goes(fleet: Fleet) -> None:
    """With the stand-in that ends as vLLM was recorded to: it refuses new requests after SIGTERM."""
    address = fleet.start(replicas=2)
    with asking_on(address, FEW, tokens=3 * TOKENS_PER_SECOND) as answers:
        until(lambda: all(map(is_busy, fleet.endpoints())), ACT_SECONDS, "both replicas to have work")
        fleet.apply(replicas=1)
        until(fleet.deleting, ACT_SECONDS, "one pod to be asked to end")
        until(lambda: len(fleet.pods()) == 1, DRAIN_SECONDS, "that pod to be gone")
        after = len(answers)
        until(lambda: len(answers) > after + FEW, ACT_SECONDS, "requests to go on with one replica")
    assert [str(one) for one in answers if not one.complete] == []
    assert len(fleet.pods()) == 1


def is_busy(pod: str) -> bool:
    """Whether the server at this address has a request at work."""
    with urllib.request.urlopen(f"http://{pod}:8000/metrics", timeout=ACT_SECONDS) as page:
        lines = page.read().decode().splitlines()
    return any(line.startswith("vllm:num_requests_running") and not line.endswith(" 0.0") for line in lines)


@story
def test_pods_that_rest_before_they_go_lose_no_request(fleet: Fleet) -> None:
    """The Deployment shrinks only when they are empty. Until then nobody new is sent to them.

    Each has one long request beside the others, so that it has work for as long as they are looked at.
    """
    address = fleet.start(image=SIMULATED, replicas=FEW_DOWNS + 1)
    pods = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in fleet.pods()}
    with contextlib.ExitStack() as stack, load_on(address, TOKENS, clients=CLIENTS, rate=1.0) as load:
        asked = [stack.enter_context(asking(one, 1, LONG, port=SERVING_PORT)) for one in pods.values()]
        answers = list(itertools.chain(*asked))
        until(lambda: all(one.arrivals for one in answers), ACT_SECONDS, "every server to be at its work")
        until(lambda: {one.pod for one in load.outcomes} >= {*pods}, ACT_SECONDS, "every replica to be asked")
        fleet.apply(image=SIMULATED, replicas=1)
        until(lambda: len(fleet.endpoints()) == 1 and not fleet.deleting(), ACT_SECONDS, "pods to rest")
        assert fleet.wanted() == FEW_DOWNS + 1, "the Deployment waits for them"
        assert all(one.ended is None for one in answers), "the work was over too soon to say anything"
        until(lambda: len(fleet.pods()) == 1, ACT_SECONDS + DRAIN_SECONDS, "the others to be gone")
        answered = load.whole
        until(lambda: load.whole > answered + CLIENTS, ACT_SECONDS, "requests to go on with one replica")
    assert load.lost() == []
    assert [str(one) for one in answers if not one.complete] == []
