"""What the cluster shows us, as small values.

Informers keep thousands of these, so they hold what a decision or a condition needs and nothing more.
Wanted things never share a type with these: a plan says what should be, an observation what is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class Key(NamedTuple):
    """The identity of a LlamaDeployment, and the unit of all work."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """``namespace/name``, as people write it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Termination:
    """How a container ended.

    Attributes:
        reason: the kubelet's word, such as ``OOMKilled``, ``Error`` or ``Completed``.
        exit_code: the exit code of the process.
        message: the end of its log, at most 80 lines or 2 KiB, when it wrote no message of its own.
    """

    reason: str
    exit_code: int
    message: str


@dataclass(frozen=True, slots=True)
class PodSeen:
    """One pod of a fleet.

    Attributes:
        name: the pod's name.
        uid: the pod's uid.
        resource_version: the version of the object that this was read from.
        controller: the name of the ReplicaSet that made it; empty for a pod that nobody controls.
        phase: Pending, Running, Succeeded, Failed or Unknown.
        created: when the pod was created, UTC.
        ready: whether the pod's Ready condition is true.
        deleting: whether the pod has a deletion timestamp.
        node: the node that the pod is bound to, or None.
        unschedulable: what the scheduler says when it finds no node, or None.
        waiting_reason: why the serving container waits, such as ``ImagePullBackOff``, or None.
        waiting_message: the kubelet's words about that.
        restarts: how often the serving container was started again.
        ended: how the serving container ended last, or None.
    """

    name: str
    uid: str
    resource_version: str
    controller: str
    phase: str
    created: datetime
    ready: bool
    deleting: bool
    node: str | None
    unschedulable: str | None
    waiting_reason: str | None
    waiting_message: str
    restarts: int
    ended: Termination | None


@dataclass(frozen=True, slots=True)
class ChildSeen:
    """One child object of a LlamaDeployment, as the API server holds it.

    Attributes:
        uid: its uid.
        resource_version: its version.
        generation: the version of its spec; 0 for kinds that do not count it.
        owner_uid: the uid of the resource that controls it, or None.
        body: the object as JSON, without status and managed fields.
        status: the parsed status, empty for kinds without one.
    """

    uid: str
    resource_version: str
    generation: int
    owner_uid: str | None
    body: bytes
    status: Mapping[str, Any]
