"""The ways in by Helm: a chart of the kinds, which Helm keeps, and a chart of everything else."""

import tarfile
from pathlib import Path

from builders import ROOT
from e2e.helm import PATIENCE, Helm
from e2e.inventory import Inventory, line
from e2e.ways import FLEETS, OF_ANY_NAMESPACE, Plain, Way, newest, older
from fleet_operator import NAMESPACE
from llamafleet.api.names import CARRY_OVER_NAME, OPERATOR_NAME

CHARTS = ROOT / "charts"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"

OF_THE_NAMESPACE: Inventory = {
    line("Namespace", "", NAMESPACE),
    *(line(kind, NAMESPACE, name) for kind, name in OF_ANY_NAMESPACE),
    line("ConfigMap", NAMESPACE, CARRY_OVER_NAME),
    line("Lease", NAMESPACE, OPERATOR_NAME),
}
"""The namespace, what Kubernetes puts into each, and what the notes of the chart say to stay."""


class ByHelm(Way):
    """``helm install`` of two charts: the kinds, which Helm keeps, and the operator."""

    stays = FLEETS | OF_THE_NAMESPACE

    def __init__(self, helm: Helm, folder: Path) -> None:
        """Take the Helm to do it with."""
        super().__init__(helm.cluster, folder)
        self.helm = helm

    def install(self) -> None:
        """The charts of before, into a namespace under the restricted rules."""
        self.make_namespace()
        self.helm.install("llamafleet-crds", self._older_kinds())
        self.helm.install("llamafleet", newest("llamafleet-[0-9]*.tgz"))

    def upgrade(self) -> None:
        """The kinds first, as with every upgrade."""
        self.helm.upgrade("llamafleet-crds", CHARTS / "llamafleet-crds")
        self.helm.upgrade("llamafleet", CHARTS / "llamafleet")

    def go_back(self) -> None:
        """The operator of before works with the kinds of now; then it is the one of now again."""
        for revision in ("1", "2"):
            self.helm("rollback", "llamafleet", revision, "--wait", f"--timeout={PATIENCE}")
            super().go_back()

    def uninstall(self) -> None:
        """Both releases; the kinds stay, for that is how they are marked."""
        self.helm("uninstall", "llamafleet", "--wait", "--ignore-not-found")
        self.helm("uninstall", "llamafleet-crds", "--wait", "--ignore-not-found")

    def make_namespace(self) -> None:
        """The operator's namespace; Helm could make it, but not label it."""
        self.cluster.kubectl("create", "namespace", NAMESPACE)
        self.cluster.kubectl("label", "namespace", NAMESPACE, RESTRICTED)

    def _older_kinds(self) -> Path:
        """The chart of the kinds of before, unpacked, and made a little older."""
        with tarfile.open(newest("llamafleet-crds-*.tgz")) as archive:
            archive.extractall(self.folder, filter="data")
        folder = self.folder / "llamafleet-crds"
        for path in (folder / "templates").iterdir():
            path.write_text(older(path.read_text()))
        return folder


class FromPlainToHelm(ByHelm):
    """Plain manifests of before, which the charts of now take over; see docs/helm.md."""

    def install(self) -> None:
        """The file of before."""
        Plain(self.cluster, self.folder).install()

    def upgrade(self) -> None:
        """The Deployment's selector cannot be changed, so it goes before; fleets serve on meanwhile."""
        here, options = f"--namespace={NAMESPACE}", ("--take-ownership", "--force-conflicts")
        self.cluster.kubectl("delete", "deployment", OPERATOR_NAME, here)
        self.helm.install("llamafleet-crds", CHARTS / "llamafleet-crds", *options)
        self.helm.install("llamafleet", CHARTS / "llamafleet", *options)

    def go_back(self) -> None:
        """There is no release of before."""
        self.ready()
