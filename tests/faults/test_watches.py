"""What ends other watchers, on the real API server: each row breaks one watch of a running operator.

After each, what was missed in the gap is noticed, the process is the same, and so is its lease. What takes
90 s of silence to be noticed is in tests/adapters/test_informer.py, over real HTTP with a shorter patience.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from faults.faults import Answer, Call, Cut, ErrorEvent, Exchange, Fault, Garbage, Huge, Replay, Truncate
from faults.proxy import FaultProxy
from faults.rules import Rule
from fleet_operator import NAMESPACE, OperatorProcess, running_operator
from llamas import CHILDREN, GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster
READS = ("list", "watch")
OURS = "llamadeployments"

VIEWS = itertools.cycle(("services", "serviceaccounts", "networkpolicies", "poddisruptionbudgets"))
"""Whose watch is broken, in turn: one that fails again soon after waits longer before it begins again."""


@pytest.fixture(scope="module")
def line(installed: ControlPlane) -> Iterator[FaultProxy]:
    """One proxy for all, so that the operator starts only once."""
    with FaultProxy(installed) as running:
        yield running


@pytest.fixture(scope="module")
def process(installed: ControlPlane, line: FaultProxy) -> Iterator[OperatorProcess]:
    with running_operator(installed, door=line.door()) as running:
        until(running.leads, SETTLE_SECONDS, "the operator to lead: until then the lease is of another one")
        yield running
        assert not traces(running), "the operator logged an error that nobody expected"


def traces(process: OperatorProcess) -> list[str]:
    """The lines of a log with a trace."""
    return [one for one in process.log.read_text().splitlines() if "Traceback" in one]


@pytest.fixture
def unharmed(installed: ControlPlane, line: FaultProxy, process: OperatorProcess) -> Iterator[None]:
    """The process and its lease are the same after the test as before."""

    def tenure() -> tuple[Any, ...]:
        spec = installed.get("lease", "llamafleet", f"--namespace={NAMESPACE}")["spec"]
        return spec["holderIdentity"], spec["leaseTransitions"], spec["acquireTime"]

    before = tenure()
    yield
    line.clear()
    assert process.alive()
    assert tenure() == before


@pytest.fixture
def llama(installed: ControlPlane, namespace: str, unharmed: None) -> Llama:  # noqa: ARG001 - looks around it
    """A small one that is Ready."""
    fleet = Llama(installed, namespace, "small")
    fleet.apply()
    fleet.wait_for("Ready", "True")
    return fleet


def uid_of(llama: Llama, kind: str) -> str:
    """Of its child of this kind; empty: there is none."""
    answer: str = llama.cluster.kubectl(
        "get",
        kind,
        llama.name,
        f"--namespace={llama.namespace}",
        "--ignore-not-found",
        "-o",
        "jsonpath={.metadata.uid}",
    )
    return answer


def delete(llama: Llama, kind: str) -> str:
    """Delete a child and return the uid that it had."""
    before = uid_of(llama, kind)
    llama.cluster.kubectl("delete", kind, llama.name, f"--namespace={llama.namespace}")
    return before


def another(llama: Llama, kind: str, before: str) -> None:
    """Wait until there is a child of this kind again."""
    until(lambda: uid_of(llama, kind) not in ("", before), SETTLE_SECONDS, f"another {kind}")


def in_the_gap(line: FaultProxy, kind: str, end: Fault, act: Callable[[], object]) -> None:
    """End the watch of a kind like this, and act before anything else about this kind is asked.

    A watch that says older versions again goes on, and one that breaks off within an event needs an event:
    with these it happens at once.
    """
    if isinstance(end, Replay | Truncate):
        line.add(Rule(fault=end, verbs="watch", kind=kind, times=1))
        act()
        return
    done = threading.Event()

    def once(_: Exchange) -> None:
        act()
        done.set()

    line.add(Rule(fault=Call(before=once), verbs=READS, kind=kind, times=1))
    if isinstance(end, Answer):
        line.add(Rule(fault=Cut(), verbs="watch", kind=kind, times=1))
    line.add(Rule(fault=end, verbs="watch", kind=kind, times=1))
    until(done.is_set, SETTLE_SECONDS, f"the watch of {kind} to begin again")


ENDS = {
    "a disconnect": Cut(),
    "an end in the middle of an event": Truncate(10),
    "410 on the watch": Answer(410),
    "an ERROR event of 410": ErrorEvent(410),
    "an ERROR event of 500": ErrorEvent(500),
    "an ERROR event of 403": ErrorEvent(403),
    "a malformed line": Garbage(b'{"type": "ADDED", "obj'),
    "a line of JSON that is no event": Garbage(b"[]"),
    "an event without metadata": Garbage(b'{"type": "MODIFIED", "object": {}}'),
    "an event of an object without a name": Garbage(
        b'{"type": "ADDED", "object": {"metadata": {"resourceVersion": "99999999"}}}'
    ),
    "a huge line": Huge(17 * 2**20),
    "older versions replayed": Replay(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_deletion_in_the_gap_of_a_watch_is_noticed_after(
    llama: Llama, line: FaultProxy, end: Fault
) -> None:
    view = next(VIEWS)
    before = uid_of(llama, view)
    in_the_gap(line, view, end, lambda: delete(llama, view))
    another(llama, view, before)


def test_410_on_a_page_of_the_list(llama: Llama, line: FaultProxy) -> None:
    view = next(VIEWS)
    refused = line.add(Rule(fault=Answer(410), verbs="list", kind=view, times=2))
    before = uid_of(llama, view)
    in_the_gap(line, view, ErrorEvent(410), lambda: delete(llama, view))
    another(llama, view, before)
    assert refused.struck == 2


PAGES = {
    "a list that is no JSON": Garbage(b"<html>"),
    "a list that is none": Garbage(b"[]"),
    "items that are no list": Garbage(b'{"metadata": {"resourceVersion": "99999999"}, "items": 7}'),
    "a list that breaks off": Truncate(20),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_a_list_that_makes_no_sense_is_asked_for_again(llama: Llama, line: FaultProxy, page: Fault) -> None:
    view = next(VIEWS)
    bad = line.add(Rule(fault=page, verbs="list", kind=view, times=2))
    before = uid_of(llama, view)
    in_the_gap(line, view, ErrorEvent(410), lambda: delete(llama, view))
    another(llama, view, before)
    assert bad.struck == 2


def test_an_api_server_that_is_behind_brings_nothing_back(llama: Llama, line: FaultProxy) -> None:
    """A list of before the deletion, and a read of before the edit, are not believed."""
    instant = time.monotonic()
    llama.patch(replicas=2)
    llama.wait_for("Ready", "True")

    def applied() -> list[Exchange]:
        return line.of("apply", kind="deployments", namespace=llama.namespace)

    seen = applied()[-1].number
    behind = (
        Rule(fault=Replay(before=instant), verbs="get", kind=OURS, namespace=llama.namespace),
        Rule(fault=Replay(before=instant), verbs="list", kind="services"),
    )
    line.add(Rule(fault=ErrorEvent(410), verbs="watch", kind="services", times=1))
    with line.during(*behind) as (resource, services):
        before = delete(llama, "deployment")  # something to do, on a resource of before the edit
        until(lambda: resource.struck and services.struck, SETTLE_SECONDS, "stale answers")
    another(llama, "deployment", before)
    later = [one for one in applied() if one.number > seen]
    assert later
    assert all(b'"replicas":2' in one.body for one in later), "nothing of before the edit"


def test_an_object_of_the_same_name_again(llama: Llama, line: FaultProxy) -> None:
    """Deleted and made by somebody else in one gap: it is not ours, and it is left as it is."""
    head = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": llama.name, "namespace": llama.namespace},
    }
    ports = [{"name": "http", "port": 80}]

    def replace() -> None:
        delete(llama, "service")
        llama.cluster.apply({**head, "spec": {"ports": ports, "selector": {"app": "theirs"}}})

    in_the_gap(line, "services", ErrorEvent(410), replace)
    until(lambda: llama.condition("Ready")["status"] == "False", SETTLE_SECONDS, "the conflict to be told")
    assert llama.get("service")["spec"]["selector"] == {"app": "theirs"}
    before = delete(llama, "service")
    another(llama, "service", before)
    llama.wait_for("Ready", "True")


OF_OURS = {
    "a disconnect": Cut(),
    "410 on the watch": Answer(410),
    "an ERROR event of 410": ErrorEvent(410),
    "an ERROR event of 500": ErrorEvent(500),
    "a malformed line": Garbage(b'{"type": "ADDED", "obj'),
}


@pytest.mark.parametrize("end", OF_OURS.values(), ids=OF_OURS.keys())
def test_a_resource_deleted_and_one_edited_in_the_gap_of_our_own_kind(
    installed: ControlPlane, llama: Llama, line: FaultProxy, end: Fault
) -> None:
    """These kopf watches, which ends on most of this and loses deletions on the rest."""
    other = Llama(installed, llama.namespace, "other")
    other.apply()
    other.wait_for("Ready", "True")

    def act() -> None:
        llama.patch(replicas=2)
        other.delete()

    in_the_gap(line, OURS, end, act)
    llama.wait_for("Ready", "True")
    assert len(llama.pods()) == 2

    def buried() -> bool:
        accounts = installed.get("configmap", "llamafleet-carry-over", f"--namespace={NAMESPACE}")
        return f"{other.namespace}.{other.name}" in accounts.get("data", {})

    until(buried, SETTLE_SECONDS, "the account of the deleted one to be kept")
    until(lambda: not other.left(), GONE_SECONDS, "its children to be gone")


def test_410_on_a_page_of_the_list_of_our_own_kind(llama: Llama, line: FaultProxy) -> None:
    refused = line.add(Rule(fault=Answer(410), verbs="list", kind=OURS, times=1))
    in_the_gap(line, OURS, Answer(410), lambda: llama.patch(replicas=2))
    llama.wait_for("Ready", "True")
    assert len(llama.pods()) == 2
    assert refused.struck == 1


def test_every_watch_at_once(llama: Llama, line: FaultProxy) -> None:
    """As when an API server goes away: watches go on from where they were, and nothing is listed again."""
    lists = len(line.of("list"))
    # Twice: after a third failure on end a view is right to list again, however fast the others come back.
    for kind in {one.kind for one in line.of("watch")}:
        line.add(Rule(fault=Cut(), verbs="watch", kind=kind, times=2))
    before = {kind: delete(llama, kind) for kind in CHILDREN if kind != "deployment"}
    for kind, uid in before.items():
        another(llama, kind, uid)
    kinds = {one.kind for one in line.of("list")[lists:]}
    assert kinds <= {OURS, "gpupools"}, "kopf lists its own again; our views need not"
