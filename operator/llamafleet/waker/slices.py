"""What the waker reads of an EndpointSlice: a port of its own, or the addresses of ready pods.

A slice is believed only as far as its writer may be: addresses come from Kubernetes' own controller alone,
and only those of pods of the same namespace, so that nobody can make the waker send a request elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llamafleet.adapters.loads import is_pod_address
from llamafleet.api.names import (
    SERVICE_NAME_LABEL,
    SERVING_PORT_NAME,
    SLICE_CONTROLLER,
    SLICE_MANAGER,
    SLICE_MANAGER_LABEL,
    WAKER_END_PORT,
    WAKER_FIRST_PORT,
    waker_slice_name,
)

HOSTS = ("IPv4", "IPv6")
"""Types of addresses; the third, a name, could lead anywhere."""


@dataclass(frozen=True, slots=True, order=True)
class Pod:
    """Where a replica serves.

    Attributes:
        address: its IP address.
        port: its port.
    """

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class SliceSeen:
    """What the waker keeps of one slice.

    Attributes:
        uid: its uid.
        resource_version: the version that this was read from.
        service: the Service that it belongs to.
        door: the port of the waker that it leads to; None: it is not one of ours.
        pods: the ready pods that it names; none when it is one of ours.
    """

    uid: str
    resource_version: str
    service: str
    door: int | None = None
    pods: tuple[Pod, ...] = ()


def read(raw: dict[str, Any]) -> SliceSeen:
    """The small value of a slice as the API server sends it."""
    metadata = raw["metadata"]
    labels = metadata.get("labels", {})
    writer, service = labels.get(SLICE_MANAGER_LABEL), labels.get(SERVICE_NAME_LABEL, "")
    head = metadata["uid"], metadata["resourceVersion"], service
    if writer == SLICE_MANAGER and metadata["name"] == waker_slice_name(service):
        return SliceSeen(*head, door=_door(raw))
    if writer == SLICE_CONTROLLER:
        return SliceSeen(*head, pods=tuple(_pods(raw)))
    return SliceSeen(*head)


def ready_pods(slices: Mapping[str, SliceSeen], service: str) -> tuple[Pod, ...]:
    """The ready pods of a Service, in all its slices: there is one for each family of addresses, at least."""
    return tuple(sorted({pod for one in slices.values() if one.service == service for pod in one.pods}))


def _door(raw: dict[str, Any]) -> int | None:
    """A port in the waker's range; a slice that asks for another gets none."""
    port = _port(raw)
    return port if port is not None and WAKER_FIRST_PORT <= port < WAKER_END_PORT else None


def _port(raw: dict[str, Any]) -> int | None:
    """The port that serves requests."""
    ports = raw.get("ports") or ()
    return next((one.get("port") for one in ports if one.get("name") == SERVING_PORT_NAME), None)


def _pods(raw: dict[str, Any]) -> Iterator[Pod]:
    port, namespace = _port(raw), raw["metadata"]["namespace"]
    if port is None or raw.get("addressType") not in HOSTS:
        return
    for endpoint in raw.get("endpoints") or ():
        address = endpoint["addresses"][0]  # the API server wants one at least; all stand for one pod
        if _is_ready_pod(endpoint, namespace) and is_pod_address(address):
            yield Pod(address, port)


def _is_ready_pod(endpoint: dict[str, Any], namespace: str) -> bool:
    """Whether it is a pod of that namespace and takes new requests; the API has it that silence means yes."""
    target, conditions = endpoint.get("targetRef") or {}, endpoint.get("conditions") or {}
    is_pod = target.get("kind") == "Pod" and target.get("namespace") == namespace
    return is_pod and conditions.get("ready") is not False and not conditions.get("terminating")
