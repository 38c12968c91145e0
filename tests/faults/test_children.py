"""Somebody edits, deletes, copies or takes what the operator has made; it puts right what is its own.

One fleet for all of them: each test leaves it as it was.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.many_edits import Editor
from llamas import CHILDREN, GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

PLACE = "fault-children"
QUICK_PATCHES = 12
FIGHT_SECONDS = 2.0
OUR_WRITES = 8
"""How often we put a count right while somebody sets it for so long, twelve times at the least: each repair
waits twice as long as the one before, and whatever comes meanwhile is put right with it."""

TAMPERED: dict[str, tuple[str, dict[str, Any]]] = {
    "another image": (
        "deployment",
        {"spec": {"template": {"spec": {"containers": [{"name": "vllm", "image": "other:1"}]}}}},
    ),
    "a shell in the place of the server": (
        "deployment",
        {"spec": {"template": {"spec": {"containers": [{"name": "vllm", "command": ["sh"]}]}}}},
    ),
    "more replicas": ("deployment", {"spec": {"replicas": 5}}),
    "a strategy that takes every pod at once": (
        "deployment",
        {"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}}},
    ),
    "a label of ours taken away": (
        "deployment",
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}},
    ),
    "a child that claims to be another fleet's": (
        "deployment",
        {"metadata": {"labels": {"llamafleet.io/deployment": "somebody-else"}}},
    ),
    "a digest that is not ours": (
        "networkpolicy",
        {"metadata": {"annotations": {"llamafleet.io/applied": "0"}}},
    ),
    "another selector": ("service", {"spec": {"selector": {"llamafleet.io/deployment": "somebody-else"}}}),
    "another port": (
        "service",
        {"spec": {"ports": [{"port": 8080, "name": "http"}, {"$patch": "delete", "port": 80}]}},
    ),
    "a token for the pods": ("serviceaccount", {"automountServiceAccountToken": True}),
    "an open door": ("networkpolicy", {"spec": {"ingress": [{}]}}),
    "another name label": (
        "poddisruptionbudget",
        {"metadata": {"labels": {"app.kubernetes.io/name": "other"}}},
    ),
}


@pytest.fixture(scope="module")
def fleet(installed: ControlPlane) -> Iterator[Llama]:
    """One replica of an 8B model, ready."""
    installed.kubectl("create", "namespace", PLACE)
    small = Llama(installed, PLACE, "small")
    small.apply(replicas=1)
    small.wait_for("Ready", "True", "AllReplicasReady")
    yield small
    installed.kubectl("delete", "namespace", PLACE, "--wait=false")


def settled(llama: Llama, replicas: int) -> None:
    """Wait until it has so many pods, and no other with its labels is left."""
    llama.patch(replicas=replicas)
    llama.wait_for("Ready", "True", "AllReplicasReady")
    until(lambda: len(llama.pods()) == replicas, GONE_SECONDS, "what was too much to be gone")


def patch(llama: Llama, kind: str, change: dict[str, Any]) -> None:
    """As a person with an editor would change a child."""
    here = f"--namespace={llama.namespace}"
    llama.cluster.kubectl("patch", kind, llama.name, here, "--type=strategic", f"-p={json.dumps(change)}")


def ours(child: dict[str, Any]) -> dict[str, Any]:
    """What the operator has asked for in a child, and what the server made of it."""
    metadata = child["metadata"]
    annotations = {key: value for key, value in metadata["annotations"].items() if "llamafleet.io" in key}
    kept = {field: child.get(field) for field in ("spec", "automountServiceAccountToken")}
    return {**kept, "labels": metadata["labels"], "annotations": annotations}


@pytest.mark.parametrize(("kind", "change"), TAMPERED.values(), ids=TAMPERED)
def test_what_is_edited_by_hand_is_put_right(fleet: Llama, kind: str, change: dict[str, Any]) -> None:
    before = fleet.get(kind)
    patch(fleet, kind, change)

    def repaired() -> bool:
        after = fleet.get(kind)
        assert ours(after) == ours(before)
        return int(after["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])

    until(repaired, SETTLE_SECONDS, f"the {kind} to be as it was")
    assert fleet.get(kind)["metadata"]["uid"] == before["metadata"]["uid"]


def test_children_that_are_deleted_come_back(fleet: Llama) -> None:
    before = {kind: fleet.get(kind)["metadata"]["uid"] for kind in CHILDREN}
    pods, here = fleet.uids(), f"--namespace={fleet.namespace}"
    fleet.cluster.kubectl("delete", *(f"{kind}/{fleet.name}" for kind in CHILDREN), here)
    until(lambda: fleet.left() == list(CHILDREN), SETTLE_SECONDS, "every child to come back")
    after = {kind: fleet.get(kind)["metadata"]["uid"] for kind in CHILDREN}
    assert [kind for kind in CHILDREN if before[kind] == after[kind]] == []
    until(lambda: not pods & fleet.uids(), GONE_SECONDS, "the pods of the deleted Deployment to be gone")
    settled(fleet, 1)


def test_what_others_add_to_a_child_stays(fleet: Llama) -> None:
    """Beside what we ask for there is room: for a label, a note, a variable, a sidecar."""
    note = {"metadata": {"labels": {"team": "blue"}, "annotations": {"example.com/note": "kept"}}}
    sidecar = {"name": "sidecar", "image": "sidecar:1"}
    server = {"name": "vllm", "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}
    patch(fleet, "service", note)
    patch(fleet, "deployment", {**note, "spec": {"template": {"spec": {"containers": [server, sidecar]}}}})
    before = fleet.get("deployment")["metadata"]["generation"]
    fleet.patch(replicas=2)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    for kind in ("service", "deployment"):
        metadata = fleet.get(kind)["metadata"]
        assert (metadata["labels"]["team"], metadata["annotations"]["example.com/note"]) == ("blue", "kept")
    deployment = fleet.get("deployment")
    containers = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["containers"]}
    assert containers["sidecar"]["image"] == "sidecar:1"
    assert server["env"][0] in containers["vllm"]["env"]
    assert deployment["metadata"]["generation"] == before + 1, "nobody fights over what is not ours"
    patch(fleet, "deployment", {"spec": {"template": {"spec": {"containers": [_without(sidecar)]}}}})
    settled(fleet, 1)


def _without(container: dict[str, str]) -> dict[str, str]:
    return {"$patch": "delete", "name": container["name"]}


def test_a_count_that_somebody_else_keeps_writing_is_put_right_without_a_fight(
    fleet: Llama, tmp_path: Path
) -> None:
    """As an HPA on the child would: the resource has a scale subresource, and that is the one to aim at."""
    before = fleet.get("deployment")["metadata"]["generation"]
    path = f"/apis/apps/v1/namespaces/{fleet.namespace}/deployments/{fleet.name}"
    patches, ends = 0, time.monotonic() + FIGHT_SECONDS
    with contextlib.closing(Editor(fleet.cluster, tmp_path, path)) as editor:
        while patches < QUICK_PATCHES or time.monotonic() < ends:
            editor.merge({"spec": {"replicas": 2 + patches % 2}})  # another count each time, and never ours
            patches += 1
    until(lambda: fleet.get("deployment")["spec"]["replicas"] == 1, SETTLE_SECONDS, "our count to be back")
    writes = fleet.get("deployment")["metadata"]["generation"] - before - patches
    assert 1 <= writes <= OUR_WRITES
    settled(fleet, 1)


def test_a_deployment_that_was_copied_under_another_name_is_not_counted(fleet: Llama) -> None:
    """With our labels, and a name that begins with ours, as a canary made by hand has."""
    here = f"--namespace={fleet.namespace}"
    copy = fleet.get("deployment")
    copy["metadata"] = {"name": f"{fleet.name}-canary", "labels": copy["metadata"]["labels"]}
    copy.pop("status")
    fleet.cluster.kubectl("create", here, "-f", "-", input=json.dumps(copy))
    until(lambda: len(fleet.pods()) == 2, SETTLE_SECONDS, "the copy to have a pod")
    fleet.patch(replicas=2)
    until(lambda: len(fleet.pods()) == 3, SETTLE_SECONDS, "another pod of ours")
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    status = fleet.status()
    assert (status["replicas"], status["cost"]["hourlyRate"]) == (2, "2.38")
    fleet.cluster.kubectl("delete", "deployment", f"{fleet.name}-canary", here)
    settled(fleet, 1)


FOREIGN: dict[str, dict[str, Any]] = {
    "Service": {"apiVersion": "v1", "spec": {"ports": [{"port": 5432}]}},
    "ServiceAccount": {"apiVersion": "v1", "automountServiceAccountToken": True},
    "NetworkPolicy": {"apiVersion": "networking.k8s.io/v1", "spec": {"podSelector": {}}},
    "PodDisruptionBudget": {
        "apiVersion": "policy/v1",
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "theirs"}}},
    },
    "Deployment": {
        "apiVersion": "apps/v1",
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "theirs"}},
            "template": {
                "metadata": {"labels": {"app": "theirs"}},
                "spec": {"containers": [{"name": "theirs", "image": "theirs:1"}]},
            },
        },
    },
}


def test_an_object_of_somebody_else_is_left_alone_and_the_conflict_is_told(
    installed: ControlPlane, namespace: str
) -> None:
    """Of each kind that we make; and once its name is free, the fleet comes up."""
    fleets = {kind: Llama(installed, namespace, f"of-{kind.lower()}") for kind in FOREIGN}
    there = [
        {**body, "kind": kind, "metadata": {"name": fleets[kind].name, "namespace": namespace}}
        for kind, body in FOREIGN.items()
    ]
    installed.apply(*there)
    before = {kind: llama.get(kind.lower()) for kind, llama in fleets.items()}
    for llama in fleets.values():
        llama.apply()
    for kind, llama in fleets.items():
        message = llama.wait_for("Degraded", "True", "NameConflict")
        said = f"{kind} {namespace}/{llama.name} exists and does not belong to this LlamaDeployment"
        assert said in message
        after = llama.get(kind.lower())
        for field in ("metadata", "spec"):
            assert _authored(after).get(field) == _authored(before[kind]).get(field)
    assert all(llama.pods() == [] for llama in fleets.values()), "no pod without all of its guards"
    for kind, llama in fleets.items():
        installed.kubectl("delete", kind.lower(), llama.name, f"--namespace={namespace}")
    for llama in fleets.values():
        llama.wait_for("Ready", "True", "AllReplicasReady")


def _authored(child: dict[str, Any]) -> dict[str, Any]:
    """Without what controllers of Kubernetes write into it."""
    dropped = {"resourceVersion", "generation", "annotations"}
    metadata = {key: value for key, value in child["metadata"].items() if key not in dropped}
    return {**child, "metadata": metadata}
