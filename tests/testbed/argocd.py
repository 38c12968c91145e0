"""Argo CD beside a control plane: its controller, its server of repositories and Redis, without API and UI.

It reads git repositories of this machine by ``file://`` and runs the Helm that it is given.
"""

import contextlib
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from testbed import argocd_files
from testbed.control_plane import ControlPlane
from testbed.processes import Program, reserved_port
from testbed.wait import until

NAMESPACE: Final = "argocd"
USER: Final = "argocd"
"""Who Argo CD is, for the API server and its audit log."""

RESYNC_SECONDS: Final = 5
"""How often it compares everything anew; three minutes by default."""

START_SECONDS: Final = 180.0
PART_OF: Final = {"app.kubernetes.io/part-of": "argocd"}


class ArgoCD:
    """Argo CD at work on a control plane, as a context manager: processes, where others have pods.

    Attributes:
        folder: with a log per program; it goes at the end.
    """

    def __init__(self, cluster: ControlPlane, helm: Path, settings: Mapping[str, str]) -> None:
        """Prepare it; nothing happens before it is entered.

        Args:
            cluster: where it works, and what it works on.
            helm: the program.
            settings: the data of its ConfigMap argocd-cm.
        """
        self._cluster = cluster
        self._helm = helm
        self._settings = settings
        self._stack = contextlib.ExitStack()
        self._programs: list[Program] = []

    def __enter__(self) -> Self:
        """Install its kinds and settings, start it, and wait until it serves.

        Raises:
            TestbedError: a program is missing, or it died.
        """
        found = argocd_files.ensure()
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="testbed-argocd-")))
            stack.callback(self._stop)
            self._cluster.install_kinds(found["crds"])
            self._cluster.apply(*_settings(self._settings))
            self._cluster.write_kubeconfig(self.folder / "kubeconfig", USER, "system:masters")
            self._start(found, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End every program and remove the folder; what it installed in the cluster stays."""
        self._stack.close()

    def check(self) -> None:
        """Raise a TestbedError when a program has died."""
        for program in self._programs:
            program.check()

    def application(self, name: str) -> dict[str, Any]:
        """An Application as it is; empty while there is none."""
        command = ("get", "application.argoproj.io", name, f"--namespace={NAMESPACE}")
        answer = self._cluster.kubectl(*command, "--ignore-not-found", "-o", "json")
        found: dict[str, Any] = json.loads(answer or "{}")
        return found

    def refresh(self, name: str) -> None:
        """Have it look at the repository now; it would within its resync."""
        note = "argocd.argoproj.io/refresh=normal"
        self._cluster.kubectl(
            "annotate", "--overwrite", f"--namespace={NAMESPACE}", "application.argoproj.io", name, note
        )

    def delete(self, name: str) -> None:
        """Delete an Application, and wait until it is gone, with all that it prunes."""
        self._cluster.kubectl("delete", f"--namespace={NAMESPACE}", "application.argoproj.io", name)

    def _start(self, found: Mapping[str, Path], stack: contextlib.ExitStack) -> None:
        redis, repositories, *metrics = (stack.enter_context(reserved_port()) for _ in range(4))
        cached = f"--redis=127.0.0.1:{redis}"
        server = [f"--port={repositories}", "--address=127.0.0.1", f"--metrics-port={metrics[0]}"]
        controller = [
            *(f"--repo-server=127.0.0.1:{repositories}", "--repo-server-plaintext"),
            *(f"--metrics-port={metrics[1]}", f"--app-resync={RESYNC_SECONDS}", "--app-resync-jitter=0"),
            *(f"--namespace={NAMESPACE}", f"--kubeconfig={self.folder / 'kubeconfig'}"),
            "--persist-resource-health",  # else only its cache knows how each resource is
        ]
        memory_only = ["--save", "", "--appendonly", "no"]
        self._run([str(found["redis-server"]), "--port", str(redis), "--bind", "127.0.0.1", *memory_only])
        self._run([str(found["argocd"]), "--disable-tls", cached, *server], "argocd-repo-server")
        for port in (redis, repositories):
            until(partial(self._listens, port), START_SECONDS, f"Argo CD to listen at {port}")
        self._run([str(found["argocd"]), cached, *controller], "argocd-application-controller")

    def _run(self, command: list[str], name: str = "") -> None:
        """Start a program; one binary is all of Argo CD, and acts by its name."""
        environment = {
            "ARGOCD_BINARY_NAME": name,
            "ARGOCD_FAKE_IN_CLUSTER": "true",  # its own cluster has the usual address
            "ARGOCD_GPG_ENABLED": "false",
            "KUBECONFIG": str(self.folder / "kubeconfig"),
        }
        for what in ("TLS", "SSH"):
            (self.folder / what).mkdir(exist_ok=True)
            environment[f"ARGOCD_{what}_DATA_PATH"] = str(self.folder / what)
        path = os.pathsep.join([str(self._helm.parent), os.environ.get("PATH", os.defpath)])
        program = Program(command, self.folder, name=name, path=path, further=environment)
        self._programs.append(program)

    def _listens(self, port: int) -> bool:
        self.check()
        with socket.socket() as probe:
            return not probe.connect_ex(("127.0.0.1", port))

    def _stop(self) -> None:
        while self._programs:
            self._programs.pop().stop()


def _settings(settings: Mapping[str, str]) -> list[dict[str, Any]]:
    """Its namespace, its settings, a key, and the project that Applications are in."""
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {**_head("v1", "ConfigMap", "argocd-cm"), "data": dict(settings)},
        {**_head("v1", "ConfigMap", "argocd-rbac-cm"), "data": {}},
        {**_head("v1", "Secret", "argocd-secret"), "stringData": {"server.secretkey": "of-a-test"}},
        {**_head("argoproj.io/v1alpha1", "AppProject", "default"), "spec": spec},
    ]


def _head(version: str, kind: str, name: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": PART_OF}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
