"""What the tests need around Argo CD: a git repository, and a record of what an Application was."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from testbed.argocd import NAMESPACE, USER
from testbed.audit import whole_lines
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane

BRANCH: Final = "main"
WRITES: Final = {"create", "update", "patch", "delete", "deletecollection"}
ITS_OWN: Final = {"argoproj.io", "events.k8s.io"}


class Repository:
    """A git repository on this machine, which nobody else writes to.

    Attributes:
        url: what Argo CD reads it by.
    """

    def __init__(self, folder: Path) -> None:
        """Make it, with nothing in it."""
        self.folder = folder
        self.url = f"file://{folder}"
        folder.mkdir()
        self._git("init", "--quiet", f"--initial-branch={BRANCH}")

    def add(self, path: str, text: str) -> None:
        """Write a file, or another text into it."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def copy(self, source: Path, path: str) -> None:
        """Copy a folder."""
        shutil.copytree(source, self.folder / path)

    def commit(self, what: str) -> str:
        """Make it what Argo CD sees; the number of the commit."""
        self._git("add", "--all")
        person = ("-c", "user.name=A person", "-c", "user.email=person@example.com")
        self._git(*person, "commit", "--quiet", "--message", what)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        git = shutil.which("git")
        assert git, "git is missing"
        command = [git, "-C", str(self.folder), *arguments]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # ours
        return answer.stdout.strip()


@dataclass(frozen=True, slots=True)
class Sight:
    """An Application at one instant.

    Attributes:
        sync: Synced, OutOfSync or Unknown.
        revision: the commit that this is about.
        health: its health.
        operation: when its last operation was started.
        phase: how that operation went.
        history: the numbers of what was deployed, by way of an operation that changed something.
        compared: when it was compared last.
        fleets: the health of each LlamaDeployment in it.
    """

    sync: str
    revision: str
    health: str
    operation: str
    phase: str
    history: tuple[int, ...]
    compared: str
    fleets: tuple[tuple[str, str], ...]


def sight(application: dict[str, Any]) -> Sight:
    """What its status says."""
    status = application.get("status", {})
    fleets = {
        one["name"]: one.get("health", {}).get("status", "")
        for one in status.get("resources", [])
        if one["kind"] == "LlamaDeployment"
    }
    return Sight(
        sync=status.get("sync", {}).get("status", ""),
        revision=status.get("sync", {}).get("revision", ""),
        health=status.get("health", {}).get("status", ""),
        operation=status.get("operationState", {}).get("startedAt", ""),
        phase=status.get("operationState", {}).get("phase", ""),
        history=tuple(one["id"] for one in status.get("history", [])),
        compared=status.get("reconciledAt", ""),
        fleets=tuple(sorted(fleets.items())),
    )


@contextmanager
def watching(cluster: Cluster, name: str) -> Iterator[list[Sight]]:
    """Everything that an Application was during a block: each change of it that the API server told of."""
    seen: list[Sight] = []
    query = f"watch=true&fieldSelector=metadata.name={name}"
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications?{query}"
    following = cluster.follow("get", "--raw", path)

    def read() -> None:
        assert following.stdout
        whole = (line for line in following.stdout if line.endswith("\n"))  # the last one may be cut
        seen.extend(sight(json.loads(line)["object"]) for line in whole)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        following.terminate()
        reader.join()
        following.wait()
        assert following.stdout
        following.stdout.close()


def writes(control_plane: ControlPlane, since: datetime) -> list[str]:
    """What Argo CD has asked for since then that changes anything but its own records, by the audit log."""
    said = f'"username":"{USER}"'.encode()
    events = [json.loads(line) for line in whole_lines(control_plane.audit_log) if said in line]
    return [
        f"{event['requestReceivedTimestamp']} {event['verb']} {event['requestURI']}"
        for event in events
        if event["verb"] in WRITES
        and event["objectRef"].get("apiGroup") not in ITS_OWN
        and event["objectRef"]["resource"] != "events"
        and "dryRun=All" not in event["requestURI"]
        and datetime.fromisoformat(event["requestReceivedTimestamp"]) >= since
    ]
