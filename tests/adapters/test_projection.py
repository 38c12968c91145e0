"""From what the API server sends to the few fields that we keep."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from builders import pod
from llamafleet.adapters.projection import (
    controller_uid,
    project_child,
    project_deployment,
    project_pod,
    project_waker_slice,
)
from llamafleet.api.names import DELETION_COST_ANNOTATION, GPUS_ANNOTATION, POOL_ANNOTATION
from llamafleet.api.observed import ChildSeen, PodSeen, Termination
from llamafleet.planning.diagnosis import GATED


def raw_pod(status: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A pod as the API server sends it; the fields that we ignore stand for all others."""
    raw = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "scout-6c9f-x2x7q",
            "namespace": "team-a",
            "uid": "5c1e",
            "resourceVersion": "4711",
            "creationTimestamp": "2026-11-21T12:00:00Z",
            "managedFields": [{"manager": "kubelet"}],
            "ownerReferences": [{"name": "scout-6c9f", "uid": "rs", "controller": True}],
            **changes.pop("metadata", {}),
        },
        "spec": {"containers": [{"name": "vllm"}], "schedulerName": "default-scheduler", **changes},
    }
    return raw if status is None else {**raw, "status": status}


def seen(**changes: Any) -> PodSeen:
    """What is kept of a pod that nobody has looked at yet."""
    usual: dict[str, Any] = {
        "name": "scout-6c9f-x2x7q",
        "uid": "5c1e",
        "resource_version": "4711",
        "controller": "scout-6c9f",
        "node": None,
    }
    return pod(**{**usual, **changes})


def container(state: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The status of the serving container beside that of an injected sidecar, which never counts."""
    sidecar = {"name": "proxy", "restartCount": 9, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    return {
        "phase": "Running",
        "containerStatuses": [
            sidecar,
            {"name": "vllm", "restartCount": 0, "ready": False, "state": state, **changes},
        ],
    }


def at(minute: int) -> datetime:
    return datetime(2026, 11, 21, 12, minute, tzinfo=UTC)


def since(kind: str, status: str, minute: int) -> dict[str, Any]:
    return {
        "conditions": [
            {"type": kind, "status": status, "lastTransitionTime": f"2026-11-21T12:{minute:02}:00Z"}
        ]
    }


NO_GPU = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."
RUNNING = {"running": {"startedAt": "2026-11-21T12:01:00Z"}}
ENDED = {"exitCode": 1, "reason": "Error", "message": "ValueError: no", "containerID": "containerd://1"}

PODS = {
    "a pod without a status": (raw_pod(None), seen(phase="Pending")),
    "a pod with an empty status": (raw_pod({}), seen(phase="Pending")),
    "a pod that waits for the scheduler": (raw_pod({"phase": "Pending"}), seen(phase="Pending")),
    "a pod that fits nowhere": (
        raw_pod(
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": NO_GPU,
                    }
                ],
            }
        ),
        seen(unschedulable=NO_GPU, phase="Pending"),
    ),
    "a pod behind a scheduling gate": (
        raw_pod(
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "SchedulingGated",
                        "message": GATED,
                    }
                ]
            },
        ),
        seen(unschedulable=GATED, phase="Pending"),
    ),
    "a pod that is bound and has no container yet": (
        raw_pod({"conditions": [{"type": "PodScheduled", "status": "True"}]}, nodeName="a100-0"),
        seen(node="a100-0", phase="Pending"),
    ),
    "a container whose image cannot be pulled": (
        raw_pod(
            container({"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}),
            nodeName="a100-0",
        ),
        seen(node="a100-0", waiting_reason="ImagePullBackOff", waiting_message="no such tag"),
    ),
    "a container that waits as all do at first": (
        raw_pod(container({"waiting": {"reason": "ContainerCreating", "message": "soon"}})),
        seen(),
    ),
    "a container that waits without a word": (
        raw_pod(container({"waiting": {"reason": "CrashLoopBackOff"}})),
        seen(waiting_reason="CrashLoopBackOff"),
    ),
    "a container that runs and loads": (raw_pod(container(RUNNING)), seen()),
    "a pod that is ready": (
        raw_pod({**container(RUNNING), "conditions": [{"type": "Ready", "status": "True"}]}),
        seen(ready=True),
    ),
    "a pod of which nobody knows whether it is ready": (
        raw_pod({**container(RUNNING), "conditions": [{"type": "Ready", "status": "Unknown"}]}),
        seen(),
    ),
    "a container that ended": (
        raw_pod(container({"terminated": ENDED})),
        seen(ended=Termination("Error", 1, "ValueError: no")),
    ),
    "a container that ended well, which a server should not": (
        raw_pod(container({"terminated": {"exitCode": 0, "reason": "Completed"}})),
        seen(ended=Termination("Completed", 0, "")),
    ),
    "a container that waits after it ended": (
        raw_pod(
            container(
                {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
                lastState={"terminated": ENDED},
                restartCount=4,
            )
        ),
        seen(
            waiting_reason="CrashLoopBackOff",
            waiting_message="back-off 5m0s",
            restarts=4,
            ended=Termination("Error", 1, "ValueError: no"),
        ),
    ),
    "a container that runs again after it ended": (
        raw_pod(container(RUNNING, lastState={"terminated": ENDED}, restartCount=1)),
        seen(restarts=1, ended=Termination("Error", 1, "ValueError: no")),
    ),
    "a container that ended twice": (
        raw_pod(
            container(
                {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, lastState={"terminated": ENDED}
            )
        ),
        seen(ended=Termination("OOMKilled", 137, "")),
    ),
    "a pod on its way out": (
        raw_pod(
            {}, metadata={"deletionTimestamp": "2026-11-21T12:05:00Z", "deletionGracePeriodSeconds": 240}
        ),
        seen(deleting=True, deadline=at(5), grace_seconds=240, phase="Pending"),
    ),
    "a pod that is bound since a while": (
        raw_pod(since("PodScheduled", "True", 1), nodeName="a100-0"),
        seen(node="a100-0", bound=at(1), phase="Pending"),
    ),
    "a pod that waits for a node since a while": (
        raw_pod(since("PodScheduled", "False", 1)),
        seen(phase="Pending"),
    ),
    "a pod that is ready since a while": (
        raw_pod({**container(RUNNING, started=True), **since("Ready", "True", 9)}),
        seen(ready=True, ready_since=at(9), started=True),
    ),
    "a pod that is not ready any more": (
        raw_pod({**container(RUNNING, started=True), **since("Ready", "False", 11)}),
        seen(started=True),
    ),
    "a condition whose time is not set": (
        raw_pod({"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": None}]}),
        seen(ready=True, phase="Pending"),
    ),
    "a container whose startup probe has not passed": (
        raw_pod(container(RUNNING, started=False)),
        seen(),
    ),
    "a container that ended at a known time": (
        raw_pod(container({"terminated": {**ENDED, "finishedAt": "2026-11-21T12:07:00Z"}})),
        seen(ended=Termination("Error", 1, "ValueError: no"), finished=at(7)),
    ),
    "a container that ended at a time that nobody knows": (
        raw_pod(container({"terminated": {**ENDED, "finishedAt": None}})),
        seen(ended=Termination("Error", 1, "ValueError: no")),
    ),
    "a container that ended before and runs": (
        raw_pod(
            container(RUNNING, lastState={"terminated": {**ENDED, "finishedAt": "2026-11-21T12:07:00Z"}})
        ),
        seen(ended=Termination("Error", 1, "ValueError: no")),
    ),
    "a pod with an address": (
        raw_pod({"phase": "Pending", "podIP": "10.244.0.7"}),
        seen(address="10.244.0.7", phase="Pending"),
    ),
    "a pod that says what it costs": (
        raw_pod({}, metadata={"annotations": {POOL_ANNOTATION: "cheap", GPUS_ANNOTATION: "8", "other": "1"}}),
        seen(pool="cheap", gpus=8, phase="Pending"),
    ),
    "a pod that is marked to go": (
        raw_pod({}, metadata={"annotations": {DELETION_COST_ANNOTATION: "-1"}}),
        seen(deletion_cost=-1, phase="Pending"),
    ),
}


@pytest.mark.parametrize(("raw", "kept"), PODS.values(), ids=PODS.keys())
def test_a_pod(raw: dict[str, Any], kept: PodSeen) -> None:
    assert project_pod(raw) == kept


@pytest.mark.parametrize("garbled", ["", "two", "-2", "2.0", "1e3", " 2", "2\n", "٢", "99999", "9" * 5000])
def test_a_garbled_number_of_gpus_is_none_at_all(garbled: str) -> None:
    raw = raw_pod({}, metadata={"annotations": {GPUS_ANNOTATION: garbled}})
    assert project_pod(raw).gpus == 0


@pytest.mark.parametrize(
    ("text", "cost"),
    [("-2147483648", -(2**31)), ("2147483647", 2**31 - 1), ("0", 0), ("", 0), ("x", 0), ("1.5", 0), ("٢", 0)],
)
def test_what_a_deletion_costs(text: str, cost: int) -> None:
    raw = raw_pod({}, metadata={"annotations": {DELETION_COST_ANNOTATION: text}})
    assert project_pod(raw).deletion_cost == cost


def raw_slice(endpoints: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {"metadata": {"name": "waker-x2x7q", "uid": "7", "resourceVersion": "12"}, "endpoints": endpoints}


SLICES: dict[str, tuple[list[dict[str, Any]] | None, set[str]]] = {
    "no endpoints, as the API server writes it": (None, set()),
    "ready ones": (
        [{"addresses": [address], "conditions": {"ready": True}} for address in ("10.0.0.4", "10.0.0.5")],
        {"10.0.0.4", "10.0.0.5"},
    ),
    "one that is not ready": ([{"addresses": ["10.0.0.4"], "conditions": {"ready": False}}], set()),
    "one on its way out": (
        [{"addresses": ["10.0.0.4"], "conditions": {"ready": False, "serving": True, "terminating": True}}],
        set(),
    ),
    "one of which nothing is said": ([{"addresses": ["10.0.0.4"]}], {"10.0.0.4"}),
}


@pytest.mark.parametrize(("endpoints", "addresses"), SLICES.values(), ids=SLICES.keys())
def test_where_wakers_are_ready(endpoints: list[dict[str, Any]] | None, addresses: set[str]) -> None:
    kept = project_waker_slice(raw_slice(endpoints))
    assert (kept.uid, kept.resource_version, kept.addresses) == ("7", "12", addresses)


ACTIVE = {
    "a pod that waits": (pod(phase="Pending"), True),
    "a pod that runs": (pod(), True),
    "a pod of a lost node": (pod(phase="Unknown"), True),
    "a pod that was evicted": (pod(phase="Failed"), False),
    "a pod that ended well": (pod(phase="Succeeded"), False),
    "a pod that somebody deletes": (pod(deleting=True), False),
}


@pytest.mark.parametrize(("one", "active"), ACTIVE.values(), ids=ACTIVE.keys())
def test_which_pods_run_or_will_run(one: PodSeen, active: bool) -> None:  # noqa: FBT001 - a table's column
    assert one.active is active


OWNER = {"kind": "LlamaDeployment", "name": "scout", "uid": "1234", "controller": True}


def raw_service(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "scout", "namespace": "team-a", "uid": "9", "resourceVersion": "12", **metadata},
        "spec": {"ports": [{"port": 80}]},
    }


def test_a_child_is_kept_without_what_the_server_keeps_for_itself() -> None:
    raw = raw_service(ownerReferences=[OWNER], managedFields=[{"manager": "llamafleet"}], generation=3)
    kept = project_child({**raw, "kind": "Service", "apiVersion": "v1", "status": {"loadBalancer": {}}})
    assert (kept.uid, kept.resource_version, kept.generation, kept.owner_uid) == ("9", "12", 3, "1234")
    assert kept.status == {}
    body = raw_service(ownerReferences=[OWNER])
    del body["metadata"]["resourceVersion"]
    assert orjson.loads(kept.body) == body


ROLLED_OUT = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "readyReplicas": 1}


def condition(kind: str, minute: int) -> dict[str, Any]:
    time = f"2026-11-21T12:{minute:02}:00Z"
    return {"type": kind, "status": "True", "lastUpdateTime": time, "message": f"{kind}!", "reason": "Why"}


def test_of_a_deployment_the_counts_and_refusals_are_kept() -> None:
    conditions = [condition("Progressing", 1), condition("ReplicaFailure", 1)]
    raw = raw_service() | {"status": {**ROLLED_OUT, "unavailableReplicas": 2, "conditions": conditions}}
    refused = {"type": "ReplicaFailure", "status": "True", "message": "ReplicaFailure!"}
    assert project_deployment(raw).status == {**ROLLED_OUT, "conditions": [refused]}
    assert project_deployment(raw_service()).status == {}


def test_what_says_the_same_is_equal_whatever_its_version_and_its_times() -> None:
    def deployment(version: str, minute: int, **status: Any) -> ChildSeen:
        conditions = [condition("Progressing", minute), condition("ReplicaFailure", minute)]
        said = {**ROLLED_OUT, "conditions": conditions, **status}
        return project_deployment(raw_service(resourceVersion=version) | {"status": said})

    assert deployment("12", 1) == deployment("13", 2)
    assert deployment("12", 1) != deployment("13", 2, readyReplicas=2)
    one, other = (raw_pod({"podIP": "10.0.0.1"}, metadata={"resourceVersion": number}) for number in "67")
    assert project_pod(one) == project_pod(other)
    assert project_pod(one).resource_version == "6"
    assert project_pod(one) != project_pod(raw_pod({"podIP": "10.0.0.2"}))


OWNERS: dict[str, tuple[dict[str, Any], str | None]] = {
    "nobody": ({}, None),
    "an owner that does not control it": ({"ownerReferences": [{"uid": "7"}]}, None),
    "an owner that says that it does not": ({"ownerReferences": [{"uid": "7", "controller": False}]}, None),
    "the controller among several": ({"ownerReferences": [{"uid": "7"}, OWNER]}, "1234"),
}


@pytest.mark.parametrize(("metadata", "uid"), OWNERS.values(), ids=OWNERS.keys())
def test_who_controls_an_object(metadata: dict[str, Any], uid: str | None) -> None:
    assert controller_uid(metadata) == uid
