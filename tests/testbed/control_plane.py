"""One running control plane: start it, use it, and nothing is left of it.

It offers what tests and demos need of any Kubernetes; it knows nothing of the resources that they create.
"""

import contextlib
import datetime as dt
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Self

from testbed import audit as audits
from testbed import binaries, command_lines, pki
from testbed.cluster import Cluster
from testbed.command_lines import Layout
from testbed.errors import TestbedError
from testbed.processes import Program, ended_by_signals, reserved_port
from testbed.wait import until

START_SECONDS = 180.0  # five to ten are usual on two cores; a loaded machine may need a multiple
WATCH_SECONDS = 1.0  # how soon a cluster that somebody plays with says that a program of it died

LOGS_CRD = Path(__file__).parent / "kwok-logs-crd.yaml"

# The users of the components that are not the admin, and their groups. kwok plays every node's kubelet.
COMPONENTS = {
    "admin": ("admin", "system:masters"),
    "kube-controller-manager": ("system:kube-controller-manager",),
    "kube-scheduler": ("system:kube-scheduler",),
    "kwok": ("kwok", "system:masters"),
}


class ControlPlane(Cluster):
    """A Kubernetes control plane on this machine, as a context manager.

    Several can run side by side: each has its own data folder, keys and ports.

    ``folder`` is its data folder, with a log per program, and goes when it stops; ``kubeconfig`` is the
    admin's.
    """

    def __init__(self, *, audit: bool = False, hurried: bool = False) -> None:
        """Prepare a control plane; nothing happens before it is entered.

        Args:
            audit: whether the API server records every request in ``audit_log``. Where used rights are
                collected (see ``testbed.audit``), a control plane that is in no hurry does so in any case.
            hurried: whether its controllers and its scheduler work as fast as the machine can, for thousands
                of pods; else as they come, with 20 and 50 requests per second.
        """
        collected = audits.folder() is not None and not hurried
        self._options = {"audit": audit or collected, "hurried": hurried}
        self._stack = contextlib.ExitStack()
        self._programs: list[Program] = []
        self._keep_folder = False

    def __enter__(self) -> Self:
        """Build the programs when they are missing, start them, and wait until they serve.

        Raises:
            TestbedError: a program is missing, cannot be built, or died during the start.
        """
        programs = binaries.ensure()
        with contextlib.ExitStack() as stack:
            stack.enter_context(ended_by_signals())
            ports = stack.enter_context(reserved_port()), stack.enter_context(reserved_port())
            folder = Path(tempfile.mkdtemp(prefix="testbed-"))
            self._layout = Layout(programs, folder, *ports, **self._options)
            super().__init__(programs / "kubectl", self._layout.kubeconfig("admin"), folder)
            stack.callback(self._remove_folder)
            stack.callback(self._leave_uses)
            stack.callback(self._stop)
            try:
                self._write_files()
                self._start()
            except TestbedError:
                self._keep_folder = True  # the error names a log in there
                raise
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End every program and remove the data folder."""
        self._stack.close()

    @property
    def audit_log(self) -> Path:
        """The audit log, one JSON object per line; it exists only with ``audit=True``."""
        return self._layout.audit_log

    @property
    def port(self) -> int:
        """Where the API server listens, on loopback."""
        return self._layout.port

    @property
    def authority(self) -> Path:
        """The certificate that the server certificate and every client's is signed by."""
        return self._layout.pki / "ca.crt"

    def write_kubeconfig(self, path: Path, user: str, *groups: str) -> None:
        """Write a kubeconfig for a user of these groups, with a fresh certificate."""
        entries = pki.certificate_user(self._authority.client(user, *groups))
        path.touch(mode=0o600)
        path.write_text(pki.kubeconfig(self._layout.server, self._authority.certificate, entries), "utf-8")

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each program, by its name."""
        return {program.name: program.pid for program in self._programs}

    def check(self) -> None:
        """Raise a TestbedError when a program has died."""
        for program in self._programs:
            program.check()

    def wait(self) -> None:
        """Wait until a program dies, which raises a TestbedError, or for a signal."""
        while True:
            self.check()
            time.sleep(WATCH_SECONDS)

    def _write_files(self) -> None:
        """Write keys, certificates, kubeconfigs and the audit policy into the data folder."""
        folder = self._layout.pki
        folder.mkdir(mode=0o700)
        self._authority = pki.Authority(dt.datetime.now(dt.UTC))
        (folder / "ca.crt").write_bytes(self._authority.certificate)
        self._authority.server().write(folder, "server")
        self._authority.client("kube-apiserver", "system:masters").write(folder, "kubelet-client")
        private, public = pki.signing_key()
        (folder / "service-account.key").write_bytes(private)
        (folder / "service-account.pub").write_bytes(public)
        self._layout.audit_policy.write_text(json.dumps(command_lines.AUDIT_POLICY), "utf-8")
        for component, user in COMPONENTS.items():
            self.write_kubeconfig(self._layout.kubeconfig(component), *user)

    def _start(self) -> None:
        """Start the programs in the order in which they need each other."""
        for command in (command_lines.etcd, command_lines.kube_apiserver):
            self._programs.append(Program(command(self._layout), self.folder))
        until(lambda: self._answers("--raw=/readyz"), START_SECONDS, "the API server to be ready")
        self.install_kinds(LOGS_CRD)
        for command in (
            command_lines.kube_controller_manager,
            command_lines.kube_scheduler,
            command_lines.kwok,
        ):
            self._programs.append(Program(command(self._layout), self.folder))
        account = ("serviceaccount", "default", "--namespace=default")
        until(
            lambda: self._answers(*account),
            START_SECONDS,
            "the controllers to make the default service account",
        )

    def _answers(self, *arguments: str) -> bool:
        self.check()
        try:
            self.kubectl("get", *arguments)
        except TestbedError:
            return False
        return True

    def _leave_uses(self) -> None:
        """Leave what was asked where it is collected."""
        if there := audits.folder():
            audits.keep(self.audit_log, there)

    def _remove_folder(self) -> None:
        if not self._keep_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _stop(self) -> None:
        while self._programs:
            self._programs.pop().stop()
