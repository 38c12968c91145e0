"""Pods that cannot run, or no longer run: the cause is told, and nothing is bought twice."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest

from fleet_operator import NAMESPACE
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]


class Failing(NamedTuple):
    """What befalls a container, and what is said of it."""

    fault: dict[str, str]
    reason: str
    words: str


FAILING: Final = {
    "no-image": Failing(
        {"waiting": "ImagePullBackOff", "message": "Back-off pulling image"}, "ImagePullFailed", "Back-off"
    ),
    "no-memory": Failing(
        {"exit_code": "137", "reason": "OOMKilled"}, "HostOutOfMemory", "spec.serving.resources"
    ),
    "engine-died": Failing({"exit_code": "0"}, "ServerExited", "exit code 0 while it should serve"),
    "crashes": Failing(
        {"exit_code": "1", "message": "Segmentation fault"}, "ServerFailed", "Segmentation fault"
    ),
    "too-long": Failing(
        {
            "exit_code": "1",
            "message": "ValueError: To serve at least one request with the model's max seq len",
        },
        "ContextTooLong",
        "To serve at least one request",
    ),
}


def meters(llama: Llama) -> set[str]:
    """The pods that are paid for, by the ledger."""
    found = llama.status().get("cost", {}).get("ledger", {}).get("meters", [])
    return {meter["uid"] for meter in found}


def name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def test_a_container_that_fails_carries_its_cause_and_no_replica_is_added(
    installed: ControlPlane, namespace: str
) -> None:
    """Out of memory, no image, a server that ends: each in a fleet of its own, all at once."""
    fleets = {what: Llama(installed, namespace, what) for what in FAILING}
    for llama in fleets.values():
        llama.apply()
    for llama in fleets.values():
        llama.wait_for("Ready", "True")
    uids = {what: llama.uids() for what, llama in fleets.items()}
    for what, llama in fleets.items():
        (pod,) = llama.pods()
        installed.annotate_pod(namespace, name(pod), **FAILING[what].fault)
    for what, (_, reason, words) in FAILING.items():
        llama = fleets[what]
        assert words in llama.wait_for("Ready", "False", reason)
        assert llama.condition("Degraded")["reason"] == reason
        assert (llama.get("deployment")["spec"]["replicas"], llama.uids()) == (1, uids[what])
        assert meters(llama) == uids[what], "its GPU is paid for, well or not"


def test_a_rollout_whose_first_pod_fails_stops_there_and_the_old_ones_serve_on(
    installed: ControlPlane, namespace: str
) -> None:
    llama = Llama(installed, namespace, "rolls")
    llama.apply(replicas=3)
    llama.wait_for("Ready", "True", "AllReplicasReady")
    before = llama.uids()
    installed.annotate_new_pods(namespace, waiting="ErrImagePull", message="manifest unknown")
    llama.patch(serving={"image": "registry.invalid/vllm:typo"})
    assert "manifest unknown" in llama.wait_for("Ready", "False", "ImagePullFailed")
    until(lambda: len(llama.pods()) == 3, SETTLE_SECONDS, "the one that had to go to be gone")
    assert len(llama.uids() & before) == 2, "as many as a rollout may take at once have gone: one"
    status = llama.status()
    assert (status["desiredReplicas"], status["readyReplicas"], len(llama.pods())) == (3, 2, 3)
    label = f"--selector=llamafleet.io/deployment={llama.name}"
    sets = installed.get("replicasets", f"--namespace={namespace}", label)["items"]
    assert sorted(one["spec"]["replicas"] for one in sets) == [1, 2], "the old one is kept"
    installed.annotate_new_pods(namespace)
    llama.patch(serving={"image": None})
    llama.wait_for("Ready", "True", "AllReplicasReady")
    assert len(llama.uids() & before) == 2, "the way back restarts nobody who serves"


def test_pods_for_which_there_are_no_gpus_say_what_is_missing(
    installed: ControlPlane, namespace: str
) -> None:
    big = Llama(installed, namespace, "big")
    big.apply(model={"variant": "llama-3.1-405b"}, replicas=9)
    message = big.wait_for("Ready", "False", "Unschedulable")
    gpus, nodes = big.status()["plan"]["gpusPerReplica"], len(installed.get("nodes")["items"])
    assert f"0 of {nodes} nodes is open to this pod and has {gpus} free nvidia.com/gpu" in message
    assert big.condition("Degraded")["status"] == "False", "a node may come up yet"
    big.delete()
    until(lambda: not big.pods(), 120, "its GPUs to be free again")


GATE = "example.com/queue"


@pytest.fixture
def changed_at_admission(installed: ControlPlane, namespace: str) -> Iterator[None]:
    """New pods of the namespace get a gate, as from Kueue, and less CPU, as from a vertical autoscaler."""
    policy, binding = admission(namespace)
    installed.apply(policy, binding)
    until(lambda: _gated(installed, namespace), SETTLE_SECONDS, "the policy to be in force")
    yield
    kinds = "mutatingadmissionpolicy,mutatingadmissionpolicybinding"
    installed.kubectl("delete", kinds, policy["metadata"]["name"])


def admission(namespace: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The policy and its binding."""
    name = f"changes-{namespace}"
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    gate = f'JSONPatch{{op: "add", path: "/spec/schedulingGates", value: [{{"name": "{GATE}"}}]}}'
    cpu = 'JSONPatch{op: "add", path: "/spec/containers/0/resources/requests/cpu", value: "123m"}'
    # A probe without requests has no place for the second one.
    expression = f"has(object.spec.containers[0].resources.requests) ? [{gate}, {cpu}] : [{gate}]"
    spec = {
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "resourceRules": [pods],
        },
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
    }
    policy = {**head, "kind": "MutatingAdmissionPolicy", "spec": spec}
    bound = {"policyName": name}
    return policy, {**head, "kind": "MutatingAdmissionPolicyBinding", "spec": bound}


def _gated(cluster: Cluster, namespace: str) -> bool:
    probe = ("run", "probe", "--image=none", f"--namespace={namespace}", "--dry-run=server", "-o", "json")
    return "schedulingGates" in json.loads(cluster.kubectl(*probe))["spec"]


@pytest.mark.usefixtures("changed_at_admission")
def test_pods_that_a_queue_holds_back_are_said_to_be_queued_and_what_others_change_in_a_pod_stays(
    installed: ControlPlane, namespace: str
) -> None:
    llama, here = Llama(installed, namespace, "gated"), f"--namespace={namespace}"
    llama.apply(replicas=2)
    said = "0 of 2 replicas are ready. 2 of 2 pods: a queue for pods has not let it go on yet: "
    until(
        lambda: llama.wait_for("Ready", "False", "Queued").startswith(said),
        SETTLE_SECONDS,
        "both to be queued",
    )
    assert llama.condition("Degraded")["status"] == "False"
    assert (llama.status()["cost"]["monthToDate"] if "cost" in llama.status() else "0.00") == "0.00"
    assert meters(llama) == set(), "without a node a pod costs nothing"
    for pod in llama.pods():
        installed.kubectl("patch", "pod", name(pod), here, '-p={"spec":{"schedulingGates":null}}')
    llama.wait_for("Ready", "True", "AllReplicasReady")
    deployment, pods = llama.get("deployment"), llama.pods()
    assert deployment["metadata"]["generation"] == 1, "nobody fights for the template"
    assert len(pods) == 2
    assert {_cpu(pod["spec"]) for pod in pods} == {"123m"}
    assert _cpu(deployment["spec"]["template"]["spec"]) != "123m"


def _cpu(spec: dict[str, Any]) -> str:
    return str(spec["containers"][0]["resources"]["requests"]["cpu"])


LOST = "lost"


@pytest.fixture
def two_nodes(installed: ControlPlane) -> Iterator[tuple[str, ...]]:
    """Two nodes with one GPU each, of a pool of their own."""
    made = installed.add_gpu_nodes(2, gpus=1, prefix=LOST)
    installed.kubectl("label", "node", *made, f"example.com/pool={LOST}")
    with pools(installed, pool(LOST, "2.00", gpusPerNode=1, nodeSelector={"example.com/pool": LOST})):
        yield made
    installed.kubectl("delete", "node", *made)


def test_a_lost_node_is_paid_for_until_its_pod_is_gone_and_its_replica_is_replaced_once(
    installed: ControlPlane, namespace: str, two_nodes: tuple[str, ...]
) -> None:
    """Its kubelet is silent: the pod ends only when somebody says so, after five minutes by default."""
    llama, here = Llama(installed, namespace, "one"), f"--namespace={namespace}"
    llama.apply(gpu={"pools": [LOST]}, replicas=1)
    llama.wait_for("Ready", "True", "AllReplicasReady")
    (lost,) = llama.pods()
    uid, node = lost["metadata"]["uid"], lost["spec"]["nodeName"]
    assert node in two_nodes
    until(lambda: meters(llama) == {uid}, SETTLE_SECONDS, "the pod to be in the ledger")

    lose(installed, node)
    # What the controller of nodes does to its pods when it has heard nothing of it for 50 s.
    not_ready = {"type": "Ready", "status": "False", "reason": "NodeNotReady"}
    installed.set_pod_status(namespace, name(lost), {"conditions": [not_ready]})
    llama.wait_for("Ready", "False", "Starting")
    status = llama.status()
    assert (status["desiredReplicas"], status["readyReplicas"], len(llama.pods())) == (1, 0, 1)
    assert (meters(llama), status["cost"]["hourlyRate"]) == ({uid}, "2.00")

    installed.annotate_pod(namespace, name(lost), stop_time="1h")
    installed.kubectl("delete", "pod", name(lost), here, "--wait=false")
    llama.wait_for("Ready", "True", "AllReplicasReady")
    assert (llama.status()["desiredReplicas"], len(llama.pods())) == (1, 2)
    until(lambda: len(meters(llama)) == 2, SETTLE_SECONDS, "both to be paid for, for both hold a GPU")
    assert uid in meters(llama)

    # What the collector of pods does, 40 to 60 s after the node is deleted.
    installed.kubectl("delete", "pod", name(lost), here, "--force", "--grace-period=0")
    until(lambda: meters(llama) == llama.uids(), SETTLE_SECONDS, "the lost one to be paid for no longer")
    assert uid not in llama.uids()


def lose(cluster: Cluster, node: str) -> None:
    """What is seen of a node that is cut off: kwok forgets it, and Kubernetes sends no pod there any more."""
    cluster.kubectl("annotate", "node", node, "kwok.x-k8s.io/node-")
    silent = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "silent"}
    patch = json.dumps({"status": {"conditions": [silent]}})
    cluster.kubectl("patch", "node", node, "--subresource=status", f"--patch={patch}")


def test_a_secret_that_is_absent_is_named_and_one_that_changes_restarts_nobody(
    installed: ControlPlane, namespace: str
) -> None:
    """The operator has no right to read it: the kubelet does, and says what it misses."""
    llama, here = Llama(installed, namespace, "hub"), f"--namespace={namespace}"
    installed.annotate_new_pods(
        namespace, waiting="CreateContainerConfigError", message='secret "hub-token" not found'
    )
    llama.apply(model={"tokenSecretRef": {"name": "hub-token", "key": "token"}})
    assert 'secret "hub-token" not found' in llama.wait_for("Ready", "False", "ContainerNotCreated")
    installed.kubectl("create", "secret", "generic", "hub-token", "--from-literal=token=one", here)
    (pod,) = llama.pods()
    installed.annotate_new_pods(namespace)
    installed.annotate_pod(namespace, name(pod), waiting=None, message=None)
    llama.wait_for("Ready", "True", "AllReplicasReady")
    before, generation = llama.uids(), llama.get("deployment")["metadata"]["generation"]
    two = json.dumps({"stringData": {"token": "two"}})
    installed.kubectl("patch", "secret", "hub-token", here, f"-p={two}")
    llama.annotate("note=look")
    llama.patch(replicas=2)
    llama.wait_for("Ready", "True", "AllReplicasReady")
    assert before < llama.uids()
    assert llama.get("deployment")["metadata"]["generation"] == generation + 1, "the count, and nothing else"
    account = f"--as=system:serviceaccount:{NAMESPACE}:llamafleet"
    with pytest.raises(TestbedError, match="forbidden"):
        installed.kubectl("get", "secret", "hub-token", here, account)
