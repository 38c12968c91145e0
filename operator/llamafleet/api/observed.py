"""What the cluster shows us, as small values.

Informers keep thousands of these, so they hold what a decision or a condition needs and nothing more.
Wanted things never share a type with these: a plan says what should be, an observation what is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

FINISHED: Final = frozenset({"Failed", "Succeeded"})
"""Phases of a pod that will not run again, such as an evicted one: it holds no GPU and counts for nothing."""


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
        bound: since when the pod is bound to a node, UTC; None while it is not.
        ready_since: since when the pod is ready, UTC; None while it is not.
        started: whether the startup probe of the serving container has passed.
        deadline: when the kubelet kills the pod at the latest, UTC; None while nobody deletes it.
        grace_seconds: how long the pod was given to end; the deadline less this is when it was asked to.
        finished: when the serving container ended, UTC; None while it runs or waits for its next start.
        address: the pod's IP address, or None.
        pool: the pool whose price the pod has, by our annotation; empty without one.
        gpus: how many GPUs the pod holds, by our annotation; 0 without one, or when somebody garbled it.
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
    bound: datetime | None
    ready_since: datetime | None
    started: bool
    deadline: datetime | None
    grace_seconds: int | None
    finished: datetime | None
    address: str | None
    pool: str
    gpus: int

    @property
    def active(self) -> bool:
        """Whether the pod runs or will run: nobody deletes it and it has not ended for good."""
        return not self.deleting and self.phase not in FINISHED


@dataclass(frozen=True, slots=True)
class Departed:
    """A pod that is gone.

    Attributes:
        pod: its last known state.
        gone: when we heard of it, UTC. After a gap of the watch that may be later than it happened.
    """

    pod: PodSeen
    gone: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """What a pod's vLLM says of its work, summed over its engines.

    Attributes:
        running: requests that are being worked on.
        waiting: requests that wait.
        prompt_tokens: tokens of prompts that were worked through since the server started.
        generation_tokens: tokens that were generated since the server started.
    """

    running: int
    waiting: int
    prompt_tokens: int
    generation_tokens: int

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return self.running + self.waiting == 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that happened to a LlamaDeployment and that its people should read, as a Kubernetes Event.

    Attributes:
        key: the resource that it is about.
        uid: the uid of that resource.
        type: Normal or Warning.
        reason: one word in CamelCase, such as ``WindowOpened``; at most 128 characters.
        message: a sentence or two; what goes beyond 1,024 bytes is cut.
        at: when it happened, UTC.
        again: what makes it another announcement of the same reason, such as the instant of the window's
            start. The same resource, reason and ``again`` make the same Event, whoever announces it.
    """

    key: Key
    uid: str
    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    at: datetime
    again: str


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
