"""The ways in, each as its users do it: the same steps, by their own commands. Those by kubectl are here."""

import json
import os
import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from builders import ROOT
from e2e.inventory import Inventory, line
from e2e.looks import ALL_OF_OURS, operators
from fleet_operator import CRDS, MANIFESTS, NAMESPACE
from llamafleet.api.names import OPERATOR_NAME
from llamas import GONE_SECONDS
from node.fleets import POOL
from testbed.cluster import Cluster
from testbed.wait import until

INSTALL = MANIFESTS / "install.yaml"
PREVIOUS = ROOT / "tests" / "charts" / "previous"
KINDS = ("gpupools.llamafleet.io", "llamadeployments.llamafleet.io")
ROLLOUT = "--timeout=180s"
SHORT_NAME = "gpool"

FLEETS: Inventory = {
    *(line("CustomResourceDefinition", "", kind) for kind in KINDS),
    line("APIService", "", "v1alpha1.llamafleet.io"),
    line("GpuPool", "", POOL),
}
"""The fleets themselves are in namespaces of their own."""

OF_ANY_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
"""What Kubernetes puts into every namespace."""


class Way(ABC):
    """One way in.

    Attributes:
        stays: what is said to stay of it after :meth:`uninstall`, beside what is in the fleets' namespaces.
        leaves_fleets: whether the fleets are among that.
    """

    leaves_fleets: ClassVar[bool] = True
    stays: ClassVar[Inventory] = frozenset()

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """Take the cluster, and a folder to write into."""
        self.cluster = cluster
        self.folder = folder

    @abstractmethod
    def install(self) -> None:
        """Install the version of before, and wait until it is ready."""

    @abstractmethod
    def upgrade(self) -> None:
        """Install the version of now over it, and wait until it has taken over."""

    def go_back(self) -> None:
        """Return to the version of before, and to the one of now again; not every way leads back."""
        self.ready()

    @abstractmethod
    def uninstall(self) -> None:
        """Take the operator away, where it is."""

    def remove_all(self) -> None:
        """Take away the operator, then the kinds, and what is left of them; the namespace at last."""
        self.uninstall()
        until(
            lambda: not operators(self.cluster, ALL_OF_OURS), GONE_SECONDS, "the operator's pods to be gone"
        )
        self.cluster.remove_kinds(*KINDS)
        self.cluster.kubectl("delete", "namespace", "--ignore-not-found", NAMESPACE)

    def ready(self) -> None:
        """Wait until every pod of the operator is ready, and those of before are gone."""
        here = f"--namespace={NAMESPACE}"
        self.cluster.kubectl("rollout", "status", f"deployment/{OPERATOR_NAME}", here, ROLLOUT)


class Plain(Way):
    """``kubectl apply`` of one file with everything."""

    leaves_fleets = False

    def install(self) -> None:
        """The file of before."""
        path = self.folder / "install.yaml"
        path.write_text(older((PREVIOUS / "install.yaml").read_text()))
        self._apply(path)

    def upgrade(self) -> None:
        """The file of now."""
        self._apply(INSTALL)

    def uninstall(self) -> None:
        """All of it: the kinds are in there, and with them go the fleets."""
        self.cluster.kubectl("delete", "--ignore-not-found", "-f", str(INSTALL))

    def _apply(self, path: Path) -> None:
        self.cluster.kubectl("apply", "--server-side", "-f", str(path))


class ByKustomize(Way):
    """``kubectl apply -k`` of an overlay over our base, which says what the user wants otherwise."""

    stays = FLEETS

    def install(self) -> None:
        """The kinds, then the base as it is."""
        self.cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
        self._apply()

    def upgrade(self) -> None:
        """The same with a patch."""
        target = {"kind": "Deployment", "name": OPERATOR_NAME}
        argument = {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--workers=8"}
        self._apply(patches=[{"target": target, "patch": json.dumps([argument])}])

    def uninstall(self) -> None:
        """The operator alone: the kinds are not in there."""
        self.cluster.kubectl("delete", "--ignore-not-found", "-k", str(self.folder))

    def _apply(self, **settings: Any) -> None:
        base = os.path.relpath(MANIFESTS / "operator", self.folder)
        overlay = {"resources": [base], **settings}
        (self.folder / "kustomization.yaml").write_text(json.dumps(overlay))
        self.cluster.kubectl("apply", "--server-side", "-k", str(self.folder))


def newest(pattern: str) -> Path:
    """The newest of the charts of before."""
    return max(PREVIOUS.glob(pattern), key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)])


def older(kinds: str) -> str:
    """Text with our kinds, made a little older: so that one sees whether an upgrade brings the new ones."""
    return kinds.replace(f"- {SHORT_NAME}\n", f"- {SHORT_NAME}-of-before\n")
