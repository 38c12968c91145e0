"""``make demo`` does what it says, and leaves nothing behind, however it ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import ROOT
from demo.story import NAMESPACE
from fleet_operator import NAMESPACE as OPERATOR_NAMESPACE
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

SECONDS = 420.0
"""Longer than the demo itself waits for anything: it says what did not come, and this would not."""

GONE_SECONDS = 180.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo keeps its files: a short path, for a socket's name may not be long."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        yield Path(name)


@contextlib.contextmanager
def started_demo(folder: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as ``make demo`` starts it, without a terminal; it does not outlive a test that fails."""
    demo = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-u", "-m", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests", "TMPDIR": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with demo:
        try:
            yield demo
        finally:
            demo.kill()


def left_in(folder: Path) -> list[str]:
    """The programs that run in this folder, as every program of the demo does."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and str((process / "cwd").readlink()).startswith(str(folder)):
                found.append((process / "cmdline").read_bytes().decode(errors="replace"))
    return found


def test_the_demo_sizes_places_explains_and_cleans_up(folder: Path) -> None:
    with started_demo(folder) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0, output
    assert re.search(r"maverick +True +maverick +2 +1 +1 +2\.38 +AllReplicasReady", output)
    assert re.search(r"scout +True +scout +1 +1 +1 +1\.19 +AllReplicasReady", output)
    assert re.search(r"maverick-\w+-\w+ +a100-\d +2 ", output)
    assert "11.49 GiB KV cache" in output
    assert 'llamadeployment.llamafleet.io "maverick" deleted' in output
    assert "\033" not in output, "colours are for terminals"
    assert left_in(folder) == []
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def current(control_plane: ControlPlane) -> Cluster:
    """The cluster of a person who has two GPU nodes."""
    control_plane.add_gpu_nodes(2)
    return control_plane


def test_the_demo_runs_on_the_cluster_of_the_kubeconfig(current: Cluster, folder: Path) -> None:
    with started_demo(folder, "--cluster=current", KUBECONFIG=str(current.kubeconfig)) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0, output
    assert re.search(r"maverick +True +maverick +2 +1 +1 +2\.38 +AllReplicasReady", output)
    assert "pods on real nodes may take minutes to drain" in output
    assert "kubectl delete -f crds/ -f manifests/operator/rbac.yaml" in output
    namespace = ("get", "namespace", NAMESPACE, "--ignore-not-found", "-o=name")
    until(lambda: not current.kubectl(*namespace), GONE_SECONDS, "the namespace to be gone")
    assert left_in(folder) == []


def refusal(current: Cluster, folder: Path) -> str:
    """The one line with which the demo refuses the current cluster."""
    with started_demo(folder, "--cluster=current", KUBECONFIG=str(current.kubeconfig)) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 1
    _what_begins, line = filter(None, output.splitlines())
    return line


def test_a_namespace_that_exists_is_neither_used_nor_deleted(current: Cluster, folder: Path) -> None:
    current.kubectl("create", "namespace", NAMESPACE)
    try:
        assert refusal(current, folder) == (
            "error: The namespace llamafleet-demo exists: the demo makes it and deletes it, and takes none "
            "that is there. Delete it, or wait until it is gone."
        )
        assert current.get("namespace", NAMESPACE)["status"]["phase"] == "Active"
        assert current.get("all", f"--namespace={NAMESPACE}")["items"] == []
    finally:
        current.kubectl("delete", "namespace", NAMESPACE)


def test_no_second_operator_is_started_beside_one_that_runs(current: Cluster, folder: Path) -> None:
    operator = ROOT / "manifests" / "operator"
    current.kubectl("apply", "--server-side", "-k", str(operator))
    try:
        assert refusal(current, folder) == (
            "error: An operator runs in this cluster, and the demo starts its own; stop it first: "
            f"kubectl scale deployment llamafleet -n {OPERATOR_NAMESPACE} --replicas=0"
        )
    finally:
        current.kubectl("delete", "-f", str(operator / "deployment.yaml"))


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "kubectl"
    silent.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    silent.chmod(0o755)
    monkeypatch.setattr("testbed.cluster.KUBECTL_SECONDS", 0.2)
    with pytest.raises(TestbedError) as caught:
        Cluster(silent, tmp_path / "kubeconfig", tmp_path).get("nodes")
    assert str(caught.value) == "kubectl get nodes -o json: no answer within 0.2 s"


def test_ctrl_c_stops_everything_that_the_demo_started(folder: Path) -> None:
    with started_demo(folder) as demo:
        assert demo.stdout is not None
        seen = ""
        while "it is alive" not in seen:
            line = demo.stdout.readline()
            assert line, seen
            seen += line
        assert len(left_in(folder)) == 6, "etcd, API server, controllers, scheduler, kwok and the operator"
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 130
    assert rest.rstrip().endswith("Interrupted; everything that was started is stopped.")
    assert left_in(folder) == []


@pytest.mark.parametrize(
    ("cluster", "environment", "line"),
    [
        ("current", {"KUBECONFIG": "/nowhere"}, "There is no kubeconfig at /nowhere; set KUBECONFIG."),
        ("kind", {"PATH": "/nowhere"}, "docker is missing; CLUSTER=kind needs Docker and kind."),
    ],
    ids=["no kubeconfig", "no docker"],
)
def test_what_is_missing_is_said_in_one_line(
    folder: Path, cluster: str, environment: dict[str, str], line: str
) -> None:
    with started_demo(folder, f"--cluster={cluster}", **environment) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 1
    assert output.rstrip().splitlines()[-1] == f"error: {line}"
    assert "Traceback" not in output
