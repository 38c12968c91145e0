"""The volumes of a model pod and where they are mounted.

The root file system is read-only: everything that vLLM writes has a volume of its own here.
"""

from typing import Any, Final

from llamafleet.api.source import ClaimSource, HubSource, ImageSource, parse_source
from llamafleet.planning.plan import Shape
from llamafleet.planning.sizing.host import shared_memory, whole_gib
from llamafleet.rendering.source import WEIGHTS_FOLDER

CACHE_FOLDER: Final = "/cache"


def volumes(shape: Shape) -> list[dict[str, Any]]:
    """The ``volumes`` of the pod."""
    shm = f"{whole_gib(shared_memory(shape.gpus))}Gi"
    return [
        {"name": "weights", **_weights(shape)},
        {"name": "cache", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": shm}},
    ]


def _weights(shape: Shape) -> dict[str, Any]:
    match parse_source(shape.checkpoint):
        case HubSource():
            return {"emptyDir": {}}
        case ClaimSource(claim=claim):
            return {"persistentVolumeClaim": {"claimName": claim, "readOnly": True}}
        case ImageSource(reference=reference):
            return {"image": {"reference": reference, "pullPolicy": "IfNotPresent"}}


def volume_mounts(shape: Shape) -> list[dict[str, Any]]:
    """The ``volumeMounts`` of the serving container."""
    downloaded = isinstance(parse_source(shape.checkpoint), HubSource)
    weights = {"name": "weights", "mountPath": WEIGHTS_FOLDER}
    return [
        weights if downloaded else {**weights, "readOnly": True},
        {"name": "cache", "mountPath": CACHE_FOLDER},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path inside the container, on its own volume
        {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - likewise
    ]
