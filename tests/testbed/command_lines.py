"""The command line of each program of the control plane; pure, so that it can be read in one place.

Kubernetes' own defaults stay wherever they do: admission, controllers and timings are those of a real
cluster.
"""

from dataclasses import dataclass
from pathlib import Path

SERVICE_ADDRESSES = "10.96.0.0/16"
POD_ADDRESSES = "10.244.0.0/16"
ISSUER = "https://kubernetes.default.svc.cluster.local"  # of service-account tokens
FAKE_NODE_ANNOTATION = ("kwok.x-k8s.io/node", "fake")
STAGES = Path(__file__).parent / "stages"

UNBRAKED = ["--kube-api-qps=2000", "--kube-api-burst=4000"]
"""Far more requests per second than a small machine can answer; the defaults are 20 and 50."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one control plane keeps its files, and the ports it has.

    Attributes:
        binaries: the folder with the programs.
        folder: the data folder, with keys under ``pki`` and one kubeconfig per component.
        port: where kube-apiserver listens.
        kubelet_port: where kwok answers for the kubelets of its nodes.
        audit: whether kube-apiserver writes an audit log.
        hurried: whether controllers and scheduler may send as many requests as they like.
    """

    binaries: Path
    folder: Path
    port: int
    kubelet_port: int
    audit: bool = False
    hurried: bool = False

    @property
    def server(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def pki(self) -> Path:
        """The folder with the keys and certificates."""
        return self.folder / "pki"

    @property
    def audit_log(self) -> Path:
        """The audit log, one JSON object per line."""
        return self.folder / "audit.log"

    @property
    def audit_policy(self) -> Path:
        """What the audit log records."""
        return self.folder / "audit-policy.json"

    @property
    def etcd_socket(self) -> str:
        """Where etcd listens: a socket in the data folder, for which no port is needed."""
        return f"unix://{self.folder}/etcd.sock"

    def kubeconfig(self, component: str) -> Path:
        """The kubeconfig of a component, or of the admin."""
        return self.folder / f"{component}.kubeconfig"


def etcd(layout: Layout) -> list[str]:
    """Start etcd without waiting for the disk: nobody needs the data after a power cut."""
    nobody = "http://127.0.0.1:1"  # etcd insists on a host and a port to tell others, and there are none
    return [
        str(layout.binaries / "etcd"),
        f"--data-dir={layout.folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={layout.etcd_socket}",
        f"--advertise-client-urls={nobody}",
        f"--listen-peer-urls=unix://{layout.folder}/etcd-peer.sock",
        f"--initial-advertise-peer-urls={nobody}",
        f"--initial-cluster=default={nobody}",
    ]


def kube_apiserver(layout: Layout) -> list[str]:
    """kube-apiserver with RBAC, on loopback alone."""
    pki = layout.pki
    audit = [f"--audit-policy-file={layout.audit_policy}", f"--audit-log-path={layout.audit_log}"]
    return [
        str(layout.binaries / "kube-apiserver"),
        f"--etcd-servers={layout.etcd_socket}",
        f"--secure-port={layout.port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",  # loopback is no address for the Service "kubernetes"
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        f"--service-account-issuer={ISSUER}",
        f"--service-cluster-ip-range={SERVICE_ADDRESSES}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        *(audit if layout.audit else []),
    ]


def kube_controller_manager(layout: Layout) -> list[str]:
    """kube-controller-manager with every controller under its own service account."""
    return [
        str(layout.binaries / "kube-controller-manager"),
        f"--kubeconfig={layout.kubeconfig('kube-controller-manager')}",
        f"--root-ca-file={layout.pki / 'ca.crt'}",
        f"--service-account-private-key-file={layout.pki / 'service-account.key'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        *(UNBRAKED if layout.hurried else []),
    ]


def kube_scheduler(layout: Layout) -> list[str]:
    """kube-scheduler as it comes."""
    kubeconfig = layout.kubeconfig("kube-scheduler")
    program = str(layout.binaries / "kube-scheduler")
    unbraked = UNBRAKED if layout.hurried else []
    return [program, f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0", *unbraked]


def kwok(layout: Layout) -> list[str]:
    """kwok for the control plane of this layout; it answers for the logs of its pods, too."""
    return [
        *fake_nodes(layout.binaries, layout.kubeconfig("kwok")),
        f"--node-port={layout.kubelet_port}",
        f"--server-address=127.0.0.1:{layout.kubelet_port}",
        f"--tls-cert-file={layout.pki / 'server.crt'}",
        f"--tls-private-key-file={layout.pki / 'server.key'}",
        "--enable-crds=Logs",
    ]


def fake_nodes(binaries: Path, kubeconfig: Path) -> list[str]:
    """kwok for any cluster: it plays the kubelet for nodes that carry its annotation and for no others."""
    return [
        str(binaries / "kwok"),
        f"--kubeconfig={kubeconfig}",
        *(f"--config={stage}" for stage in sorted(STAGES.glob("*.yaml"))),
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={'='.join(FAKE_NODE_ANNOTATION)}",
        f"--cidr={POD_ADDRESSES}",
        "--node-ip=127.0.0.1",
        "--node-lease-duration-seconds=40",  # the kubelet's own default
    ]


AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
