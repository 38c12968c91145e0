"""The NetworkPolicies that we ship, enforced: everything works under them, and nobody else gets through.

Kubernetes enforces none by itself, so the testbed's agent does; see ``testbed.policies``.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from e2e.ways import KINDS
from fleet_operator import CRDS, MANIFESTS, NAMESPACE
from llamafleet.api.names import LEASE_NAME, MODEL_SERVER, NAME_LABEL, OPERATOR_NAME, WAKER_NAME
from llamas import SETTLE_SECONDS, Llama, pool
from node.fleets import GPU, POOL, QUICK, Fleet
from testbed.control_plane import ControlPlane
from testbed.policies import Agent, enforced
from testbed.real_node import RealNode
from testbed.real_node_files import LABEL
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.e2e]

HERE: Final = f"--namespace={NAMESPACE}"
FOLDER: Final = str(MANIFESTS / "with-waker")
TEAM, CLIENT, MONITOR, STRANGER = "policies-team", "policies-client", "policies-monitor", "policies-stranger"
NAMESPACES: Final[Mapping[str, str]] = {
    TEAM: "pod-security.kubernetes.io/enforce=restricted",
    CLIENT: "llamafleet.io/client=true",
    MONITOR: "llamafleet.io/monitoring=true",
    STRANGER: "nobody=true",
}
NAME: Final = "guarded"
API_SERVER: Final = "10.96.0.1:443"
PATIENCE_SECONDS: Final = 2
"""Of one attempt to connect: nobody answers a packet that is dropped."""

PROBE: Final = f"""
import concurrent.futures, json, socket, sys
def reached(place):
    host, port = place.split(':')
    try:
        socket.create_connection((host, int(port)), {PATIENCE_SECONDS}).close()
    except ConnectionRefusedError:
        pass
    except OSError:
        return False
    return True
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(json.dumps(list(pool.map(reached, sys.argv[1:]))))
"""
"""Who is refused has reached the place: its own kernel answered."""


def visitor(namespace: str, name: str = "visitor") -> dict[str, Any]:
    """A pod that waits, with a Python in it, and a server of its own."""
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    container = {
        "name": "python",
        "image": QUICK,
        "command": ["python3", "-m", "http.server", "8000", "--directory=/tmp"],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    context = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {
        "containers": [container],
        "securityContext": context,
        "nodeSelector": dict([LABEL]),
        "tolerations": [{"operator": "Exists"}],
        "terminationGracePeriodSeconds": 1,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.fixture(scope="module")
def policies(control_plane: ControlPlane, node: RealNode) -> Iterator[Agent]:
    """Operator, wakers, a fleet and others, all of them under policies from the start."""
    node.check()
    with enforced(control_plane) as agent:
        try:
            _install(control_plane)
            yield agent
        finally:
            _remove(control_plane)


def _install(cluster: ControlPlane) -> None:
    cluster.install_kinds(CRDS)
    for name, label in NAMESPACES.items():
        cluster.kubectl("create", "namespace", name)
        cluster.kubectl("label", "namespace", name, label)
    cluster.apply(pool(POOL, "1.00", GPU, nodeSelector=dict([LABEL])), *map(visitor, NAMESPACES))
    cluster.kubectl("apply", "--server-side", "-k", FOLDER)
    for name in (OPERATOR_NAME, WAKER_NAME):
        cluster.kubectl("rollout", "status", f"deployment/{name}", HERE, "--timeout=180s")


def _remove(cluster: ControlPlane) -> None:
    cluster.kubectl("delete", "llama", "--all", f"--namespace={TEAM}", "--ignore-not-found", "--wait=false")
    cluster.kubectl("delete", "pods", "--all", f"--namespace={TEAM}", "--grace-period=1", "--wait=false")
    until(lambda: not cluster.get("pods", f"--namespace={TEAM}")["items"], 120, "the fleet's pods to be gone")
    # Their makers go first: a kubelet obeys only the first deletion of a pod, and a waker would take minutes.
    cluster.kubectl("delete", "deployments,replicasets", "--all", HERE, "--cascade=orphan")
    cluster.kubectl("delete", "pods", "--all", HERE, "--grace-period=1")
    cluster.kubectl("delete", "-k", FOLDER, "--ignore-not-found")
    cluster.kubectl("delete", "namespace", *NAMESPACES)
    cluster.remove_kinds(*KINDS)


@pytest.fixture(scope="module")
def fleet(control_plane: ControlPlane, policies: Agent) -> Fleet:
    """A fleet that came up under the policies, by an operator that works under them."""
    found = Fleet(Llama(control_plane, TEAM, NAME))
    found.apply(scaling={"minReplicas": 1, "maxReplicas": 2})
    found.llama.wait_for("Ready", "True", "AllReplicasReady")
    policies.settled()
    return found


def _pod(cluster: ControlPlane, namespace: str, label: str) -> dict[str, Any]:
    """One pod of these, which runs."""
    found = cluster.get("pods", f"--namespace={namespace}", "-l", label)["items"]
    return next(
        one for one in found if one["status"].get("podIP") and "deletionTimestamp" not in one["metadata"]
    )


@pytest.fixture(scope="module")
def pods(control_plane: ControlPlane, fleet: Fleet) -> dict[str, dict[str, Any]]:
    """Who is there, by what it is."""
    assert fleet.pods()
    return {
        "operator": _pod(control_plane, NAMESPACE, f"{NAME_LABEL}={OPERATOR_NAME}"),
        "waker": _pod(control_plane, NAMESPACE, f"{NAME_LABEL}={WAKER_NAME}"),
        "model": _pod(control_plane, TEAM, f"{NAME_LABEL}={MODEL_SERVER}"),
        "neighbour": _pod(control_plane, TEAM, "app=visitor"),
        "client": _pod(control_plane, CLIENT, "app=visitor"),
        "monitor": _pod(control_plane, MONITOR, "app=visitor"),
        "stranger": _pod(control_plane, STRANGER, "app=visitor"),
    }


PLACES: Final = ("operator:8080", "operator:8081", "waker:9090", "waker:20000", "model:8000", "stranger:8000")

REACHED: Final[Mapping[str, frozenset[str]]] = {
    "operator": frozenset({"waker:9090", "model:8000", "the API server"}),
    "waker": frozenset({"model:8000", "the API server"}),
    "model": frozenset(),
    "neighbour": frozenset({"model:8000", "stranger:8000", "the API server"}),
    "client": frozenset({"model:8000", "waker:20000", "stranger:8000", "the API server"}),
    "monitor": frozenset({"operator:8081", "stranger:8000", "the API server"}),
    "stranger": frozenset({"stranger:8000", "the API server"}),
}
"""Who reaches whom. A pod reaches itself whatever a policy says."""


def reached(cluster: ControlPlane, pods: Mapping[str, dict[str, Any]], who: str) -> set[str]:
    """The places that somebody gets through to."""
    places = [place for place in PLACES if place.partition(":")[0] != who or who == "stranger"]
    addresses = [
        f"{pods[one.partition(':')[0]]['status']['podIP']}:{one.partition(':')[2]}" for one in places
    ]
    metadata = pods[who]["metadata"]
    inside = ("exec", metadata["name"], f"--namespace={metadata['namespace']}", "--", "python3", "-c", PROBE)
    answers = json.loads(cluster.kubectl(*inside, *addresses, API_SERVER))
    return {place for place, yes in zip([*places, "the API server"], answers, strict=True) if yes}


@pytest.mark.parametrize("who", REACHED)
def test_it_reaches_what_it_needs_and_nothing_else(
    control_plane: ControlPlane, pods: dict[str, dict[str, Any]], who: str
) -> None:
    assert reached(control_plane, pods, who) == REACHED[who]


def test_the_operator_leads_is_probed_and_reads_queues(control_plane: ControlPlane, fleet: Fleet) -> None:
    holder = control_plane.get("lease", LEASE_NAME, HERE)["spec"]["holderIdentity"]
    found = control_plane.get("pods", HERE, "-l", f"{NAME_LABEL}={OPERATOR_NAME}")["items"]
    assert any(one["metadata"]["uid"] in holder or one["metadata"]["name"] in holder for one in found)
    for pod in found:
        (container,) = pod["status"]["containerStatuses"]
        assert (container["ready"], container["restartCount"]) == (True, 0)
    until(lambda: "queue" in fleet.llama.status(), SETTLE_SECONDS, "the queue to be read")
    fleet.llama.wait_for("MetricsAvailable", "True")


def test_without_anybody_who_enforces_them_the_stranger_gets_through(
    control_plane: ControlPlane, policies: Agent, pods: dict[str, dict[str, Any]]
) -> None:
    """So it was the policies that held it back. The last test: the agent does not come back."""
    policies.stop()
    assert reached(control_plane, pods, "stranger") == {*PLACES, "the API server"}
