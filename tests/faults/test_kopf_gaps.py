"""kopf loses deletions, and ends on errors of its watch. The operator around it makes up for both.

Only kopf lists and watches LlamaDeployments, so whatever happens to such a request happens to kopf.
"""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from faults.faults import Answer, Delay, ErrorEvent
from faults.proxy import FaultProxy
from faults.rules import Rule
from fleet_operator import NAMESPACE, OperatorProcess, running_operator
from llamafleet.api.ledger import Ledger
from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

KIND = "llamadeployments"
ENDED = "the watch of our kinds ended"


@pytest.fixture
def behind(installed: ControlPlane, proxy: FaultProxy) -> Iterator[OperatorProcess]:
    """The operator behind the proxy."""
    with running_operator(installed, door=proxy.door()) as operator:
        yield operator
        log = operator.log.read_text()
        assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]


def kept(cluster: ControlPlane) -> dict[str, Any]:
    """The accounts of the resources that are gone."""
    found = cluster.get("configmap", "llamafleet-carry-over", f"--namespace={NAMESPACE}")
    return {name: json.loads(text) for name, text in (found.get("data") or {}).items()}


@pytest.mark.usefixtures("behind")
def test_a_deletion_that_kopf_never_hears_of_leaves_its_account(
    installed: ControlPlane, proxy: FaultProxy, namespace: str
) -> None:
    fleet = Llama(installed, namespace, "gap")
    fleet.apply(replicas=1)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    (meter,) = fleet.status()["cost"]["ledger"]["meters"]
    gap = (
        Rule(fault=ErrorEvent(410), verbs="watch", kind=KIND),
        Rule(fault=Answer(500), verbs="list", kind=KIND),
    )
    with proxy.during(*gap) as (expired, _):
        until(lambda: expired.struck, SETTLE_SECONDS, "the watch of kopf to end")
        fleet.delete()
        name = f"{namespace}.gap"
        until(lambda: name in kept(installed), GONE_SECONDS, "the account to be kept")
    left = Ledger.model_validate(kept(installed)[name])
    assert [one.uid for one in left.meters] in ([meter["uid"]], []), "its pod may be gone by then"
    assert all(one.until for one in left.meters), "when its pod is gone at the latest"
    assert left.meters or left.spent.usd > 0


def test_an_error_that_ends_kopf_ends_nothing_else(
    installed: ControlPlane, proxy: FaultProxy, behind: OperatorProcess, namespace: str
) -> None:
    fleet = Llama(installed, namespace, "calm")
    fleet.apply(replicas=0)
    fleet.wait_for("Ready", "True")
    until(behind.leads, SETTLE_SECONDS, "it to lead")
    lease = "lease", "llamafleet", f"--namespace={NAMESPACE}"

    def spec() -> dict[str, Any]:
        found: dict[str, Any] = installed.get(*lease)["spec"]
        return found

    before = spec()
    lists = len(proxy.of("list", kind="pods"))
    with proxy.during(Rule(fault=ErrorEvent(500), verbs="watch", kind=KIND, times=1)):
        until(lambda: ENDED in behind.log.read_text(), SETTLE_SECONDS, "kopf to end")
    fleet.apply(replicas=1)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    until(behind.alive, SETTLE_SECONDS, "the liveness endpoint to be back")
    until(lambda: spec()["renewTime"] > before["renewTime"], SETTLE_SECONDS, "a renewal")
    after = spec()
    for field in ("holderIdentity", "acquireTime", "leaseTransitions"):
        assert after[field] == before[field], "it led all the time"
    assert len(proxy.of("list", kind="pods")) == lists, "its views went on"
    fleet.delete()


def test_kopf_ends_without_a_trace_before_its_watch_is_answered(
    installed: ControlPlane, proxy: FaultProxy
) -> None:
    slow = Rule(fault=Delay(10.0), verbs="watch", kind=KIND)
    with proxy.during(slow) as (asked,), running_operator(installed, door=proxy.door()) as operator:
        until(lambda: asked.struck, SETTLE_SECONDS, "kopf to ask for its watch")
        os.kill(operator.pid, signal.SIGTERM)
        until(lambda: operator.code is not None, SETTLE_SECONDS, "the operator to end")
        log = operator.log.read_text()
    assert operator.code == 0
    assert "request_cancel_callback" not in log, log[-2000:]
    assert "Traceback" not in log, log[-2000:]
