"""From objects as the API server sends them to the small values that we keep."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from llamafleet.api.names import (
    DELETION_COST_ANNOTATION,
    GPUS_ANNOTATION,
    NAME_LABEL,
    POOL_ANNOTATION,
    RESTING_ANNOTATION,
    RESTING_SERVER,
    SERVING_CONTAINER,
)
from llamafleet.api.observed import ChildSeen, PodSeen, Termination, WakerSliceSeen

_COUNT: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
"""A number of GPUs: a node has no more than some dozens."""


_COST: Final = re.compile(r"-?[0-9]{1,10}", re.ASCII)
"""A deletion cost, ours or another one's. The API server refuses what is no int32."""


LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def project_pod(raw: dict[str, Any]) -> PodSeen:
    """The small value of a Pod."""
    metadata, status = raw["metadata"], raw.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", ())}
    container = _serving(status)
    state = container.get("state", {})
    waiting = state.get("waiting", {})
    annotations = metadata.get("annotations", {})
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
        bound=_since(conditions.get("PodScheduled", {})),
        ready_since=_since(conditions.get("Ready", {})),
        started=container.get("started") is True,
        deadline=_instant(metadata.get("deletionTimestamp")),
        grace_seconds=metadata.get("deletionGracePeriodSeconds"),
        finished=_instant(state.get("terminated", {}).get("finishedAt")),
        address=status.get("podIP"),
        pool=annotations.get(POOL_ANNOTATION, ""),
        gpus=_count(annotations.get(GPUS_ANNOTATION, "")),
        deletion_cost=_cost(annotations.get(DELETION_COST_ANNOTATION, "")),
        resting=_resting(metadata),
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


def project_waker_slice(raw: dict[str, Any]) -> WakerSliceSeen:
    """The small value of an EndpointSlice of the wakers. A condition that is not given means ready."""
    ready = (one for one in raw.get("endpoints") or () if one.get("conditions", {}).get("ready", True))
    return WakerSliceSeen(
        uid=raw["metadata"]["uid"],
        resource_version=raw["metadata"]["resourceVersion"],
        addresses=frozenset(address for one in ready for address in one["addresses"]),
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


def _since(condition: dict[str, Any]) -> datetime | None:
    """Since when a condition is true."""
    return _instant(condition.get("lastTransitionTime")) if condition.get("status") == "True" else None


def _instant(text: str | None) -> datetime | None:
    """An instant of the API, UTC; a time that is not set comes as null or not at all."""
    return datetime.fromisoformat(text) if text else None


def _count(text: str) -> int:
    return int(text) if _COUNT.fullmatch(text) else 0


def _cost(text: str) -> int:
    """What the annotation says; to the ReplicaSet controller, too, no mark is a cost of 0."""
    return int(text) if _COST.fullmatch(text) else 0


def _resting(metadata: dict[str, Any]) -> datetime | None:
    """Since when a pod rests. Where somebody garbled that, it has rested long enough."""
    if metadata.get("labels", {}).get(NAME_LABEL) != RESTING_SERVER:
        return None
    try:
        since = datetime.fromisoformat(metadata.get("annotations", {}).get(RESTING_ANNOTATION, ""))
    except ValueError:
        return LONG_AGO
    return since if since.tzinfo else LONG_AGO


def _ended(container: dict[str, Any]) -> Termination | None:
    """How the container ended: now, or before its last start."""
    ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    if ended is None:
        return None
    return Termination(ended.get("reason", ""), ended.get("exitCode", 0), ended.get("message", ""))
