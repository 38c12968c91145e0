"""Command lines and settings of the real node's programs; pure, so that they can be read in one place.

Where they differ from a machine of a real cluster, the reason stands beside it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.nodes import GPU_RESOURCE

NAME = "real-1"
ADDRESS = "10.246.0.1"  # on the loopback device: a node needs an address, or logs and exec find no kubelet
POD_ADDRESSES = "10.245.0.0/24"
BRIDGE = "testbed0"
LABEL = ("testbed.llamafleet.io/node", "real")  # by which a GpuPool finds this node and no fake one


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one real node keeps its files.

    Attributes:
        binaries: the folder with the programs of the suite "the real node".
        runc: the path of runc.
        folder: logs and settings, readable from outside.
        state: what the programs write; a file system in memory that only they see.
        authority: the certificate by which the kubelet knows the API server.
        cgroup: the name of the control group that holds every pod.
        pause: the image of a pod's first container.
    """

    binaries: Path
    runc: Path
    folder: Path
    state: Path
    authority: Path
    cgroup: str
    pause: str

    @property
    def socket(self) -> str:
        """Where containerd listens."""
        return f"{self.state}/containerd.sock"

    def kubeconfig(self, component: str) -> Path:
        """The kubeconfig of a component."""
        return self.folder / f"{component}.kubeconfig"


def write_settings(layout: Layout) -> None:
    """Write the settings that the command lines name."""
    (layout.folder / "containerd.toml").write_text(containerd_settings(layout), "utf-8")
    (layout.folder / "kubelet.json").write_text(json.dumps(kubelet_settings(layout)), "utf-8")
    (layout.folder / "resolv.conf").write_text("", "utf-8")
    (layout.folder / "cni").mkdir()
    (layout.folder / "cni" / "pods.conflist").write_text(json.dumps(pod_network(layout)), "utf-8")


def containerd(layout: Layout) -> list[str]:
    """Containerd with its own root."""
    return [str(layout.binaries / "containerd"), f"--config={layout.folder / 'containerd.toml'}"]


def ctr(layout: Layout, *arguments: str) -> list[str]:
    """Containerd's own client, in the namespace of Kubernetes."""
    return [str(layout.binaries / "ctr"), f"--address={layout.socket}", "--namespace=k8s.io", *arguments]


def kubelet(layout: Layout) -> list[str]:
    """The kubelet as process of this machine, without a cloud and without devices."""
    return [
        str(layout.binaries / "kubelet"),
        f"--config={layout.folder / 'kubelet.json'}",
        f"--kubeconfig={layout.kubeconfig('kubelet')}",
        f"--hostname-override={NAME}",
        f"--node-ip={ADDRESS}",
        f"--node-labels={'='.join(LABEL)}",
        f"--root-dir={layout.state / 'kubelet'}",
        f"--cert-dir={layout.state / 'kubelet-pki'}",
    ]


def kube_proxy(layout: Layout) -> list[str]:
    """kube-proxy; the sizes of the kernel's connection table are the machine's, and stay."""
    return [
        str(layout.binaries / "kube-proxy"),
        f"--kubeconfig={layout.kubeconfig('kube-proxy')}",
        f"--hostname-override={NAME}",
        "--proxy-mode=nftables",
        f"--bind-address={ADDRESS}",
        f"--healthz-bind-address={ADDRESS}:10256",
        f"--metrics-bind-address={ADDRESS}:10249",
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ]


def containerd_settings(layout: Layout) -> str:
    """containerd's settings, in TOML."""
    return f"""\
version = 3
root = "{layout.state}/containerd"
state = "{layout.state}/containerd-state"
[grpc]
  address = "{layout.socket}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{layout.pause}"
[plugins.'io.containerd.cri.v1.runtime']
  # A machine that is itself in a container may not lower the OOM scores of processes.
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{layout.binaries}"]
  conf_dir = "{layout.folder}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "{layout.runc}"
  SystemdCgroup = false
"""


def kubelet_settings(layout: Layout) -> dict[str, Any]:
    """A KubeletConfiguration: timings are those of a real cluster, for tests wait for what they decide."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.authority)},
        },
        "authorization": {"mode": "Webhook"},
        "registerWithTaints": [{"key": GPU_RESOURCE, "value": "present", "effect": "NoSchedule"}],
        "containerRuntimeEndpoint": f"unix://{layout.socket}",
        "clusterDomain": "cluster.local",
        "clusterDNS": ["10.96.0.10"],  # nobody answers there; pods want an address all the same
        "resolvConf": str(layout.folder / "resolv.conf"),
        "podLogsDir": str(layout.state / "pod-logs"),
        "volumePluginDir": str(layout.state / "volume-plugins"),
        # The machine's own limits are not the tests' business, and neither are full disks and swap.
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "imageGCHighThresholdPercent": 100,
    }


def pod_network(layout: Layout) -> dict[str, Any]:
    """One bridge; pods and this machine reach each other over it, and nobody else does."""
    ranges = [[{"subnet": POD_ADDRESSES}]]
    ipam = {"type": "host-local", "ranges": ranges, "dataDir": str(layout.state / "addresses")}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isDefaultGateway": True, "ipam": ipam}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}
