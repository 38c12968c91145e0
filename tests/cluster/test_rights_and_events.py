"""What the operator sees and does on a real control plane, under the rights that we ship and no others."""

import asyncio
import dataclasses
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import AddrInfoType
from kubernetes.aio.config import kube_config

from builders import NOW
from fleet_operator import NAMESPACE
from llamafleet.adapters.access import find_access
from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope
from llamafleet.api.names import GPUS_ANNOTATION, POOL_ANNOTATION, child_labels, pod_selector
from llamafleet.api.observed import Announcement, Key
from llamafleet.errors import Stale, Unavailable
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

GRACE = 300
NAME = "scout"
Story = Callable[[Cluster], Awaitable[None]]


@pytest.fixture
def tell(installed: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    """Run a story with our view of the cluster, whose clock stands at noon."""
    path = tmp_path / "config"
    installed.kubeconfig_for_service_account(NAMESPACE, "llamafleet", path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))  # KUBECONFIG, read at import

    async def run(story: Story) -> None:
        async with seeing() as cluster:
            await story(cluster)

    return lambda story: asyncio.run(run(story))


@asynccontextmanager
async def seeing() -> AsyncIterator[Cluster]:
    """Our view of the cluster; at the end every connection of it is closed, and not just about to be."""
    access, sockets = await find_access(), list[socket.socket]()

    def opened(address: AddrInfoType) -> socket.socket:
        sockets.append(socket.socket(*address[:3]))
        sockets[-1].setblocking(False)  # noqa: FBT003 - its only argument
        return sockets[-1]

    connector = aiohttp.TCPConnector(limit=0, ssl=access.tls, socket_factory=opened)
    async with aiohttp.ClientSession(connector=connector, middlewares=(access.authorize,)) as session:
        cluster = Cluster(Transport(session, access.server), Scope(NAMESPACE), lambda _key: None, lambda: NOW)
        views = asyncio.create_task(cluster.run())
        try:
            await asyncio.wait_for(cluster.synced(), SETTLE_SECONDS)
            yield cluster
        finally:
            views.cancel()
            await asyncio.gather(views, return_exceptions=True)
    await until(lambda: all(one.fileno() < 0 for one in sockets))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


def one_pod(namespace: str, **testbed: str) -> dict[str, Any]:
    """A Deployment of one pod as our own ones are, as far as the views look at it."""
    annotations = {f"testbed.llamafleet.io/{word.replace('_', '-')}": text for word, text in testbed.items()}
    template = {
        "metadata": {
            "labels": child_labels(NAME),
            "annotations": {POOL_ANNOTATION: "cheap", GPUS_ANNOTATION: "2", **annotations},
        },
        "spec": {
            "containers": [{"name": "vllm", "image": "none"}],
            "terminationGracePeriodSeconds": GRACE,
            "tolerations": [{"operator": "Exists"}],
        },
    }
    spec = {"replicas": 1, "selector": {"matchLabels": pod_selector(NAME)}, "template": template}
    metadata = {"name": NAME, "namespace": namespace, "labels": child_labels(NAME)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def bare_pod(namespace: str) -> dict[str, Any]:
    """A pod with our labels that somebody made by hand."""
    metadata = {"name": f"{NAME}-by-hand", "namespace": namespace, "labels": child_labels(NAME)}
    spec = {"containers": [{"name": "vllm", "image": "none"}], "tolerations": [{"operator": "Exists"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_a_mark_meets_only_the_pod_that_was_meant(
    installed: ControlPlane, namespace: str, tell: Callable[[Story], None]
) -> None:
    key = Key(namespace, NAME)

    async def story(cluster: Cluster) -> None:
        installed.apply(one_pod(namespace))
        await until(lambda: [one.ready for one in cluster.pods(key)] == [True])
        (pod,) = cluster.pods(key)
        await cluster.mark(
            namespace, dataclasses.replace(pod, uid="00000000-0000-4000-8000-00000000dead"), -7
        )
        await cluster.mark(namespace, dataclasses.replace(pod, name="gone"), -7)
        await cluster.mark(namespace, pod, -1)
        await until(lambda: [one.deletion_cost for one in cluster.pods(key)] == [-1])

    tell(story)


def test_a_pod_is_seen_until_it_is_gone(
    installed: ControlPlane, namespace: str, tell: Callable[[Story], None]
) -> None:
    key = Key(namespace, NAME)

    async def story(cluster: Cluster) -> None:
        kubectl = installed.kubectl
        accounts = ("serviceaccounts", f"--namespace={namespace}")
        await until(lambda: bool(installed.get(*accounts)["items"]))  # without one, no pod is let in
        installed.apply(one_pod(namespace, load_time="1h", stop_time="1h"), bare_pod(namespace))
        await until(lambda: [one.phase for one in cluster.pods(key)] == ["Running"])
        (loading,) = cluster.pods(key)
        assert loading.active
        assert (loading.pool, loading.gpus) == ("cheap", 2)
        assert loading.bound is not None
        assert abs(loading.bound - datetime.now(UTC)) < timedelta(minutes=2)
        assert loading.address is not None
        assert (loading.ready, loading.ready_since, loading.started) == (False, None, False)

        kubectl("scale", "deployment", NAME, f"--namespace={namespace}", "--replicas=0")
        await until(lambda: [one.deleting for one in cluster.pods(key)] == [True])
        (ending,) = cluster.pods(key)
        assert not ending.active
        assert (ending.uid, ending.grace_seconds) == (loading.uid, GRACE)
        assert ending.deadline is not None

        assert cluster.departed(key) == ()

        kubectl("delete", "pod", ending.name, f"--namespace={namespace}", "--force", "--grace-period=0")
        await until(lambda: cluster.pods(key) == ())
        (departed,) = cluster.departed(key)
        assert (departed.pod.uid, departed.pod.pool, departed.gone) == (loading.uid, "cheap", NOW)
        assert departed.pod.bound == loading.bound

        kubectl("delete", "pod", f"{NAME}-by-hand", f"--namespace={namespace}", "--force", "--grace-period=0")
        cluster.settled(key, [loading.uid])
        assert cluster.departed(key) == ()

    tell(story)


def test_a_ready_pod_says_since_when_and_its_end_is_kept_for_the_last_account(
    installed: ControlPlane, namespace: str, tell: Callable[[Story], None]
) -> None:
    key = Key(namespace, NAME)

    async def story(cluster: Cluster) -> None:
        installed.apply(one_pod(namespace))
        await until(lambda: [one.ready for one in cluster.pods(key)] == [True])
        (ready,) = cluster.pods(key)
        assert ready.started
        assert ready.bound is not None
        assert ready.ready_since is not None
        assert ready.bound <= ready.ready_since
        installed.kubectl("delete", "deployment", NAME, f"--namespace={namespace}")
        await until(lambda: [one.pod.uid for one in cluster.departed(key)] == [ready.uid])
        assert cluster.departed(Key(namespace, "another")) == ()
        assert await cluster.resource(key) is None
        assert [one.pod.uid for one in cluster.departed(key)] == [ready.uid], "until its account is closed"
        cluster.settled(key, [ready.uid])
        assert cluster.departed(key) == ()

    tell(story)


def test_an_announcement_is_one_event_that_describe_shows(
    installed: ControlPlane, namespace: str, tell: Callable[[Story], None]
) -> None:
    llama = Llama(installed, namespace, NAME)
    llama.apply(suspend=True)
    uid = llama.get()["metadata"]["uid"]
    now = datetime.now(UTC)
    opened = Announcement(
        Key(namespace, NAME), uid, "Normal", "WindowOpened", "Window nightly is open.", now, "1"
    )
    spent = replace(opened, type="Warning", reason="BudgetHalfSpent", message="ü" * 2000)
    spent = replace(spent, at=now + timedelta(minutes=1))

    async def story(cluster: Cluster) -> None:
        for announcement in (opened, spent, opened, replace(opened, at=now + timedelta(hours=1))):
            await cluster.announce(announcement)

    tell(story)
    tell(story)
    events = installed.get("events", f"--namespace={namespace}", "--field-selector=involvedObject.name=scout")
    assert sorted(event["reason"] for event in events["items"]) == ["BudgetHalfSpent", "WindowOpened"]
    said = installed.kubectl("describe", "llama", NAME, f"--namespace={namespace}")
    lines = [line.split(maxsplit=4) for line in said[said.index("Events:") :].splitlines()[3:]]
    assert [(kind, reason, source) for kind, reason, _, source, _ in lines] == [
        ("Normal", "WindowOpened", "llamafleet.io/operator"),
        ("Warning", "BudgetHalfSpent", "llamafleet.io/operator"),
    ]
    assert lines[0][2].endswith("s"), "its age"
    assert lines[0][4] == "Window nightly is open."

    tell(lambda cluster: cluster.announce(replace(opened, again="2")))
    events = installed.get("events", f"--namespace={namespace}", "--field-selector=reason=WindowOpened")
    assert len(events["items"]) == 2


def test_an_event_that_cannot_be_written_says_why(tell: Callable[[Story], None]) -> None:
    lost = Announcement(Key("nowhere", NAME), "1", "Normal", "WindowOpened", "Open.", NOW, "1")

    async def story(cluster: Cluster) -> None:
        with pytest.raises(Unavailable, match='namespaces "nowhere" not found'):
            await cluster.announce(lost)

    tell(story)


def test_a_spot_node_is_told_by_its_labels(installed: ControlPlane, tell: Callable[[Story], None]) -> None:
    one, other = installed.add_gpu_nodes(2, prefix="price")
    installed.kubectl("label", "node", one, "cloud.google.com/gke-spot=true")

    async def story(cluster: Cluster) -> None:
        assert [await cluster.is_spot(name) for name in (one, other, "gone")] == [True, False, None]

    try:
        tell(story)
    finally:
        installed.kubectl("delete", "node", one, other)


def test_a_status_is_written_over_what_was_read_and_over_nothing_else(
    installed: ControlPlane, namespace: str, tell: Callable[[Story], None]
) -> None:
    llama, key = Llama(installed, namespace, NAME), Key(namespace, NAME)
    llama.apply(suspend=True)
    metadata = llama.get()["metadata"]
    uid, version = metadata["uid"], metadata["resourceVersion"]

    async def story(cluster: Cluster) -> None:
        await cluster.apply_status(key, uid, {"desiredReplicas": 1}, version, "status")
        with pytest.raises(Stale, match=f"{key} changed since version {version}"):
            await cluster.apply_status(key, uid, {"desiredReplicas": 2}, version, "status")
        assert llama.get()["status"]["desiredReplicas"] == 1
        installed.kubectl("annotate", "llama", NAME, f"--namespace={namespace}", "a=b")
        raw = await cluster.resource(key)
        assert raw is not None
        await cluster.apply_status(
            key, uid, {"desiredReplicas": 3}, raw["metadata"]["resourceVersion"], "status"
        )
        assert llama.get()["status"]["desiredReplicas"] == 3
        last = llama.get()["metadata"]["resourceVersion"]
        llama.delete()
        llama.apply(suspend=True)
        with pytest.raises(Stale):
            await cluster.apply_status(key, uid, {"desiredReplicas": 4}, last, "status")
        assert llama.get()["status"]["desiredReplicas"] == 0, "a namesake starts anew"

    tell(story)


RIGHTS = {
    "serviceaccounts": "get list watch create patch",
    "services": "get list watch create patch",
    "deployments.apps": "get list watch create patch",
    "poddisruptionbudgets.policy": "get list watch create patch",
    "networkpolicies.networking.k8s.io": "get list watch create patch",
    "llamadeployments.llamafleet.io": "get list watch",
    "llamadeployments.llamafleet.io/status": "patch",
    "gpupools.llamafleet.io": "list watch",
    "endpointslices.discovery.k8s.io": "get list watch create patch",
    "pods": "list watch patch",
    "pods/log": "get",
    "nodes": "get",
    "events": "create",
    "configmaps llamafleet-carry-over": "get patch",
    "leases.coordination.k8s.io llamafleet": "get patch",
    "leases.coordination.k8s.io": "create list",
}
"""By kind, and by name where a right is for one object only. Who may create cannot be held to a name."""

EVERYBODYS = ".authorization.k8s.io", ".authentication.k8s.io", ".certificates.k8s.io"
"""Every account may ask who it is and what it may do, and may read the trust bundles."""


def test_the_rights_are_these_and_no_others(installed: ControlPlane) -> None:
    account = f"system:serviceaccount:{NAMESPACE}:llamafleet"
    listed = installed.kubectl(
        "auth", "can-i", "--list", f"--as={account}", "--no-headers", f"--namespace={NAMESPACE}"
    )
    lines = [re.fullmatch(r"(\S+)\s+\[\]\s+\[(.*)\]\s+\[(.*)\]", line) for line in listed.splitlines()]
    found = [line.groups() for line in lines if line is not None]
    rights = {f"{kind} {names}".strip(): verbs for kind, names, verbs in found}
    assert {kind: verbs for kind, verbs in rights.items() if not kind.endswith(EVERYBODYS)} == RIGHTS


def ended(key: Key, ledger: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"namespace": key.namespace, "name": key.name, "uid": "1", "generation": 1}
    metadata["resourceVersion"] = "1"
    return {"metadata": metadata, "status": {"cost": {"ledger": ledger}}}


def test_the_account_of_a_deleted_resource_is_kept_for_a_namesake_and_goes_with_its_month(
    tell: Callable[[Story], None],
) -> None:
    account = {"month": "2026-11", "at": "2026-11-21T12:00:00Z"}
    old, key, other = Key("team-a", "old"), Key("team-a", "scout"), Key("team-a", "other")

    async def leave(cluster: Cluster) -> None:
        await cluster.carry_over(old, {**account, "month": "2026-09"})
        cluster.saw_end(key, ended(key, account))
        assert cluster.left(key) == await cluster.carried_over(key) == account, "before it is written, too"
        await cluster.carry_over(key, account)
        assert cluster.left(key) is None

    async def find(cluster: Cluster) -> None:
        assert await cluster.carried_over(key) == account, "another operator reads it"
        assert await cluster.carried_over(old) is None, "September is over everywhere"
        assert await cluster.carried_over(other) is None

    tell(leave)
    tell(find)
