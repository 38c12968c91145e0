"""Which pod template a Deployment gets: the one that it has, as long as its author wants nothing else.

A release of the operator may render pods differently: another default image, one more variable. That must not
restart a server that works. So the Deployment says which template it was asked to have and for what wishes;
while these are the same and replicas run, it keeps that template. A new one comes with the author's next
change of a field that pods depend on, with a start from zero, or when its author asks for it.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import RENEW_ANNOTATION, TEMPLATE_ANNOTATION, TEMPLATE_SEAL_ANNOTATION, child_labels
from llamafleet.planning.plan import Pool, Shape
from llamafleet.rendering.objects import digest
from llamafleet.rendering.pod import pod_template

PARTS: Final[Mapping[str, set[str] | bool]] = {
    "model": True,
    "serving": True,
    "gpu": True,
    "schedule": {"drain_timeout"},
}
"""The parts of a spec that pods depend on."""


def template(
    llama: LlamaDeployment, shape: Shape, live: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """The pod template, and the annotations of the Deployment that let the next look keep it.

    Args:
        llama: the resource.
        shape: one replica.
        live: the Deployment of this resource as it is; None: there is none.
    """
    wishes = _wishes(llama, shape)
    found = _kept(llama, live, wishes) if live is not None else None
    if found is None:
        found = pod_template(llama, shape)
    text = orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()
    return found, {TEMPLATE_ANNOTATION: text, TEMPLATE_SEAL_ANNOTATION: _seal(wishes, text)}


def _kept(
    llama: LlamaDeployment, live: Mapping[str, Any], wishes: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The template that the Deployment was asked to have; None when it is not to be kept.

    Not what it has: somebody may have changed that. What somebody did to the annotations breaks the seal.
    Labels that a release knows no more would hide the pods from their Service and their budget.
    """
    annotations = live["metadata"].get("annotations") or {}
    text = annotations.get(TEMPLATE_ANNOTATION, "")
    if not live["spec"].get("replicas", 1) or annotations.get(TEMPLATE_SEAL_ANNOTATION) != _seal(
        wishes, text
    ):
        return None
    found: dict[str, Any] = orjson.loads(text)
    return found if found["metadata"]["labels"] == child_labels(llama.metadata.name) else None


def _seal(wishes: Mapping[str, Any], text: str) -> str:
    """Binds a template to the wishes that it was made for."""
    return digest({"wishes": wishes, "template": text})


def _wishes(llama: LlamaDeployment, shape: Shape) -> dict[str, Any]:
    """All that a person decides about the pods, in no release's words but the API's; defaults are left out.

    What a release works out from it, such as a budget for the start or GiB in host memory, is not here.
    """
    said = llama.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=PARTS)
    return {
        "spec": {part: fields for part, fields in said.items() if fields},
        "renew": llama.metadata.annotations.get(RENEW_ANNOTATION),
        "pool": _pool(shape.pool),
        "shape": {
            "quantization": shape.quantization,
            "checkpoint": shape.checkpoint,
            "capacityType": shape.capacity_type.value,
            "tensorParallel": shape.tensor_parallel,
            "pipelineParallel": shape.pipeline_parallel,
        },
    }


def _pool(pool: Pool) -> dict[str, Any]:
    """What a GpuPool says of its nodes. Its price moves no pod."""
    return {
        "name": pool.name,
        "gpu": pool.gpu.key,
        "nodeSelector": dict(pool.node_selector),
        "tolerations": [one.model_dump(mode="json", exclude_defaults=True) for one in pool.tolerations],
        "resourceName": pool.resource_name,
        "sellsSpot": pool.sells_spot,
    }
