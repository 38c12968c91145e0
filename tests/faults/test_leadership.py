"""Of two operators on a real API server, one works. Whatever becomes of it, the other goes on.

Each comes through a door of its own, so it is known who sent what, and when.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kubernetes.aio.config import kube_config

from faults.faults import Exchange, HalfOpen
from faults.proxy import FaultProxy
from faults.rules import Rule
from fleet_operator import NAMESPACE, START_SECONDS, OperatorProcess
from llamafleet.adapters.fence import Fence
from llamafleet.catalogue import catalogue
from llamafleet.handlers.leadership import Leadership
from llamafleet.handlers.settings import Settings
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

LEASE_SECONDS = 4.0
TAKEOVER_SECONDS = 5.0
LOST = 4
"""The exit code of an operator that finds another one leading."""


NAMES = ("one", "two")


@dataclass
class Pair:
    """Two operators, each with a door of its own."""

    proxy: FaultProxy
    operators: dict[str, OperatorProcess]

    def leader(self) -> str:
        """Who leads, of those that run."""
        (name,) = (name for name, one in self.operators.items() if one.code is None and one.leads())
        return name

    def other(self, name: str) -> str:
        return next(other for other in NAMES if other != name)

    def signal(self, name: str, sign: signal.Signals) -> float:
        """Send a signal; the monotonic instant of it."""
        os.kill(self.operators[name].pid, sign)
        return time.monotonic()

    def wake(self, name: str) -> None:
        """Let a process go on that was stopped; where that took longer than its lease, another one comes."""
        woken, operator = self.signal(name, signal.SIGCONT), self.operators[name]

        def renewals() -> list[Exchange]:
            return [one for one in self.proxy.of(kind="leases", door=name) if one.landed and one.at > woken]

        until(lambda: operator.code is not None or renewals(), SETTLE_SECONDS, f"{name} to go on or to end")
        if operator.code is not None:
            assert operator.code == LOST
            operator.restart()

    def writes(self, name: str, since: float = 0.0) -> list[Exchange]:
        """What it has sent that would change something, without its lease."""
        return [
            one for one in self.proxy.of(door=name) if one.writes and one.kind != "leases" and one.at >= since
        ]

    def took(self, name: str) -> float:
        """Wait until it leads; the monotonic instant at which its lease was granted."""
        operator = self.operators[name]
        until(operator.leads, TAKEOVER_SECONDS + SETTLE_SECONDS, f"{name} to lead")
        return min(
            one.answered for one in self.proxy.of(kind="leases", door=name) if one.landed and one.answered
        )


@pytest.fixture
def pair(installed: ControlPlane, proxy: FaultProxy) -> Iterator[Pair]:
    """Two operators that were started at the same time; one of them leads, the other is ready to."""
    with contextlib.ExitStack() as stack:
        operators = {}
        for name in NAMES:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="llamafleet-"))
            operators[name] = OperatorProcess(installed, Path(folder), door=proxy.door(name))
            stack.callback(operators[name].stop)
        pair = Pair(proxy, operators)
        for name, operator in operators.items():
            until(operator.alive, START_SECONDS, f"{name} to be alive")
        until(lambda: any(one.leads() for one in operators.values()), START_SECONDS, "one to lead")
        yield pair
        for operator in operators.values():
            log = operator.log.read_text()
            assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]


@pytest.fixture
def fleet(installed: ControlPlane, namespace: str) -> Iterator[Llama]:
    """A fleet of one replica, not created yet."""
    llama = Llama(installed, namespace, "led")
    yield llama
    installed.kubectl(
        "delete", "llama", "led", f"--namespace={namespace}", "--ignore-not-found", "--wait=false"
    )


def settled(fleet: Llama, replicas: int) -> None:
    """Wait until the fleet is at a count and says so, and there is nothing left to write."""
    fleet.apply(replicas=replicas)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    fleet.wait_for("Progressing", "False", "Settled")
    assert fleet.status()["desiredReplicas"] == replicas
    assert fleet.get("deployment")["spec"]["replicas"] == replicas


def test_one_works_and_a_kill_is_made_up_for_within_five_seconds(
    installed: ControlPlane, pair: Pair, fleet: Llama
) -> None:
    settled(fleet, 1)
    first = pair.leader()
    second = pair.other(first)
    assert pair.writes(first)
    assert not pair.writes(second), "who stands by writes nothing"
    killed = pair.signal(first, signal.SIGKILL)
    fleet.apply(replicas=2)
    assert pair.took(second) - killed <= TAKEOVER_SECONDS
    settled(fleet, 2)
    spec = installed.get("lease", "llamafleet", f"--namespace={NAMESPACE}")["spec"]
    assert spec["leaseDurationSeconds"] == LEASE_SECONDS
    assert spec["renewTime"] >= spec["acquireTime"]
    settled(fleet, 1)


def test_who_wakes_after_the_lease_was_taken_writes_nothing_and_ends(pair: Pair, fleet: Llama) -> None:
    """It wakes alone, with work that nobody else does, and cannot even hear that another has the lease."""
    settled(fleet, 1)
    first = pair.leader()
    second = pair.other(first)
    stopped = pair.signal(first, signal.SIGSTOP)
    assert pair.took(second) - stopped <= LEASE_SECONDS + 1
    settled(fleet, 2)
    pair.signal(second, signal.SIGSTOP)
    fleet.apply(replicas=3)
    with pair.proxy.during(Rule(fault=HalfOpen(), door=first, kind="leases")):
        pair.signal(first, signal.SIGCONT)
        code = until(lambda: pair.operators[first].code, SETTLE_SECONDS, "the one that woke to end")
    assert code == LOST
    assert pair.writes(first, since=stopped) == []
    pair.wake(second)
    settled(fleet, 3)


def test_who_is_cut_off_has_stopped_before_the_other_begins(pair: Pair, fleet: Llama) -> None:
    settled(fleet, 1)
    first = pair.leader()
    second = pair.other(first)
    cut = time.monotonic()
    with pair.proxy.during(Rule(fault=HalfOpen(), door=first)):
        fleet.apply(replicas=2)
        taken = pair.took(second)
        assert taken - cut <= TAKEOVER_SECONDS
        settled(fleet, 2)
        code = until(lambda: pair.operators[first].code, SETTLE_SECONDS, "the one that was cut off to end")
        assert code == LOST, "though it cannot know that another leads"
    assert all(one.at < taken for one in pair.writes(first))


def test_who_is_told_to_end_hands_over_within_two_seconds(pair: Pair, fleet: Llama) -> None:
    settled(fleet, 1)
    first = pair.leader()
    second = pair.other(first)
    told = pair.signal(first, signal.SIGTERM)
    assert pair.took(second) - told < 2
    until(lambda: pair.operators[first].code is not None, SETTLE_SECONDS, "it to end")
    assert pair.operators[first].code == 0
    settled(fleet, 2)


def test_a_loop_that_is_busy_for_longer_than_the_fence_is_open_loses_nothing(
    installed: ControlPlane, proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease has a thread of its own. Half of the time the loop works in Python, half of it it waits."""
    path = proxy.door("busy").kubeconfig(tmp_path)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))  # KUBECONFIG, read at import
    busy = Settings(NAMESPACE, 1, None, 0, catalogue(), lease_seconds=4)

    async def story() -> list[float]:
        fence, leads = Fence(), asyncio.Event()
        leadership = Leadership(busy, fence, lambda: True, leads.set)
        await asyncio.wait_for(leads.wait(), SETTLE_SECONDS)
        left = []
        end = time.monotonic() + 6
        while time.monotonic() < end:
            until_next = time.monotonic() + 0.1
            while time.monotonic() < until_next:
                pass
            time.sleep(0.1)  # noqa: ASYNC251 - that it holds up the loop is the point
            left.append(fence.remaining())
        await leadership.release()
        return left

    assert min(asyncio.run(story())) > 0
    spec = installed.get("lease", "llamafleet", f"--namespace={NAMESPACE}")["spec"]
    assert "holderIdentity" not in spec, "it was released"


def test_an_api_server_that_freezes_for_longer_than_the_lease_leaves_one_leader(
    installed: ControlPlane, pair: Pair, fleet: Llama
) -> None:
    settled(fleet, 1)
    first = pair.leader()
    server = installed.pids["kube-apiserver"]
    os.kill(server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        until(lambda: time.monotonic() - began > LEASE_SECONDS + 2, 60, "more than a lease to pass")
    finally:
        os.kill(server, signal.SIGCONT)
    settled(fleet, 2)
    if pair.operators[pair.other(first)].leads():
        code = until(lambda: pair.operators[first].code, SETTLE_SECONDS, "the one that lost its lease to end")
        assert code == LOST
    running = [name for name, one in pair.operators.items() if one.code is None]
    leaders = [name for name in running if pair.operators[name].leads()]
    assert len(leaders) == 1
