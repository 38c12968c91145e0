"""The control plane itself: it starts, schedules, fails pods on demand, and leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testbed import ControlPlane, TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

SECONDS = 120.0
TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", autouse=True)
def gpu_nodes(control_plane: ControlPlane) -> tuple[str, ...]:
    return control_plane.add_gpu_nodes(2)


def gpu_deployment(name: str, gpus: int) -> dict[str, Any]:
    labels = {"app": name}
    limits = {"nvidia.com/gpu": str(gpus)}
    pod = {
        "containers": [{"name": "serve", "image": "none", "resources": {"limits": limits}}],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def deploy(cluster: ControlPlane, namespace: str, *, gpus: int = 1) -> str:
    """Create a Deployment of one pod and return the pod's name."""
    content = json.dumps(gpu_deployment("serve", gpus))
    cluster.kubectl("create", f"--namespace={namespace}", "-f", "-", input=content)
    found = until(lambda: cluster.get("pods", f"--namespace={namespace}")["items"], SECONDS, "a pod")
    name: str = found[0]["metadata"]["name"]
    return name


def status(cluster: ControlPlane, namespace: str, pod: str) -> dict[str, Any]:
    seen: dict[str, Any] = cluster.get("pod", pod, f"--namespace={namespace}")["status"]
    return seen


def container(cluster: ControlPlane, namespace: str, pod: str) -> dict[str, Any]:
    statuses = status(cluster, namespace, pod).get("containerStatuses")
    assert statuses, "no container has a status yet"
    first: dict[str, Any] = statuses[0]
    return first


def wait_ready(cluster: ControlPlane, namespace: str, pod: str) -> None:
    until(lambda: container(cluster, namespace, pod)["ready"], SECONDS, f"pod {pod} to be ready")


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_fake_node_keeps_its_gpus_once_it_is_ready(
    control_plane: ControlPlane, gpu_nodes: tuple[str, ...]
) -> None:
    node = control_plane.get("node", gpu_nodes[0])
    assert node["status"]["capacity"]["nvidia.com/gpu"] == "8"
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "8"
    assert node["metadata"]["labels"]["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-80GB"


def test_a_pod_that_fits_becomes_ready_on_a_gpu_node(
    control_plane: ControlPlane, namespace: str, gpu_nodes: tuple[str, ...]
) -> None:
    pod = deploy(control_plane, namespace, gpus=2)
    wait_ready(control_plane, namespace, pod)
    spec = control_plane.get("pod", pod, f"--namespace={namespace}")["spec"]
    assert spec["nodeName"] in gpu_nodes


def test_a_pod_that_fits_on_no_node_stays_pending_and_says_why(
    control_plane: ControlPlane, namespace: str
) -> None:
    pod = deploy(control_plane, namespace, gpus=16)

    def is_refused() -> bool:
        """A node that has only just become Ready may still have the taint of one that is not."""
        conditions = status(control_plane, namespace, pod).get("conditions", [])
        said = [item["message"] for item in conditions if item["status"] == "False"]
        assert any("Insufficient nvidia.com/gpu" in message for message in said), said
        return True

    until(is_refused, SECONDS, "the scheduler's refusal")
    assert status(control_plane, namespace, pod)["phase"] == "Pending"


@pytest.mark.parametrize(
    ("annotations", "end"),
    [
        pytest.param(
            {"exit_code": "137", "reason": "OOMKilled"},
            {"exitCode": 137, "reason": "OOMKilled"},
            id="the container ran out of memory",
        ),
        pytest.param(
            {"exit_code": "0"}, {"exitCode": 0, "reason": "Completed"}, id="the container ended of itself"
        ),
        pytest.param(
            {"exit_code": "1", "message": "ValueError: no"},
            {"exitCode": 1, "reason": "Error", "message": "ValueError: no"},
            id="the container failed with a last word",
        ),
    ],
)
def test_a_pod_crashes_on_demand_and_recovers(
    control_plane: ControlPlane, namespace: str, annotations: dict[str, str], end: dict[str, Any]
) -> None:
    pod = deploy(control_plane, namespace)
    wait_ready(control_plane, namespace, pod)
    control_plane.annotate_pod(namespace, pod, **annotations)
    crashed = until(lambda: not_ready(control_plane, namespace, pod), SECONDS, "the crash")
    assert crashed["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert crashed["restartCount"] == 1
    assert crashed["lastState"]["terminated"].items() >= end.items()
    control_plane.annotate_pod(namespace, pod, **dict.fromkeys(annotations))
    wait_ready(control_plane, namespace, pod)
    assert container(control_plane, namespace, pod)["restartCount"] == 1


def not_ready(cluster: ControlPlane, namespace: str, pod: str) -> dict[str, Any] | None:
    seen = container(cluster, namespace, pod)
    return None if seen["ready"] else seen


def test_new_pods_of_a_namespace_fail_from_their_first_moment(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.annotate_new_pods(namespace, waiting="ImagePullBackOff", message="no such image")
    pod = deploy(control_plane, namespace)
    wanted = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    until(lambda: container(control_plane, namespace, pod)["state"] == wanted, SECONDS, "the failed pull")
    control_plane.annotate_new_pods(namespace)
    control_plane.kubectl("delete", f"--namespace={namespace}", "pod", pod)
    wait_ready(control_plane, namespace, other_pod(control_plane, namespace, pod))


def other_pod(cluster: ControlPlane, namespace: str, gone: str) -> str:
    """Return the name of the pod that replaces another."""

    def look() -> str:
        names = [
            item["metadata"]["name"] for item in cluster.get("pods", f"--namespace={namespace}")["items"]
        ]
        return next((name for name in names if name != gone), "")

    return until(look, SECONDS, f"a pod in place of {gone}")


def test_a_slow_model_load_keeps_a_running_pod_from_being_ready(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.annotate_new_pods(namespace, load_time="1h")
    pod = deploy(control_plane, namespace)
    until(lambda: container(control_plane, namespace, pod)["state"].get("running"), SECONDS, "the start")
    assert status(control_plane, namespace, pod)["phase"] == "Running"
    assert not container(control_plane, namespace, pod)["ready"]


def test_a_status_set_by_hand_stays(control_plane: ControlPlane, namespace: str) -> None:
    pod = deploy(control_plane, namespace)
    wait_ready(control_plane, namespace, pod)
    evicted = {"phase": "Failed", "reason": "Evicted"}
    control_plane.set_pod_status(namespace, pod, evicted)
    assert status(control_plane, namespace, pod).items() >= evicted.items()


def test_a_pod_has_the_log_that_it_was_given(control_plane: ControlPlane, namespace: str) -> None:
    pod = deploy(control_plane, namespace)
    wait_ready(control_plane, namespace, pod)
    control_plane.set_pod_log(namespace, pod, "loading weights\nCUDA out of memory")
    logs = ("logs", f"--namespace={namespace}", pod, "--tail=1")

    def last_line() -> str:
        try:
            return control_plane.kubectl(*logs)
        except TestbedError as error:
            raise AssertionError(error) from error

    assert until(last_line, SECONDS, "kwok to know the log") == "CUDA out of memory\n"


def test_a_service_account_may_do_only_what_it_is_granted(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    path, here = tmp_path / "kubeconfig", f"--namespace={namespace}"
    account = ("get", "serviceaccount", "default", here, "--ignore-not-found", "-o", "name")
    until(lambda: control_plane.kubectl(*account), SECONDS, "the account that every namespace gets")
    control_plane.kubeconfig_for_service_account(namespace, "default", path)
    may = ("auth", "can-i", "list", "pods", here, f"--kubeconfig={path}")
    with pytest.raises(TestbedError, match="can-i"):
        control_plane.kubectl(*may)
    who = json.loads(control_plane.kubectl("auth", "whoami", "-o", "json", f"--kubeconfig={path}"))
    assert who["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:default"


def test_two_control_planes_run_side_by_side_and_stop_without_a_trace(control_plane: ControlPlane) -> None:
    with ControlPlane() as second:
        second.add_gpu_nodes(1, prefix="second")
        assert second.get("node", "second-1")["metadata"]["name"] == "second-1"
        names = [node["metadata"]["name"] for node in control_plane.get("nodes")["items"]]
        assert "second-1" not in names
        pids, folder = second.pids, second.folder
    assert len(pids) == 5
    assert [name for name, pid in pids.items() if alive(pid)] == []
    assert not folder.exists()
    control_plane.check()


@pytest.mark.parametrize(
    ("sign", "code"),
    [
        pytest.param(signal.SIGINT, 0, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 0, id="a polite end from outside"),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="an end that leaves no time to clean up"),
    ],
)
def test_a_cluster_for_play_leaves_no_process_after(sign: signal.Signals, code: int) -> None:
    command = [sys.executable, "-m", "testbed", "cluster", "--nodes", "1"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(  # noqa: S603  # the program under test, with arguments of ours
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as cluster:
        try:
            assert cluster.stdout
            line = next(line for line in cluster.stdout if "export KUBECONFIG=" in line)
            folder = Path(line.partition("=")[2].strip()).parent
            children = started_by(cluster.pid)
            assert len(children) == 5
            cluster.send_signal(sign)
            assert cluster.wait(SECONDS) == code
        finally:
            cluster.kill()  # a test that fails must not wait for it for ever
    until(lambda: not any(map(alive, children)), SECONDS, "the programs to be gone")
    assert folder.exists() == (sign == signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def started_by(pid: int) -> list[int]:
    """Return the processes that this one started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]
