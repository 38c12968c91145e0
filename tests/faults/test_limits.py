"""Limits: what the API server refuses for now, storms of events, tenants that harm only themselves."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from faults.faults import Answer, Call, Delay, Exchange
from faults.many_edits import Storm
from faults.proxy import FaultProxy
from faults.rules import Rule
from fleet_operator import OperatorProcess, running_operator
from llamafleet.reconcile.allowance import AT_ONCE, LOOK_SECONDS
from llamas import CHILDREN, GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

EDITS = 500
LEASES = "leases"
SOON_SECONDS = 30.0
"""For an edit whose turn comes at once; for one that waits behind every noisy resource it is too short."""


@pytest.fixture
def operator(installed: ControlPlane, proxy: FaultProxy) -> Iterator[OperatorProcess]:
    """The operator behind the proxy, alone with the fleets of the test: all that it does is counted."""
    until(lambda: is_empty(installed), GONE_SECONDS, "what the test before has left to be gone")
    with running_operator(installed, "--lease-duration=4", door=proxy.door()) as process:
        until(process.leads, SETTLE_SECONDS, "the operator to lead")
        yield process
        log = process.log.read_text()
        assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]


def is_empty(cluster: ControlPlane) -> bool:
    """Whether there is no fleet, and nothing of one that was there."""
    everywhere = "--all-namespaces", "--output=name"
    parts = ("get", ",".join((*CHILDREN, "pod")), "--selector=llamafleet.io/deployment", *everywhere)
    return not cluster.kubectl("get", "llama", *everywhere) and not cluster.kubectl(*parts)


@pytest.fixture
def fleet(installed: ControlPlane, namespace: str, operator: OperatorProcess) -> Llama:
    """A fleet that is settled."""
    del operator
    llama = Llama(installed, namespace, "small")
    llama.apply()
    llama.wait_for("Ready", "True")
    return llama


def replicas(llama: Llama) -> int:
    found: int = llama.get("deployment")["spec"]["replicas"]
    return found


def has_replicas(llama: Llama, count: int) -> bool:
    """Whether its Deployment asks for so many."""
    return replicas(llama) == count


def writes_of(proxy: FaultProxy) -> list[Exchange]:
    return [one for one in proxy.exchanges if one.writes and one.kind != LEASES]


def is_own(exchange: Exchange) -> bool:
    """Whether it went through the gate: not a lease, and not the watch of our own kinds, which is kopf's."""
    return exchange.kind not in {LEASES, "llamadeployments", "gpupools"} or exchange.verb == "get"


@pytest.mark.parametrize("status", [429, 503])
def test_429_with_retry_after(
    installed: ControlPlane, fleet: Llama, proxy: FaultProxy, operator: OperatorProcess, status: int
) -> None:
    """One is refused, and nothing but the lease is asked for until the time is over, for others neither.

    Nobody has failed. A 503 with a time is the same.
    """
    other = Llama(installed, fleet.namespace, "other")
    other.apply()
    for llama in (fleet, other):
        llama.wait_for("Ready", "True", "AllReplicasReady")
        llama.wait_for("Progressing", "False", "Settled")  # nobody is in the middle of a look when it begins
    before = operator.count('llamafleet_reconciles_total{result="failed"}')
    rule = Rule(fault=Answer(status, "too much", retry_after=6), verbs="get", name=fleet.name, times=1)
    with proxy.during(rule) as (refused,):
        fleet.patch(replicas=2)
        until(lambda: refused.struck, SETTLE_SECONDS, "a request to be refused")
        other.patch(replicas=2)
        for llama in (fleet, other):
            until(partial(has_replicas, llama, 2), SETTLE_SECONDS, "the edit to reach the child")
    (first,) = [one for one in proxy.of("get", namespace=fleet.namespace) if one.faults]
    assert first.status == status
    meanwhile = [one for one in proxy.exchanges if first.at < one.at < first.at + 6]
    assert [one for one in meanwhile if is_own(one) and one.number > first.number + 1] == []
    assert len([one for one in meanwhile if one.kind == LEASES]) >= 3, "its renewals wait for nobody"
    assert operator.count("llamafleet_throttled_requests_total") == 1
    assert operator.count('llamafleet_reconciles_total{result="failed"}') == before
    assert fleet.condition("Degraded")["status"] == "False"


def test_429_without_end(fleet: Llama, proxy: FaultProxy, operator: OperatorProcess) -> None:
    """For ten seconds everything but the lease is refused: few are sent, the process lives on and goes on."""

    def refuse(exchange: Exchange) -> Answer | None:
        return None if exchange.kind == LEASES else Answer(429, "too much", retry_after=1)

    began = len(proxy.exchanges)
    with proxy.during(Rule(fault=Call(before=refuse))):
        fleet.patch(replicas=2)
        ends = time.monotonic() + 10
        until(lambda: time.monotonic() > ends, 20, "ten seconds to pass")
    sent = [one for one in proxy.exchanges[began:] if is_own(one)]
    assert 2 <= len(sent) <= 20, "one for each time that the gate was open, and not one for each wish"
    until(lambda: replicas(fleet) == 2, 2 * SETTLE_SECONDS, "the edit to reach the child in the end")
    assert operator.alive()
    assert operator.log.read_text().count("leads, by lease") == 1


def test_event_storm(
    fleet: Llama, proxy: FaultProxy, operator: OperatorProcess, tmp_path: Path, installed: ControlPlane
) -> None:
    """Hundreds of edits of one resource are a few looks; the last one counts, and another does not wait.

    Ten thousand take the API server a minute, and us no more looks: see tests/reconcile/test_queue.py.
    """
    other = Llama(installed, fleet.namespace, "other")
    other.apply()
    other.wait_for("Ready", "True")
    path = f"/apis/llamafleet.io/v1alpha1/namespaces/{fleet.namespace}/llamadeployments/{fleet.name}"
    looks, writes = operator.count("llamafleet_reconciles_total"), len(writes_of(proxy))
    began = time.monotonic()
    with Storm(installed, tmp_path, path) as storm:
        until(lambda: storm.edits > 100, SETTLE_SECONDS, "the storm to rage")
        other.patch(replicas=2)
        until(lambda: replicas(other) == 2, SOON_SECONDS, "the edit of another resource to reach its child")
        until(lambda: storm.edits >= EDITS, 2 * SETTLE_SECONDS, "more edits")
    fleet.patch(replicas=2)
    until(lambda: replicas(fleet) == 2, SETTLE_SECONDS, "the last edit to reach its child")
    until(lambda: operator.count("llamafleet_queue_depth") == 0, SETTLE_SECONDS, "the queue to be empty")
    most = AT_ONCE + (time.monotonic() - began) / LOOK_SECONDS
    assert operator.count("llamafleet_reconciles_total") - looks <= most + 2 * AT_ONCE, "the other's, too"
    assert len(writes_of(proxy)) - writes <= 30, "labels of others are nothing to write about"


def test_quota_and_limit_range(installed: ControlPlane, namespace: str, proxy: FaultProxy) -> None:
    """What forbids a child, or pods, is told in the API server's own words, asked seldom, and mends."""
    limit = {"type": "Container", "max": {"memory": "1Gi"}}
    installed.apply(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "tiny", "namespace": namespace},
            "spec": {"limits": [limit]},
        },
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "none", "namespace": namespace},
            "spec": {"hard": {"count/services": "0"}},
        },
    )
    here = f"--namespace={namespace}"
    seen = "resourcequota", "none", here
    until(lambda: installed.get(*seen)["status"].get("hard"), SETTLE_SECONDS, "the quota to be in force")
    llama = Llama(installed, namespace, "small")
    with running_operator(installed, door=proxy.door("quota")) as process:
        until(process.leads, SETTLE_SECONDS, "the operator to lead")
        llama.apply()
        assert "exceeded quota: none" in llama.wait_for("Degraded", "True", "Forbidden")

        def attempts() -> list[Exchange]:
            return proxy.of("apply", kind="services", namespace=namespace)

        until(lambda: len(attempts()) >= 6, SETTLE_SECONDS, "a few attempts")
        at = [one.at for one in attempts()]
        assert at[5] - at[0] > 1.5, "ever more seldom: half of 0.2 + 0.4 + 0.8 + 1.6 + 3.2 s at the least"
        installed.kubectl("delete", *seen)
        assert "memory limit of 1Gi" in llama.wait_for("Ready", "False", "PodsNotCreated")
        installed.kubectl("delete", "limitrange", "tiny", here)
        llama.wait_for("Ready", "True", "AllReplicasReady")
        told = proxy.of("apply", kind="llamadeployments/status", namespace=namespace)
        assert len(told) <= 12, "what is wrong is said once, not at each look"


def test_namespace_terminating(
    installed: ControlPlane, namespace: str, proxy: FaultProxy, operator: OperatorProcess
) -> None:
    """The namespace ends while the first child is on its way: the key is dropped, nothing is tried again."""
    here = f"--namespace={namespace}"
    installed.kubectl("create", "configmap", "keeper", here)
    keep = '--patch={"metadata":{"finalizers":["example.com/keep"]}}'
    installed.kubectl("patch", "configmap", "keeper", here, "--type=merge", keep)

    def end(_: Exchange) -> None:
        installed.kubectl("delete", "namespace", namespace, "--wait=false")

    llama = Llama(installed, namespace, "small")
    try:
        proxy.add(Rule(fault=Call(before=end), verbs="apply", namespace=namespace, times=1))
        llama.apply()

        def ours() -> list[Exchange]:
            return [one for one in proxy.of(namespace=namespace) if is_own(one)]

        until(lambda: [one for one in ours() if one.status == 403], SETTLE_SECONDS, "the refusal")
        gone = ("get", "llama", "--ignore-not-found", here, "-o", "name")
        until(lambda: not installed.kubectl(*gone), GONE_SECONDS, "the resource to be gone")
        until(lambda: operator.count("llamafleet_queue_depth") == 0, SETTLE_SECONDS, "the queue to be empty")
        writes = [one for one in ours() if one.writes]
        assert [one.status for one in writes] == [403] * len(writes)
        assert len(writes) <= 2 * 5, "each child once or twice, for the deletion is an event as well"
        said = operator.log.read_text()
        assert not [line for line in said.splitlines() if namespace in line and "trying again" in line]
    finally:
        nobody = '--patch={"metadata":{"finalizers":null}}'
        installed.kubectl("patch", "configmap", "keeper", here, "--type=merge", nobody)


def test_slow_api_server_and_noisy_tenants(
    installed: ControlPlane, namespace: str, proxy: FaultProxy, operator: OperatorProcess
) -> None:
    """One namespace gets slow answers, another only errors, with thirty resources each: a third goes on."""
    quiet = Llama(installed, namespace, "quiet")
    quiet.apply()
    quiet.wait_for("Ready", "True")
    slow, broken = f"{namespace}-slow", f"{namespace}-broken"
    for name in (slow, broken):
        installed.kubectl("create", "namespace", name)
    try:
        proxy.add(Rule(fault=Delay(8), namespace=slow))
        proxy.add(Rule(fault=Answer(500, "broken"), namespace=broken, verbs=("apply", "create", "merge")))
        installed.apply(*(resource(name, number) for name in (slow, broken) for number in range(30)))

        def worked_on(name: str) -> bool:
            return len([one for one in proxy.of(namespace=name) if is_own(one)]) >= 6

        until(lambda: worked_on(slow) and worked_on(broken), SETTLE_SECONDS, "both to be worked on")
        for count in (2, 1, 2):
            quiet.patch(replicas=count)
            until(partial(has_replicas, quiet, count), SOON_SECONDS, "the quiet one's edit to arrive")
        under_way = [one for one in proxy.of(namespace=slow) if one.status is None]
        assert under_way, "the slow namespace is still at it"
        assert operator.alive()
    finally:
        proxy.clear()
        for name in (slow, broken):
            installed.kubectl("delete", "namespace", name, "--wait=false")


def resource(namespace: str, number: int) -> dict[str, Any]:
    """One of many, without pods: they would fill the nodes."""
    return {
        "apiVersion": "llamafleet.io/v1alpha1",
        "kind": "LlamaDeployment",
        "metadata": {"name": f"noisy-{number}", "namespace": namespace},
        "spec": {"model": {"variant": "llama-3.1-8b"}, "suspend": True},
    }
