"""A real node beside the fake ones: kubelet, containerd, runc and kube-proxy, and pods that are processes.

Everything that it starts lives in one process namespace and one mount namespace, and in the private network
of the test run. The kernel ends all of it with the namespace's first process, and that one dies with this
process: no shim, no pod and no mount outlives a run, however it ends.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from testbed import (
    binaries,
    cgroups,
    debian,
    network,
    node_init,
    node_network,
    node_relay,
    real_node_files,
)
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.images import AnyImage, write_archive
from testbed.nodes import GPU_RESOURCE
from testbed.processes import Program, ended_by_signals
from testbed.real_node_files import NAME, Layout
from testbed.versions import NODE
from testbed.wait import until

START_SECONDS = 180.0  # fifteen are usual on two cores
STOP_SECONDS = 60.0  # from SIGKILL to the last process of the namespace gone; a slow disk holds some up
GPUS = 16  # as many replicas of one GPU as any test wants


def obstacle() -> str | None:
    """Why this machine, or this run, can have no real node; None when it can."""
    if os.geteuid() or Path("/proc/self/uid_map").read_text("utf-8").split() != ["0", "0", "4294967295"]:
        return "a real node needs root"
    if not network.is_private():
        how = "run the tests by `make test`, or under `python -m testbed network --`"
        return f"a real node needs a network of its own: {how}"
    if not cgroups.writable():
        return "a real node needs control groups of its own, and they cannot be made here"
    if binaries.find(NODE) is None or debian.find() is None:
        return "the programs of the real node are missing: `make setup` builds them"
    return None


class RealNode:
    """One real node of a control plane, as a context manager. There can be one at a time in a network.

    Attributes:
        name: of the Node object.
    """

    name = NAME

    def __init__(
        self, control_plane: ControlPlane, programs: Mapping[str, Path], images: Sequence[AnyImage]
    ) -> None:
        """Prepare a node; nothing happens before it is entered.

        Args:
            control_plane: which cluster it joins.
            programs: programs that all images share, as ``write_archive`` takes them.
            images: what pods may name; the first one, an ``Image``, serves as the pause image, too.
        """
        self._cluster = control_plane
        self._images = images
        self._files = dict(programs)
        self._programs: list[Program] = []
        self._inside = ""
        self._held = contextlib.ExitStack()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start the programs and wait until the node is Ready.

        Raises:
            TestbedError: a real node is not possible here, or a program died during the start.
        """
        if why := obstacle():
            raise TestbedError(why)
        with contextlib.ExitStack() as stack:
            stack.enter_context(ended_by_signals())
            self._layout = self._prepare(stack)
            real_node_files.write_settings(self._layout)
            write_archive(self._layout.folder / "images.tar", self._files, self._images)
            stack.callback(self._stop)
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End everything; what the namespaces held is gone with them."""
        self._stack.close()

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each program that was started here, by its name."""
        return {program.name: program.pid for program in self._programs}

    def check(self) -> None:
        """Raise a TestbedError when a program has died."""
        for program in self._programs:
            program.check()

    def processes(self) -> list[int]:
        """Every process of the node, pods and shims included."""
        return sorted(_of_namespace(self._inside))

    def _prepare(self, stack: contextlib.ExitStack) -> Layout:
        """Make folder, control group and network; each with what takes it away."""
        folder = self._cluster.folder / "node"
        state = folder / "state"
        state.mkdir(parents=True)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cgroups.remove_abandoned()
        cgroup = cgroups.new_name()
        stack.callback(cgroups.remove, cgroup)
        cgroups.make(cgroup)
        stack.enter_context(node_network.furnished())
        authority = self._cluster.authority
        for component, user in (
            ("kubelet", (f"system:node:{NAME}", "system:nodes")),
            ("kube-proxy", ("system:kube-proxy",)),
        ):
            self._cluster.write_kubeconfig(folder / f"{component}.kubeconfig", *user)
        programs = binaries.ensure(NODE)
        return Layout(
            programs, debian.ensure()["runc"], folder, state, authority, cgroup, self._images[0].name
        )

    def _start(self) -> None:
        layout = self._layout
        self._programs.append(self._first_process())
        until(self._is_mounted, START_SECONDS, "the file systems of the node")
        self._run("containerd", real_node_files.containerd(layout))
        until(lambda: self._tried("version"), START_SECONDS, "containerd to answer")
        self._import()
        for name, command in (
            ("kubelet", real_node_files.kubelet(layout)),
            ("kube-proxy", real_node_files.kube_proxy(layout)),
        ):
            self._run(name, command)
        relay = [sys.executable, "-I", str(node_relay.__file__), *node_relay.arguments(self._cluster.port)]
        self._programs.append(Program(relay, layout.folder, name="relay"))
        self._cluster.apply(node_relay.ENDPOINT)
        self._wait_ready()

    def _first_process(self) -> Program:
        namespaces = ("--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation=private")
        unshare = shutil.which("unshare") or "unshare"
        script = [sys.executable, "-I", "-S", str(node_init.__file__), str(self._layout.state)]
        return Program([unshare, *namespaces, *script], self._layout.folder, name="first-process")

    def _is_mounted(self) -> bool:
        self.check()
        children = Path(f"/proc/{self._programs[0].pid}/task/{self._programs[0].pid}/children")
        found = children.read_text("utf-8").split()
        if not found or not Path(f"/proc/{found[0]}/root{self._layout.state}/mounted").exists():
            return False
        self._first = int(found[0])
        inside = Path(f"/proc/{self._first}/ns/pid")
        # As long as it is open, its number is given to no other namespace, such as that of another run.
        self._held.enter_context(inside.open("rb", buffering=0))
        self._inside = str(inside.readlink())
        return True

    def _enter(self) -> list[str]:
        """The command that runs another one inside the namespaces."""
        nsenter = shutil.which("nsenter") or "nsenter"
        return [nsenter, f"--target={self._first}", "--mount", "--pid", "--"]

    def _run(self, name: str, command: list[str]) -> None:
        path = f"{self._layout.binaries}:{debian.ensure()['nft'].parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        self._programs.append(Program([*self._enter(), *command], self._layout.folder, name=name, path=path))

    def _tried(self, *arguments: str) -> bool:
        self.check()
        command = [*self._enter(), *real_node_files.ctr(self._layout, *arguments)]
        return not subprocess.run(command, check=False, capture_output=True).returncode

    def _import(self) -> None:
        command = [*self._enter(), *real_node_files.ctr(self._layout, "images", "import", "--local")]
        archive = self._layout.folder / "images.tar"
        result = subprocess.run([*command, str(archive)], check=False, capture_output=True, text=True)
        if result.returncode:
            message = f"containerd refuses the images: {result.stderr.strip()}"
            raise TestbedError(message)
        archive.unlink()

    def _wait_ready(self) -> None:
        """Wait until the node is Ready, and give it its GPUs, which the kubelet then keeps."""
        until(self._is_ready, START_SECONDS, f"node {NAME} to be Ready")
        key = GPU_RESOURCE.replace("/", "~1")
        given = [
            {"op": "add", "path": f"/status/{part}/{name}", "value": amount}
            for part in ("capacity", "allocatable")
            for name, amount in ((key, str(GPUS)), ("ephemeral-storage", "64Gi"))
        ]
        patch = ("--subresource=status", "--type=json", f"--patch={json.dumps(given)}")
        self._cluster.kubectl("patch", "node", NAME, *patch)

    def _is_ready(self) -> bool:
        self.check()
        found = self._cluster.get("nodes", f"--field-selector=metadata.name={NAME}")["items"]
        conditions = [one for node in found for one in node["status"].get("conditions", [])]
        return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)

    def _stop(self) -> None:
        """End the programs, the last first; with the first process every pod and shim ends, too."""
        with self._held:
            while self._programs:
                self._programs.pop().stop()
            until(lambda: not _of_namespace(self._inside), STOP_SECONDS, "the node's processes to be gone")


def _of_namespace(namespace: str) -> set[int]:
    """Every process in this process namespace and in those below it, by its id out here."""
    found: set[int] = set()
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            process = int(entry.name)
            parent = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(process)
            if str((entry / "ns" / "pid").readlink()) == namespace:
                found.add(process)
    below = list(found)
    while below:
        below = [child for process in below for child in children.get(process, []) if child not in found]
        found.update(below)
    return found
