"""The real operator as a process beside a cluster, with the rights that we ship and no others.

Tests, the demo and the benchmark start it through here.
"""

import contextlib
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from testbed.cluster import Cluster
from testbed.processes import Program, reserved_port
from testbed.wait import until

ROOT = Path(__file__).resolve().parents[1]
CRDS = ROOT / "crds"
MANIFESTS = ROOT / "manifests"
NAMESPACE = "llamafleet-system"
ACCOUNT = "llamafleet"
START_SECONDS = 180.0
ANSWER_SECONDS = 30.0
"""No answer of its endpoints takes this long, though imports from a slow disk may hold one up."""

PATIENT = "--lease-duration=15"
"""This machine runs a whole control plane and the tests beside the operator."""
PROGRAM = str(Path(sys.executable).parent / "llamafleet")


def install(cluster: Cluster) -> None:
    """Install kinds, namespace and rights; not the operator's Deployment, for here it runs as a process."""
    cluster.install_kinds(CRDS)
    install_rights(cluster)


def install_rights(cluster: Cluster) -> None:
    """Install the namespace of the operator, its service account and its role."""
    for name in ("namespace", "rbac", "carry-over"):
        cluster.kubectl("apply", "--server-side", "-f", str(MANIFESTS / "operator" / f"{name}.yaml"))


class Door(Protocol):
    """A way to the API server that is not the straight one."""

    def kubeconfig(self, folder: Path) -> Path:
        """Write ``config`` into a folder: the shipped service account, by this way."""


class OperatorProcess:
    """One ``llamafleet run`` under the shipped service account.

    Attributes:
        log: the path of its log.
    """

    def __init__(
        self, cluster: Cluster, folder: Path, *options: str, door: Door | None = None, program: str = PROGRAM
    ) -> None:
        """Start it with these further options, without waiting for anything; :meth:`stop` ends it."""
        home = folder / ".kube"
        home.mkdir(parents=True)
        if door is None:
            cluster.kubeconfig_for_service_account(NAMESPACE, ACCOUNT, home / "config")
        else:
            door.kubeconfig(home)
        self._ports = contextlib.ExitStack()  # held until the end: it takes a second or two to listen there
        health, metrics = (self._ports.enter_context(reserved_port()) for _ in range(2))
        self._health = f"http://127.0.0.1:{health}/healthz"
        self._management = f"http://127.0.0.1:{metrics}"
        self._folder = folder
        self._command = [program, "run", f"--health={self._health}"]
        self._command += [f"--metrics-port={metrics}", *options]
        self._program = Program(self._command, folder)
        self.log = self._program.log

    @property
    def pid(self) -> int:
        """The process id, which is its group's id too."""
        return self._program.pid

    @property
    def code(self) -> int | None:
        """Its exit code, negative after a signal; None while it runs."""
        return self._program.code

    @property
    def management(self) -> str:
        """Where its metrics are, as HOST:PORT."""
        return self._management.removeprefix("http://")

    def leads(self) -> bool:
        """Whether it is the one that works, or was when it ended."""
        return "leads, by lease" in self.log.read_text()

    def alive(self) -> bool:
        """Whether its liveness endpoint answers well."""
        self._program.check()
        with contextlib.suppress(OSError, HTTPException):
            return _get(self._health)[0] == 200
        return False

    def metrics(self) -> str:
        """Its metrics, as Prometheus reads them."""
        return _get(f"{self._management}/metrics")[1]

    def ready(self) -> bool:
        """Whether its readiness endpoint answers well."""
        with contextlib.suppress(OSError, HTTPException):
            return _get(f"{self._management}/readyz")[0] == 200
        return False

    def count(self, metric: str) -> float:
        """The sum of a counter over all its labels."""
        lines = self.metrics().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric))

    def restart(self) -> None:
        """End it, and start another one in its place, which goes on with its log."""
        self._program.stop()
        self._program = Program(self._command, self._folder)
        until(self.alive, START_SECONDS, "the operator to be alive again")

    def stop(self) -> None:
        """End it as a pod would be ended: SIGTERM first."""
        self._program.stop()
        self._ports.close()


@contextlib.contextmanager
def running_operator(
    cluster: Cluster, *options: str, door: Door | None = None, program: str = PROGRAM
) -> Iterator[OperatorProcess]:
    """Run the operator, with these further options and by this way, for the length of a block.

    Nobody stands by to go on after it, so its lease is a patient one unless the options name another.
    """
    with tempfile.TemporaryDirectory(prefix="llamafleet-") as folder:
        process = OperatorProcess(cluster, Path(folder), PATIENT, *options, door=door, program=program)
        try:
            until(process.alive, START_SECONDS, "the operator to be alive")
            yield process
        finally:
            process.stop()


def _get(address: str) -> tuple[int, str]:
    """Status and body of an answer; the address is one of our own."""
    with urllib.request.urlopen(address, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - http, our own port
        return answer.status, answer.read().decode()
