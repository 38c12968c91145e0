"""Children of ours as they are, made fewer: all that can be done for a resource whose spec is refused."""

from collections.abc import Mapping
from typing import Any, Final

from llamafleet.api.names import APPLIED_ANNOTATION, TEMPLATE_ANNOTATION, TEMPLATE_SEAL_ANNOTATION
from llamafleet.rendering.service import NOBODY

_IN_ORDER: Final = ("Service", "Deployment")
"""First nobody sends any more, then the pods end."""


OURS: Final = frozenset({APPLIED_ANNOTATION, TEMPLATE_ANNOTATION, TEMPLATE_SEAL_ANNOTATION})
"""Our annotations on children. What an apply leaves out, it removes."""


def asleep(live: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The Service without pods and the Deployment without replicas; nothing when there is no Deployment.

    Args:
        live: the children that there are, by kind.
    """
    if "Deployment" not in live:
        return ()
    specs = {"Service": _service(live["Service"]["spec"])} if "Service" in live else {}
    specs |= {"Deployment": _deployment(live["Deployment"]["spec"], 0)}
    return tuple(_changed(kind, live[kind], specs[kind]) for kind in _IN_ORDER if kind in specs)


def shortened(live: Mapping[str, Mapping[str, Any]], replicas: int) -> tuple[dict[str, Any], ...]:
    """The Deployment with so many replicas; nothing when it has no more."""
    now = live["Deployment"]
    if now["spec"]["replicas"] <= replicas:
        return ()
    return (_changed("Deployment", now, _deployment(now["spec"], replicas)),)


def _changed(kind: str, live: Mapping[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    metadata = live["metadata"]
    annotations = metadata.get("annotations", {})
    kept = {field: metadata[field] for field in ("name", "namespace", "labels", "ownerReferences")}
    ours = {key: annotations[key] for key in annotations if key in OURS}
    return {
        "apiVersion": "apps/v1" if kind == "Deployment" else "v1",
        "kind": kind,
        "metadata": {**kept, "annotations": ours},
        "spec": spec,
    }


def _deployment(spec: Mapping[str, Any], replicas: int) -> dict[str, Any]:
    return {**spec, "replicas": replicas}


def _service(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Without the addresses that the API server has chosen: these are not ours to set."""
    return {"selector": {**spec["selector"], **NOBODY}, "ports": spec["ports"]}
