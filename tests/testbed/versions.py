"""Which programs the control plane is made of, and which versions: the one place that says so.

After a change here, ``python -m testbed modules`` writes the pins anew. Nothing is downloaded here.
"""

from dataclasses import dataclass
from pathlib import Path

MODULES_FOLDER = Path(__file__).parent / "modules"

GO_MINIMUM = (1, 26)  # the ``go 1.26.0`` line of Kubernetes 1.37 and of kwok 0.8
GO_REQUIREMENTS = (
    MODULES_FOLDER / "go-requirements.txt"
)  # the Go that is installed where there is none, by hash

STAGING = "./staging/src/"  # where Kubernetes keeps its libraries; published apart as v0.MINOR.PATCH


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module with programs in it; each has a folder of its own, since their dependencies disagree.

    Attributes:
        name: the folder under ``modules/`` that holds go.mod, go.sum and tools.go.
        path: the module's import path.
        version: its version, with the leading "v".
        programs: the name of each binary, and the package that it is built from.
        version_package: the package whose variables tell the program its version; empty when it knows.
    """

    name: str
    path: str
    version: str
    programs: dict[str, str]
    version_package: str = ""

    @property
    def folder(self) -> Path:
        """The folder with the committed go.mod, go.sum and tools.go."""
        return MODULES_FOLDER / self.name

    @property
    def linker_flags(self) -> str:
        """Flags for ``go build -ldflags``: no debug tables, and the version where a program needs telling."""
        major, minor, _patch = self.version.removeprefix("v").split(".")
        said = {"gitVersion": self.version, "gitMajor": major, "gitMinor": minor}
        told = said if self.version_package else {}
        return " ".join(
            ["-s -w", *(f"-X {self.version_package}.{name}={value}" for name, value in told.items())]
        )


ETCD = Module("etcd", "go.etcd.io/etcd/server/v3", "v3.6.6", {"etcd": "go.etcd.io/etcd/server/v3"})
KUBERNETES = Module(
    "kubernetes",
    "k8s.io/kubernetes",
    "v1.37.1",
    # kubelet and kube-proxy are further names for this list.
    {
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    },
    version_package="k8s.io/component-base/version",
)
KWOK = Module("kwok", "sigs.k8s.io/kwok", "v0.8.0", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"})

MODULES = (ETCD, KUBERNETES, KWOK)
PROGRAMS = tuple(program for module in MODULES for program in module.programs)
