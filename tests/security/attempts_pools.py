"""Attempts by GpuPools. Only an administrator may make one; it says where pods may run, and nothing else."""

from typing import Final

from security.attempts import Attempt, llama, pool

RESOURCE: Final = "spec.resourceName"
SELECTOR: Final = "spec.nodeSelector"

RESOURCES: Final = {
    "cpu for a GPU": "cpu",
    "memory for a GPU": "memory",
    "huge pages for a GPU": "hugepages-2Mi",
    "a quota for a GPU": "requests.nvidia.com/gpu",
    "a resource of Kubernetes' own": "attachable-volumes.kubernetes.io/aws",
    "a resource with a line break": "nvidia.com/gpu\nrdma/hca",
    "a resource with a space": "nvidia.com/gpu rdma/hca",
    "a resource that climbs": "../gpu",
    "two resources": "nvidia.com/gpu/rdma",
    "a resource that is a variable": "$(RESOURCE)/gpu",
    "a resource without end": "a" * 300 + "/gpu",
}
SELECTORS: Final = {
    "a label with a line break": {"a": "b\nc"},
    "a label with a command": {"a": "$(reboot)"},
    "a key that climbs": {"../a": "b"},
    "a key with a space": {"a b": "c"},
    "a key without end": {"k" * 400: "v"},
    "a label that is a list": {"a": ["b"]},
    "labels without number": {f"k{n}": "v" for n in range(99)},
}

REFUSED_POOLS: Final = {
    **{what: Attempt(pool(resourceName=name), RESOURCE) for what, name in RESOURCES.items()},
    **{f"{what}, of a node": Attempt(pool(nodeSelector=one), SELECTOR) for what, one in SELECTORS.items()},
    "a GPU that nobody knows": Attempt(pool(gpu="--help"), "spec.gpu"),
    "a GPU that climbs": Attempt(pool(gpu="custom-../x"), "spec.gpu"),
    "a price below nothing": Attempt(pool(price={"onDemand": "-1"}), "spec.price.onDemand"),
    "a price that is no number": Attempt(pool(price={"spot": "NaN"}), "spec.price.spot"),
    "a price as a float": Attempt(pool(price={"onDemand": 1.0}), "spec.price.onDemand"),
    "a node of GPUs without number": Attempt(pool(gpusPerNode=10**6), "spec.gpusPerNode"),
    "a taint with a line break": Attempt(
        pool(tolerations=[{"key": "a\nb", "operator": "Exists"}]), "spec.tolerations[0].key"
    ),
    "taints without number": Attempt(pool(tolerations=[{"operator": "Exists"}] * 99), "spec.tolerations"),
    "a taint with another operator": Attempt(
        pool(tolerations=[{"key": "a", "operator": "Gt", "value": "1"}]), "spec.tolerations[0].operator"
    ),
    "a pool with an account": Attempt(pool(serviceAccountName="builder"), "unknown field"),
    "a pool with a runtime": Attempt(pool(runtimeClassName="host"), "unknown field"),
    "memory below nothing": Attempt(pool(hostMemoryPerGpu="-1Gi"), "spec.hostMemoryPerGpu"),
}

TAKEN_POOLS: Final = {
    "every-taint": pool(tolerations=[{"operator": "Exists"}]),
    "another-device": pool(resourceName="rdma/hca"),
    "control-plane": pool(nodeSelector={"node-role.kubernetes.io/control-plane": ""}),
    "a-gpu-of-nobody": pool(gpu="custom-nobody"),
}
"""What an administrator may say. It reaches pods that name the pool, and only as a place to be."""

FLEETS_ON_POOLS: Final = {
    f"a fleet on the pool {name}": Attempt(llama(gpu={"pools": [name]}), None) for name in TAKEN_POOLS
}
