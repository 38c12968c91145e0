"""From objects as the API server sends them to the small values that we keep."""

import dataclasses
import re
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
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
from llamafleet.api.observed import REPLICA_FAILURE, ChildSeen, PodSeen, Termination, WakerSliceSeen

_COUNT: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
"""A number of GPUs: a node has no more than some dozens."""


_COST: Final = re.compile(r"-?[0-9]{1,10}", re.ASCII)
"""A deletion cost, ours or another one's. The API server refuses what is no int32."""


_SERVERS_OWN: Final = frozenset({"managedFields", "resourceVersion", "generation"})
_NOT_ASKED_FOR: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
_COUNTS: Final = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas")
_REFUSAL: Final = ("type", "status", "message")
"""Of one condition. Its times move with every attempt, and nobody reads them."""

_ON_THE_WAY: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons of a container that waits as every container does: no news."""

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

_moment: Final = lru_cache(4096)(datetime.fromisoformat)
"""An instant of the API, UTC. Pods that are made together share theirs, and a pod repeats its own."""


def project_pod(raw: dict[str, Any]) -> PodSeen:
    """The small value of a Pod."""
    metadata, status = raw["metadata"], raw.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", ())}
    scheduled, ready = conditions.get("PodScheduled", {}), conditions.get("Ready", {})
    container = _serving(status)
    state = container.get("state", {})
    waiting = _waiting(state)
    annotations = metadata.get("annotations", {})
    return PodSeen(
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        controller=intern(_controller(metadata).get("name", "")),  # the ReplicaSet that made it
        phase=intern(status.get("phase", "Pending")),
        created=_moment(metadata["creationTimestamp"]),
        ready=ready.get("status") == "True",
        deleting="deletionTimestamp" in metadata,
        node=_interned(raw["spec"].get("nodeName")),
        unschedulable=_unschedulable(scheduled),
        waiting_reason=_interned(waiting.get("reason")),
        waiting_message=waiting.get("message", ""),
        restarts=container.get("restartCount", 0),
        ended=_ended(container),
        bound=_since(scheduled),
        ready_since=_since(ready),
        started=container.get("started") is True,
        deadline=_instant(metadata.get("deletionTimestamp")),
        grace_seconds=metadata.get("deletionGracePeriodSeconds"),
        finished=_instant(state.get("terminated", {}).get("finishedAt")),
        address=status.get("podIP"),
        pool=intern(annotations.get(POOL_ANNOTATION, "")),
        gpus=_count(annotations.get(GPUS_ANNOTATION, "")),
        deletion_cost=_cost(annotations.get(DELETION_COST_ANNOTATION, "")),
        resting=_resting(metadata),
    )


def project_child(raw: dict[str, Any]) -> ChildSeen:
    """The small value of a child: its body without what the server keeps for itself or nobody reads.

    A list does not say ``apiVersion`` and ``kind`` of its items, and a version changes with every status.
    Without these, the body of an object is the same bytes until somebody changes what we ask for.
    """
    metadata = raw["metadata"]
    kept = {key: value for key, value in metadata.items() if key not in _SERVERS_OWN}
    body = {**{key: value for key, value in raw.items() if key not in _NOT_ASKED_FOR}, "metadata": kept}
    return ChildSeen(
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        generation=metadata.get("generation", 0),
        owner_uid=controller_uid(metadata),
        body=orjson.dumps(body),
        status={},
    )


def project_deployment(raw: dict[str, Any]) -> ChildSeen:
    """The small value of a Deployment: as for any child, and the counts and refusals in its status."""
    status = raw.get("status", {})
    kept = {field: status[field] for field in _COUNTS if field in status}
    refused = [one for one in status.get("conditions", ()) if one["type"] == REPLICA_FAILURE]
    if refused:
        kept["conditions"] = [{field: one.get(field, "") for field in _REFUSAL} for one in refused]
    return dataclasses.replace(project_child(raw), status=kept)


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


def _waiting(state: dict[str, Any]) -> dict[str, Any]:
    """Why a container waits; empty when it does not, or only as all of them do."""
    waiting: dict[str, Any] = state.get("waiting", {})
    return {} if waiting.get("reason") in _ON_THE_WAY else waiting


def _unschedulable(condition: dict[str, Any]) -> str | None:
    """Why a pod has no node; while a gate holds it back, nobody even looks for one."""
    if condition.get("status") == "False" and condition.get("reason") in {"Unschedulable", "SchedulingGated"}:
        return str(condition.get("message", ""))
    return None


def _since(condition: dict[str, Any]) -> datetime | None:
    """Since when a condition is true."""
    return _instant(condition.get("lastTransitionTime")) if condition.get("status") == "True" else None


def _instant(text: str | None) -> datetime | None:
    """An instant of the API, UTC; a time that is not set comes as null or not at all."""
    return _moment(text) if text else None


def _interned(text: str | None) -> str | None:
    """The text, once for all pods that say the same."""
    return None if text is None else intern(text)


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
