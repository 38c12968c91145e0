"""The guides, played: every command of kubectl in them, in their order, on a control plane with the operator.

The nodes are fake, so nothing is served, and the operator is a process beside them. What Helm installs, and
what a real node runs, is tried elsewhere.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from builders import ROOT
from docs.running import run
from docs.sandbox import commands_of, furnish
from docs.shell import Command
from fleet_operator import install, running_operator
from testbed import binaries
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

WITHOUT_GPUS: Final = "docs/getting-started-kind.md"
WITH_GPUS: Final = ("docs/budget.md", "docs/batch-windows.md", "docs/getting-started-gpu.md")
"""The last one takes the kinds away in the end."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "rollout status": "the operator is no Deployment here",
    "run ask": "nobody answers in a pod of a fake node",
    "--for=condition=WindowOpen": "it waits for the night",
    "--timeout=30m": "likewise",
}
"""Commands that are not played, by a part of them."""

TEAM_B: Final = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-b}\n"
"""A namespace of the reader's that a guide only speaks of."""

PROGRAMS: Final = Path(sys.executable).parent
SECONDS: Final = 180.0


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """A control plane with our kinds, and the operator at work."""
    install(control_plane)
    with running_operator(control_plane):
        yield control_plane


class Reader:
    """Somebody who follows a page, in a folder with its files."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        """Take the cluster by its kubeconfig."""
        path = os.pathsep.join((str(binaries.ensure()), str(PROGRAMS), os.defpath))
        self._folder = folder
        self._environment = {
            "PATH": path,
            "HOME": str(folder),
            "KUBECONFIG": str(cluster.kubeconfig),
            "KUBECACHEDIR": str(folder / ".kubectl"),
            "HF_TOKEN": "a token",
            "LC_ALL": "C.UTF-8",
        }

    def types(self, line: str) -> str:
        """What the shell prints for a line; a watch is given a minute to see the fleet Ready."""
        if "--watch" in line:
            seen = line.replace("--watch", "").replace(" get ", " wait ")
            line = f"{seen} --for=condition=Ready --timeout=180s"
        shell = ["/bin/sh", "-c", line]
        done = run(*shell, folder=self._folder, env=self._environment)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def follows(self, page: str, end: str = "") -> None:
        """Types every command of kubectl on the page, or those before the one that ends so."""
        furnish(ROOT / page, self._folder)
        for command in commands_of(ROOT / page):
            if end and command.line.endswith(end):
                return
            if command.program == "kubectl" and not any(part in command.line for part in ELSEWHERE):
                self._follow(command)

    def _follow(self, command: Command) -> None:
        """What a path of JSON leads to comes within a minute."""
        if "jsonpath=" in command.line:
            until(lambda: self.types(command.line).strip(), SECONDS, f"{command.text} to print something")
        else:
            self.types(command.line)


def test_the_guide_for_kind_ends_with_a_fleet_that_waits_for_a_gpu(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    until(is_before_midnight, SECONDS, "the next day: the guide opens its fleet until midnight")
    reader, close = Reader(cluster, tmp_path), "open-until-"
    reader.follows(WITHOUT_GPUS, end=close)
    seen = "kubectl get llama nightly"
    until(lambda: "Unschedulable" in reader.types(seen), SECONDS, "the fleet to wait for a GPU")
    by_day = json.dumps({"spec": {"schedule": {"timeZone": where_it_is_noon()}}})
    reader.types(f"kubectl patch llama nightly --type=merge --patch='{by_day}'")
    reader.types(f"kubectl annotate llama nightly llamafleet.io/{close}")
    until(lambda: "ScaledToZero" in reader.types(seen), SECONDS, "the fleet to close again")


def is_before_midnight() -> bool:
    """Whether this day, in UTC, has the minutes that the guide takes."""
    now = datetime.now(UTC)
    return (now.hour, now.minute) < (23, 58)


def where_it_is_noon() -> str:
    """A time zone in which no fleet is open for the night now."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.mark.parametrize("page", WITH_GPUS)
def test_a_guide_can_be_followed(page: str, cluster: ControlPlane, tmp_path: Path) -> None:
    cluster.add_gpu_nodes(1)
    cluster.kubectl("apply", "--server-side", "-f", "-", input=TEAM_B)
    Reader(cluster, tmp_path).follows(page)


def test_what_is_not_played_is_on_a_page() -> None:
    lines = [one.line for page in (WITHOUT_GPUS, *WITH_GPUS) for one in commands_of(ROOT / page)]
    assert all(any(part in line for line in lines) for part in ELSEWHERE)
