"""A fleet that shrinks while clients ask on: the pod that goes takes no request with it."""

import urllib.request

import pytest

from node.clients import asking_on
from node.fleets import TOKENS_PER_SECOND, Fleet
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.node]

CLIENTS = 6
ACT_SECONDS = 30.0
DRAIN_SECONDS = 90.0
"""For the pod that goes: the hook settles for 10 s, its last request ends, and the server exits."""


def test_no_request_is_cut_when_one_of_two_replicas_goes(fleet: Fleet) -> None:
    address = fleet.start(replicas=2)
    with asking_on(address, CLIENTS, tokens=3 * TOKENS_PER_SECOND) as answers:
        until(lambda: all(map(is_busy, fleet.endpoints())), ACT_SECONDS, "both replicas to have work")
        fleet.apply(replicas=1)
        until(fleet.deleting, ACT_SECONDS, "one pod to be asked to end")
        until(lambda: len(fleet.pods()) == 1, DRAIN_SECONDS, "that pod to be gone")
        after = len(answers)
        until(lambda: len(answers) > after + CLIENTS, ACT_SECONDS, "requests to go on with one replica")
    assert [str(one) for one in answers if not one.complete] == []
    assert len(fleet.pods()) == 1


def is_busy(pod: str) -> bool:
    """Whether the server at this address has a request at work."""
    with urllib.request.urlopen(f"http://{pod}:8000/metrics", timeout=5) as page:
        lines = page.read().decode().splitlines()
    return any(line.startswith("vllm:num_requests_running") and not line.endswith(" 0.0") for line in lines)
