"""An API server that refuses, lies, is away or loses our kinds: the operator waits, and then goes on.

Whatever happens to its requests, the pods that run are not touched.
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator

import pytest

from faults.faults import Answer, Call, Cut, Exchange, Fault, Garbage, HalfOpen, Truncate
from faults.proxy import FaultProxy
from faults.rules import Handle, Rule
from fleet_operator import CRDS, NAMESPACE, OperatorProcess, running_operator
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster
WRITES = ("apply", "merge", "create", "update")
EVERYTHING = (*WRITES, "get", "list", "watch")
KINDS = (
    "llamadeployments",
    "llamadeployments/status",
    "gpupools",
    "deployments",
    "services",
    "serviceaccounts",
    "networkpolicies",
    "poddisruptionbudgets",
    "pods",
    "events",
)
"""Everything that the operator asks about, but for its lease: who cannot renew that does not write."""

WHILE_SECONDS = 3.0
PARTITION_SECONDS = 1.0
LOST = 4
"""The exit code of a process that could not renew its lease."""


@pytest.fixture(scope="module")
def line(installed: ControlPlane) -> Iterator[FaultProxy]:
    """One proxy for all, so that the operator starts only once."""
    with FaultProxy(installed) as running:
        yield running


@pytest.fixture(scope="module")
def process(installed: ControlPlane, line: FaultProxy) -> Iterator[OperatorProcess]:
    with running_operator(installed, door=line.door("first")) as running:
        yield running


@pytest.fixture
def llama(
    installed: ControlPlane, namespace: str, line: FaultProxy, process: OperatorProcess
) -> Iterator[Llama]:
    """A small one that is Ready; its pods are the same afterwards, and were there all the time."""
    assert process.alive()
    fleet = Llama(installed, namespace, "small")
    fleet.apply()
    fleet.wait_for("Ready", "True")
    before = fleet.uids()
    yield fleet
    line.clear()
    assert before <= fleet.uids()


@contextlib.contextmanager
def trouble(line: FaultProxy, fault: Fault, *verbs: str, times: int | None = None) -> Iterator[list[Handle]]:
    """A fault of everything but the lease."""
    rules = [Rule(fault=fault, verbs=verbs or None, kind=kind, times=times) for kind in KINDS]
    with line.during(*rules) as handles:
        yield handles


AWHILE: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "500 on everything": (Answer(500), EVERYTHING),
    "503 on everything": (Answer(503), EVERYTHING),
    "504 on every read": (Answer(504), ("get", "list", "watch")),
    "every request is cut": (Cut(), EVERYTHING),
    "every answer to a write is lost": (Cut(after_forwarding=True), WRITES),
    "no answer to any write": (HalfOpen(), WRITES),
    "answers that make no sense": (Garbage(b"<html>"), EVERYTHING),
    "answers that break off": (Truncate(40), EVERYTHING),
    "the store is full: writes are refused, reads are answered": (
        Answer(500, "etcdserver: mvcc: database space exceeded"),
        WRITES,
    ),
}


@pytest.mark.parametrize(("fault", "verbs"), AWHILE.values(), ids=AWHILE.keys())
def test_for_a_while(llama: Llama, line: FaultProxy, fault: Fault, verbs: tuple[str, ...]) -> None:
    with trouble(line, fault, *verbs) as handles:
        llama.patch(replicas=2)
        until(lambda: any(one.struck for one in handles), SETTLE_SECONDS, "the fault")
        time.sleep(WHILE_SECONDS)  # not for luck: it is how long the trouble lasts
    llama.wait_for("Ready", "True")
    assert len(llama.pods()) == 2


def test_409_on_the_status_is_looked_at_again(llama: Llama, line: FaultProxy) -> None:
    status = Rule(
        fault=Answer(409), verbs="apply", kind="llamadeployments/status", namespace=llama.namespace, times=3
    )
    refused = line.add(status)
    llama.patch(replicas=2)
    llama.wait_for("Ready", "True")
    assert refused.struck == 3
    assert len(llama.pods()) == 2


def test_an_edit_in_the_middle_of_a_reconcile_wins(llama: Llama, line: FaultProxy) -> None:
    """The status is written for the version that was read; the API server itself says 409 to it."""
    edited = threading.Event()
    status, here = "llamadeployments/status", llama.namespace

    def edit(exchange: Exchange) -> None:
        if b'"desiredReplicas":2' in exchange.body and not edited.is_set():  # not what was still to be said
            llama.patch(replicas=3)
            edited.set()

    line.add(Rule(fault=Call(before=edit), verbs="apply", kind=status, namespace=here))
    llama.patch(replicas=2)
    until(edited.is_set, SETTLE_SECONDS, "the edit")
    llama.wait_for("Ready", "True")
    assert len(llama.pods()) == 3
    assert 409 in {one.status for one in line.of("apply", kind=status, namespace=here)}


def test_409_on_create_leaves_what_is_not_ours(
    installed: ControlPlane, namespace: str, llama: Llama, line: FaultProxy
) -> None:
    """The name of a child is taken by an object of somebody else: it is said, and nothing of it changes."""
    head = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "taken", "namespace": namespace}}
    theirs = {**head, "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "theirs"}}}
    installed.apply(theirs)
    taken = Llama(installed, namespace, "taken")
    before = taken.get("service")
    taken.apply()
    until(
        lambda: taken.condition("Ready").get("status") == "False", SETTLE_SECONDS, "the conflict to be told"
    )
    until(lambda: "taken" in taken.condition("Ready")["message"], SETTLE_SECONDS, "the name in the message")
    assert taken.get("service") == before
    assert 409 in {one.status for one in line.of("apply", kind="services") if one.name == "taken"}
    assert llama.get("service")["metadata"]["name"] == "small"
    taken.delete()


def test_fields_of_ours_that_another_manager_took_are_taken_back(llama: Llama) -> None:
    """And what it added beside them stays. No count was taken: which pods go again is a matter of chance."""
    here = {"name": llama.name, "namespace": llama.namespace, "annotations": {"example.com/theirs": "kept"}}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": here}
    foreign = {**head, "spec": {"revisionHistoryLimit": 5}}
    llama.cluster.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=them",
        "-f",
        "-",
        input=json.dumps(foreign),
    )
    until(lambda: llama.get("deployment")["spec"]["revisionHistoryLimit"] == 2, SETTLE_SECONDS, "our limit")
    assert llama.get("deployment")["metadata"]["annotations"]["example.com/theirs"] == "kept"


def test_a_short_partition_is_outlived(llama: Llama, line: FaultProxy) -> None:
    """Within the lease: nothing is listed again but what kopf lists, and each key is looked at about once."""

    def looks() -> int:
        """Each begins by reading the resource; other keys are on their way out."""
        return len(line.of("get", kind="llamadeployments", namespace=llama.namespace))

    before = looks()
    with line.during(Rule(fault=Cut(), verbs=(*EVERYTHING, "delete"))):
        time.sleep(PARTITION_SECONDS)  # not for luck: it is how long the partition lasts
    llama.patch(replicas=2)
    llama.wait_for("Ready", "True")
    assert looks() - before < 15


def test_our_kinds_are_deleted_and_created_again(
    installed: ControlPlane, namespace: str, line: FaultProxy, process: OperatorProcess
) -> None:
    def holder() -> str:
        lease = installed.get("lease", "llamafleet", f"--namespace={NAMESPACE}")
        return str(lease["spec"]["holderIdentity"])

    before = holder()
    Llama(installed, namespace, "before").apply()
    Llama(installed, namespace, "before").wait_for("Ready", "True")
    installed.remove_kinds("llamadeployments.llamafleet.io", "gpupools.llamafleet.io")
    asked = time.monotonic()
    missing = "/apis/llamafleet.io/v1alpha1"
    until(
        lambda: [one for one in line.exchanges if one.path == missing and one.at > asked],
        SETTLE_SECONDS,
        "the operator to find its kinds missing",
    )
    installed.install_kinds(CRDS)
    after = Llama(installed, namespace, "after")
    after.apply()
    after.wait_for("Ready", "True")
    assert process.alive()
    assert holder() == before


def test_a_long_partition_ends_the_process_and_nothing_else(
    llama: Llama, line: FaultProxy, process: OperatorProcess
) -> None:
    """Nothing is written meanwhile; the pods serve on; the next process does what was asked for."""
    before, came = llama.uids(), len(line.exchanges)
    with line.during(Rule(fault=Cut(), door="first")):
        cut = time.monotonic()
        llama.patch(replicas=2)
        until(lambda: process.code is not None, SETTLE_SECONDS, "the process to end")
        assert process.code == LOST
        assert not [one for one in line.exchanges[came:] if one.landed and one.at > cut]
        assert llama.uids() == before
    process.restart()
    llama.wait_for("Ready", "True", "AllReplicasReady")
    assert len(llama.pods()) == 2
    assert before < llama.uids()
