"""GPU nodes that exist only on paper: the Node objects that a cluster with GPU Feature Discovery would show.

kwok plays their kubelet. Here are only the objects; nothing is sent anywhere.
"""

from dataclasses import dataclass
from typing import Any

from testbed.command_lines import FAKE_NODE_ANNOTATION
from testbed.errors import TestbedError

GPU_RESOURCE = "nvidia.com/gpu"
PODS_PER_NODE = "110"  # the kubelet's default


@dataclass(frozen=True, slots=True)
class Product:
    """What GPU Feature Discovery says of a GPU: memory in MiB as nvidia-smi has it, family, capability."""

    memory_mib: int
    family: str
    compute: tuple[int, int]


# Memory, architecture and compute capability as seen in public node-label dumps and nvidia-smi listings.
PRODUCTS = {
    "NVIDIA-A100-SXM4-80GB": Product(81920, "ampere", (8, 0)),
    "NVIDIA-A100-SXM4-40GB": Product(40960, "ampere", (8, 0)),
    "NVIDIA-H100-80GB-HBM3": Product(81559, "hopper", (9, 0)),
    "NVIDIA-H200": Product(143771, "hopper", (9, 0)),
    "NVIDIA-L4": Product(23034, "ada-lovelace", (8, 9)),
    "NVIDIA-L40S": Product(46068, "ada-lovelace", (8, 9)),
}


@dataclass(frozen=True, slots=True)
class NodeKind:
    """A kind of GPU node; the defaults are eight A100-80GB in a machine with 1152 GiB of memory.

    Attributes:
        gpu_product: the value of the label ``nvidia.com/gpu.product``.
        gpus: GPUs per node.
        memory: of the host, as a Kubernetes quantity.
        cpu: of the host, as a Kubernetes quantity.
    """

    gpu_product: str = "NVIDIA-A100-SXM4-80GB"
    gpus: int = 8
    memory: str = "1152Gi"
    cpu: str = "96"


def gpu_node(name: str, kind: NodeKind) -> dict[str, Any]:
    """Return one Node with labels, taint and capacity.

    Raises:
        TestbedError: nothing is known of the GPU.
    """
    if kind.gpu_product not in PRODUCTS:
        message = f"gpu_product = {kind.gpu_product}: must be one of {', '.join(PRODUCTS)}."
        raise TestbedError(message)
    resources = {"cpu": kind.cpu, "memory": kind.memory, "pods": PODS_PER_NODE, GPU_RESOURCE: str(kind.gpus)}
    resources["ephemeral-storage"] = "16Ti"  # room for as many pods as a node takes
    annotation, value = FAKE_NODE_ANNOTATION
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "annotations": {annotation: value}, "labels": _labels(name, kind)},
        "spec": {"taints": [{"key": GPU_RESOURCE, "value": "present", "effect": "NoSchedule"}]},
        "status": {"capacity": resources, "allocatable": resources},
    }


def _labels(name: str, kind: NodeKind) -> dict[str, str]:
    product = PRODUCTS[kind.gpu_product]
    major, minor = product.compute
    return {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.product": kind.gpu_product,
        "nvidia.com/gpu.count": str(kind.gpus),
        "nvidia.com/gpu.memory": str(product.memory_mib),
        "nvidia.com/gpu.family": product.family,
        "nvidia.com/gpu.compute.major": str(major),
        "nvidia.com/gpu.compute.minor": str(minor),
    }
