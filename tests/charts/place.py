"""A namespace that Helm installs into, and what a test looks at there."""

import json
from pathlib import Path
from typing import Any

from e2e.helm import Helm
from llamafleet.api.names import CARRY_OVER_NAME
from testbed.wheels import Major

PREVIOUS = Path(__file__).parent / "previous"
FIRST = {name: PREVIOUS / f"{name}-0.1.0.tgz" for name in ("llamafleet", "llamafleet-crds")}
SPENT = {"team-a.scout": json.dumps({"month": "2026-11", "spent": "271.50"})}
KIND = "llamadeployments.llamafleet.io"
KINDS = (KIND, "gpupools.llamafleet.io")


class Place:
    """One namespace, and one Helm that installs into it."""

    def __init__(self, helm: Helm, major: Major, namespace: str) -> None:
        """Take them; nothing is installed."""
        self.cluster, self.namespace, self.major, self._helm = helm.cluster, namespace, major, helm

    def helm(self, *arguments: str) -> str:
        return self._helm(*arguments, namespace=self.namespace)

    def get(self, kind: str, name: str) -> dict[str, Any]:
        return self.cluster.get(kind, name, f"--namespace={self.namespace}")

    def accounts(self) -> dict[str, str]:
        """The data of the ConfigMap with the accounts of deleted resources."""
        found: dict[str, str] = self.get("configmap", CARRY_OVER_NAME).get("data", {})
        return found

    def spend(self) -> None:
        """Write an account, as the operator does."""
        self.cluster.kubectl(
            *("patch", "configmap", CARRY_OVER_NAME, f"--namespace={self.namespace}"),
            *("--type=merge", "--field-manager=llamafleet", f"--patch={json.dumps({'data': SPENT})}"),
        )

    def version(self, kind: str, name: str) -> str:
        """The chart that an object says it is of."""
        labels: dict[str, str] = self.get(kind, name)["metadata"].get("labels", {})
        return labels.get("helm.sh/chart", "")
