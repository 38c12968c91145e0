"""The pod template of a model server."""

import math
from typing import Any, Final

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import (
    GPUS_ANNOTATION,
    POOL_ANNOTATION,
    SERVING_CONTAINER,
    SERVING_PORT,
    SERVING_PORT_NAME,
    child_labels,
)
from llamafleet.api.source import HubSource, parse_source
from llamafleet.planning.drain import drain
from llamafleet.planning.plan import Pool, Shape
from llamafleet.planning.sizing.host import whole_gib
from llamafleet.planning.sizing.image import serving_image
from llamafleet.planning.sizing.memory import GIB
from llamafleet.rendering.capacity import label, node_affinity, tolerations
from llamafleet.rendering.environment import environment
from llamafleet.rendering.probes import pre_stop, probes
from llamafleet.rendering.vllm_args import serve_args
from llamafleet.rendering.volumes import volume_mounts, volumes

RUN_AS: Final = 65532
"""User and group of the server: any number but 0; this one is known as ``nonroot`` in slim images."""

DISK_FACTOR: Final = 1.1
DISK_BASE_GIB: Final = 8
"""Local disk for downloaded weights: a tenth more than the weights themselves, and 8 GiB for the
tokenizer, the compile caches and the log. An estimate; spec.serving.resources overrides it."""

PRODUCT_LABEL: Final = "nvidia.com/gpu.product"
"""Set on nodes by NVIDIA's GPU Feature Discovery."""


def pod_template(llama: LlamaDeployment, shape: Shape) -> dict[str, Any]:
    """The ``template`` of the Deployment."""
    paid = {POOL_ANNOTATION: shape.pool.name, GPUS_ANNOTATION: str(shape.gpus)}
    metadata = {"labels": child_labels(llama.metadata.name), "annotations": paid}
    return {"metadata": metadata, "spec": _pod_spec(llama, shape)}


def _pod_spec(llama: LlamaDeployment, shape: Shape) -> dict[str, Any]:
    return {
        "serviceAccountName": llama.metadata.name,
        "automountServiceAccountToken": False,
        # A Service called "vllm" would inject VLLM_PORT=tcp://…, which vLLM then fails to parse.
        "enableServiceLinks": False,
        "shareProcessNamespace": True,  # the preStop hook must be able to end a server that is still starting
        "terminationGracePeriodSeconds": drain(llama.spec.schedule).grace,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": RUN_AS,
            "runAsGroup": RUN_AS,
            "fsGroup": RUN_AS,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "affinity": {"nodeAffinity": node_affinity(shape, _of_pool(shape.pool))},
        "tolerations": tolerations(shape),
        "containers": [_container(llama, shape)],
        "volumes": volumes(shape),
    }


def _of_pool(pool: Pool) -> list[dict[str, Any]]:
    """What every node of the pool shows: the pool's own labels, or a product that the catalogue knows."""
    if pool.node_selector:
        return [label("In", key, value) for key, value in sorted(pool.node_selector.items())]
    return [label("In", PRODUCT_LABEL, *pool.gpu.products)]


def _container(llama: LlamaDeployment, shape: Shape) -> dict[str, Any]:
    return {
        "name": SERVING_CONTAINER,
        "image": serving_image(llama.spec.serving.image),
        "imagePullPolicy": "IfNotPresent",
        "command": ["vllm", "serve"],
        "args": [_literal(argument) for argument in serve_args(llama, shape)],
        "env": environment(llama, shape),
        "ports": [{"name": SERVING_PORT_NAME, "containerPort": SERVING_PORT, "protocol": "TCP"}],
        "resources": _resources(llama, shape),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        **probes(shape),
        "lifecycle": {"preStop": pre_stop(drain(llama.spec.schedule))},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volume_mounts(shape),
    }


def _literal(argument: str) -> str:
    """The argument as the server shall get it: for ``$(HF_TOKEN)`` Kubernetes would put the token."""
    return argument.replace("$", "$$")


def _resources(llama: LlamaDeployment, shape: Shape) -> dict[str, Any]:
    """Requests by our estimates, the author's own requests and limits above them, GPUs above all.

    A limit without a request is the request, too, as everywhere in Kubernetes: the estimate may be higher.
    """
    own = llama.spec.serving.resources
    gpus = {shape.pool.resource_name: str(shape.gpus)}
    requests = {**_estimates(shape), **(own.limits if own else {}), **(own.requests if own else {})}
    return {
        "requests": {**{key: str(value) for key, value in requests.items()}, **gpus},
        "limits": {**{key: str(value) for key, value in (own.limits if own else {}).items()}, **gpus},
    }


def _estimates(shape: Shape) -> dict[str, str]:
    """CPU, host memory and disk.

    vLLM's own advice is one core for each of its processes: API server, engine, and a worker per GPU.
    """
    estimates = {"cpu": str(2 + shape.gpus), "memory": f"{whole_gib(shape.host_memory)}Gi"}
    if isinstance(parse_source(shape.checkpoint), HubSource):
        disk = math.ceil(shape.weight_bytes / GIB * DISK_FACTOR) + DISK_BASE_GIB
        estimates["ephemeral-storage"] = f"{disk}Gi"
    return estimates
