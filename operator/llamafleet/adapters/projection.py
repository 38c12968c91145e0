"""From objects as the API server sends them to the small values that we keep."""

from datetime import datetime
from typing import Any

import orjson

from llamafleet.api.names import SERVING_CONTAINER
from llamafleet.api.observed import ChildSeen, PodSeen, Termination


def project_pod(raw: dict[str, Any]) -> PodSeen:
    """The small value of a Pod."""
    metadata, status = raw["metadata"], raw.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", ())}
    container = _serving(status)
    waiting = container.get("state", {}).get("waiting", {})
    return PodSeen(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        controller=_controller(metadata).get("name", ""),  # the ReplicaSet that made it
        phase=status.get("phase", "Pending"),
        created=datetime.fromisoformat(metadata["creationTimestamp"]),
        ready=conditions.get("Ready", {}).get("status") == "True",
        deleting="deletionTimestamp" in metadata,
        node=raw["spec"].get("nodeName"),
        unschedulable=_unschedulable(conditions.get("PodScheduled", {})),
        waiting_reason=waiting.get("reason"),
        waiting_message=waiting.get("message", ""),
        restarts=container.get("restartCount", 0),
        ended=_ended(container),
    )


def project_child(raw: dict[str, Any]) -> ChildSeen:
    """The small value of a child: its body without what the server keeps for itself."""
    metadata = raw["metadata"]
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    body = {**{key: value for key, value in raw.items() if key != "status"}, "metadata": kept}
    return ChildSeen(
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        owner_uid=controller_uid(metadata),
        body=orjson.dumps(body),
        status=raw.get("status", {}),
    )


def controller_uid(metadata: dict[str, Any]) -> str | None:
    """The uid of the resource that controls an object, or None."""
    return _controller(metadata).get("uid")


def _controller(metadata: dict[str, Any]) -> dict[str, Any]:
    """The reference to the owner that controls an object; empty when nobody does."""
    owners = metadata.get("ownerReferences", ())
    return next((owner for owner in owners if owner.get("controller")), {})


def _serving(status: dict[str, Any]) -> dict[str, Any]:
    """The status of the serving container, empty while there is none."""
    containers = status.get("containerStatuses", ())
    return next((item for item in containers if item["name"] == SERVING_CONTAINER), {})


def _unschedulable(condition: dict[str, Any]) -> str | None:
    if condition.get("status") == "False" and condition.get("reason") == "Unschedulable":
        return str(condition.get("message", ""))
    return None


def _ended(container: dict[str, Any]) -> Termination | None:
    """How the container ended: now, or before its last start."""
    ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    if ended is None:
        return None
    return Termination(ended.get("reason", ""), ended.get("exitCode", 0), ended.get("message", ""))
