"""Helm itself, with settings and cache of its own: what a person has of Helm's on this machine stays out."""

import json
from pathlib import Path
from typing import Any

from fleet_operator import NAMESPACE
from testbed import wheels
from testbed.cluster import Cluster
from testbed.command import output_of

PATIENCE = "170s"
"""Of ``--wait``: two operators that follow each other, each looked at every 10 s, on a busy machine."""

PATIENCE_SECONDS = 180.0


class Helm:
    """One major version of Helm, for one cluster and the operator's namespace.

    Attributes:
        cluster: what it installs into.
    """

    def __init__(self, major: wheels.Major, cluster: Cluster, folder: Path) -> None:
        """Take the program, and a folder for all that it wants to keep."""
        self.cluster = cluster
        self._program = wheels.helm(major)
        places = ("cache", "config", "data")
        self._environment = {f"HELM_{place.upper()}_HOME": str(folder / place) for place in places}
        self._environment |= {"HOME": str(folder), "KUBECONFIG": str(cluster.kubeconfig)}

    def __call__(self, *arguments: str, namespace: str = NAMESPACE) -> str:
        """Run it and return what it prints.

        Raises:
            TestbedError: it failed, and the text is its own.
        """
        return output_of(
            f"helm {' '.join(arguments)}",
            [str(self._program), *arguments, f"--namespace={namespace}"],
            seconds=PATIENCE_SECONDS,
            environment=self._environment,
        )

    def install(self, release: str, chart: Path, *options: str) -> str:
        """Install a chart and wait until what it made is ready; what Helm says then."""
        return self("install", release, str(chart), "--wait", f"--timeout={PATIENCE}", *options)

    def upgrade(self, release: str, chart: Path, *options: str) -> str:
        """Upgrade a release, and wait in the same way."""
        return self("upgrade", release, str(chart), "--wait", f"--timeout={PATIENCE}", *options)

    def releases(self) -> dict[str, dict[str, Any]]:
        """The releases by name, as ``helm list`` shows them."""
        found: list[dict[str, Any]] = json.loads(self("list", "--output=json"))
        return {release["name"]: release for release in found}
