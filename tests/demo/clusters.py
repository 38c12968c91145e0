"""The cluster that the demo runs on: a local control plane, a kind cluster, or the current one."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from demo.screen import say
from demo.story import NAMESPACE
from fleet_operator import MANIFESTS
from fleet_operator import NAMESPACE as OPERATOR_NAMESPACE
from testbed import binaries, command_lines
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.processes import Program

NODES: Final = 4
KIND_NAME: Final = "llamafleet-demo"


@contextlib.contextmanager
def local() -> Iterator[Cluster]:
    """A control plane of our own with fake GPU nodes."""
    with ControlPlane() as control_plane:
        control_plane.add_gpu_nodes(NODES)
        yield control_plane


@contextlib.contextmanager
def current() -> Iterator[Cluster]:
    """Whatever KUBECONFIG points at. Nothing is added to it but our kinds, our rights and the samples.

    Raises:
        TestbedError: there is no kubeconfig, or something in the cluster would suffer from the demo.
    """
    path = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not path.is_file():
        message = f"There is no kubeconfig at {path}; set KUBECONFIG."
        raise TestbedError(message)
    with tempfile.TemporaryDirectory(prefix="llamafleet-demo-") as folder:
        cluster = Cluster(binaries.ensure() / "kubectl", path, Path(folder))
        _spare_what_is_there(cluster)
        try:
            yield cluster
        finally:
            say("The kinds and the rights of the operator stay in this cluster; to remove them, and every")
            say("LlamaDeployment with them: kubectl delete -f crds/ -f manifests/operator/rbac.yaml")


def _spare_what_is_there(cluster: Cluster) -> None:
    """Refuse a cluster where an operator runs, for two must never write, or that has the demo's namespace."""
    wanted = ("deployment", "llamafleet", f"--namespace={OPERATOR_NAMESPACE}", "-o=jsonpath={.spec.replicas}")
    if cluster.kubectl("get", "--ignore-not-found", *wanted) not in {"", "0"}:
        scale = f"kubectl scale deployment llamafleet -n {OPERATOR_NAMESPACE} --replicas=0"
        message = f"An operator runs in this cluster, and the demo starts its own; stop it first: {scale}"
        raise TestbedError(message)
    if cluster.kubectl("get", "--ignore-not-found", "-o=name", "namespace", NAMESPACE):
        rule = "the demo makes it and deletes it, and takes none that is there"
        message = f"The namespace {NAMESPACE} exists: {rule}. Delete it, or wait until it is gone."
        raise TestbedError(message)


@contextlib.contextmanager
def kind() -> Iterator[Cluster]:
    """A kind cluster, made here and removed afterwards; kwok gives it fake GPU nodes from outside."""
    for program in ("docker", "kind"):
        if shutil.which(program) is None:
            message = f"{program} is missing; CLUSTER=kind needs Docker and kind."
            raise TestbedError(message)
    with tempfile.TemporaryDirectory(prefix="llamafleet-demo-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        kubeconfig = folder / "kubeconfig"
        config = MANIFESTS / "kind" / "cluster.yaml"
        _kind("create", "cluster", f"--config={config}", f"--kubeconfig={kubeconfig}", "--wait=120s")
        stack.callback(_kind, "delete", "cluster", f"--kubeconfig={kubeconfig}")
        cluster = Cluster(binaries.ensure() / "kubectl", kubeconfig, folder)
        kwok = Program(command_lines.fake_nodes(binaries.ensure(), kubeconfig), folder)
        stack.callback(kwok.stop)
        cluster.add_gpu_nodes(NODES)
        yield cluster


def _kind(*arguments: str) -> None:
    """Run kind; its own words tell what went wrong."""
    program = shutil.which("kind") or "kind"
    command = [program, *arguments, f"--name={KIND_NAME}"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        message = f"kind {arguments[0]}: {result.stderr.strip() or result.stdout.strip()}"
        raise TestbedError(message)


CLUSTERS: Final[dict[str, Callable[[], AbstractContextManager[Cluster]]]] = {
    "local": local,
    "current": current,
    "kind": kind,
}
