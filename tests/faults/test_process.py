"""The operator's process is killed, told to end, or finds its disk full: the cluster is none the worse."""

import os
import resource
import signal
import time

import pytest

from faults.faults import Delay
from faults.proxy import FaultProxy
from faults.rules import Rule
from fleet_operator import OperatorProcess, running_operator
from llamas import CHILDREN, GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

END_SECONDS = 10.0
"""In which the process ends once it is told to: far less than the 30 s before a pod is killed."""

SLOW_WRITE = 3.0
SAME_POD = "--identity=one-pod"
"""A container that is started again in its pod has the lease back at once."""


def ended(operator: OperatorProcess) -> str:
    """How it ended; empty while it runs."""
    try:
        operator.alive()
    except TestbedError as error:
        return str(error)
    return ""


def test_what_happens_without_the_operator_is_caught_up_with(installed: ControlPlane, namespace: str) -> None:
    """It is killed, as for its memory; resources are made, edited and deleted; the next one finds it all."""
    edited, doomed, late = (Llama(installed, namespace, name) for name in ("edited", "doomed", "late"))
    with running_operator(installed, SAME_POD) as first:
        edited.apply()
        doomed.apply()
        edited.wait_for("Ready", "True")
        doomed.wait_for("Ready", "True")
        os.killpg(first.pid, signal.SIGKILL)
        edited.apply(replicas=2)
        doomed.delete()
        late.apply()
        installed.kubectl("delete", "service", "edited", f"--namespace={namespace}")
    with running_operator(installed, SAME_POD):
        edited.wait_for("Ready", "True", "AllReplicasReady")
        late.wait_for("Ready", "True", "AllReplicasReady")
        until(lambda: "service" in edited.left(), SETTLE_SECONDS, "the deleted Service to come back")
        until(lambda: doomed.left() == [], GONE_SECONDS, "the deleted resource to leave nothing")
    assert len(edited.pods()) == 2


def test_an_operator_that_dies_halfway_is_finished_by_the_next(
    installed: ControlPlane, namespace: str
) -> None:
    """It is killed between two writes: a quota lets it make every child but the last."""
    fleet = Llama(installed, namespace, "half")
    quota = "--hard=count/deployments.apps=0", f"--namespace={namespace}"
    installed.kubectl("create", "quota", "no-deployments", *quota)
    seen = "resourcequota", "no-deployments", f"--namespace={namespace}"
    until(lambda: installed.get(*seen)["status"].get("hard"), SETTLE_SECONDS, "the quota to be in force")
    with running_operator(installed, SAME_POD) as first:
        fleet.apply()
        message = fleet.wait_for("Ready", "False", "Forbidden")
        assert "exceeded quota: no-deployments" in message
        assert fleet.left() == [kind for kind in CHILDREN if kind != "deployment"]
        os.killpg(first.pid, signal.SIGKILL)
    installed.kubectl("delete", *seen)
    with running_operator(installed, SAME_POD):
        fleet.wait_for("Ready", "True", "AllReplicasReady")
    assert fleet.left() == list(CHILDREN)


def test_an_operator_that_is_told_to_end_in_the_middle_of_a_write_ends_well_and_the_next_goes_on(
    installed: ControlPlane, namespace: str, proxy: FaultProxy
) -> None:
    fleets = [Llama(installed, namespace, name) for name in ("one", "two", "three")]
    slow = proxy.add(Rule(verbs="apply", kind="deployments", namespace=namespace, fault=Delay(SLOW_WRITE)))
    with running_operator(installed, door=proxy.door()) as first:
        for fleet in fleets:
            fleet.apply()
        until(lambda: slow.struck >= len(fleets), SETTLE_SECONDS, "three writes to be on their way")
        told = time.monotonic()
        os.kill(first.pid, signal.SIGTERM)
        assert "ended with code 0" in until(lambda: ended(first), END_SECONDS, "the process to end")
        assert time.monotonic() - told < END_SECONDS
        assert "Traceback" not in first.log.read_text()
    with running_operator(installed):
        for fleet in fleets:
            fleet.wait_for("Ready", "True", "AllReplicasReady")
    for fleet in fleets:
        assert fleet.left() == list(CHILDREN)
        assert fleet.get("deployment")["metadata"]["generation"] == 1, "made once, whoever made it"
        assert len(fleet.pods()) == 1


def test_an_operator_whose_disk_is_full_goes_on(installed: ControlPlane, namespace: str) -> None:
    """It keeps nothing there: all it would write is its log, and that is lost."""
    fleet = Llama(installed, namespace, "small")
    with running_operator(installed) as operator:
        resource.prlimit(operator.pid, resource.RLIMIT_FSIZE, (0, 0))
        before = operator.log.stat().st_size
        fleet.apply()
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        installed.kubectl("delete", "service", fleet.name, f"--namespace={namespace}")
        until(lambda: "service" in fleet.left(), SETTLE_SECONDS, "the deleted Service to come back")
        assert operator.alive()
        assert operator.log.stat().st_size == before, "not a byte was written"
