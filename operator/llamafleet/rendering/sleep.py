"""Children of ours as they are, put to sleep: all that can be done for a resource whose spec is refused."""

from collections.abc import Mapping
from typing import Any, Final

from llamafleet.api.names import APPLIED_ANNOTATION
from llamafleet.rendering.service import NOBODY

_IN_ORDER: Final = ("Service", "Deployment")
"""First nobody sends any more, then the pods end."""


def asleep(live: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The Service without pods and the Deployment without replicas; nothing when there is no Deployment.

    Args:
        live: the children that there are, by kind.
    """
    if "Deployment" not in live:
        return ()
    return tuple(_asleep(kind, live[kind]) for kind in _IN_ORDER if kind in live)


def _asleep(kind: str, live: Mapping[str, Any]) -> dict[str, Any]:
    metadata = live["metadata"]
    annotations = metadata.get("annotations", {})
    kept = {field: metadata[field] for field in ("name", "namespace", "labels", "ownerReferences")}
    ours = {key: annotations[key] for key in annotations if key == APPLIED_ANNOTATION}
    return {
        "apiVersion": "apps/v1" if kind == "Deployment" else "v1",
        "kind": kind,
        "metadata": {**kept, "annotations": ours},
        "spec": _deployment(live["spec"]) if kind == "Deployment" else _service(live["spec"]),
    }


def _deployment(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {**spec, "replicas": 0}


def _service(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Without the addresses that the API server has chosen: these are not ours to set."""
    return {"selector": {**spec["selector"], **NOBODY}, "ports": spec["ports"]}
