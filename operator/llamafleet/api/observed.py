"""What the cluster shows us, as small values.

Informers keep thousands of these, so they hold what a decision or a condition needs and nothing more.
Wanted things never share a type with these: a plan says what should be, an observation what is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import orjson

from llamafleet.api.names import APPLIED_ANNOTATION

FINISHED: Final = frozenset({"Failed", "Succeeded"})
"""Phases of a pod that will not run again, such as an evicted one: it holds no GPU and counts for nothing."""

REPLICA_FAILURE: Final = "ReplicaFailure"
"""The condition of a Deployment for which no pods can be made."""


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
        resource_version: the version of the object that this was read from. Two values that differ in nothing
            else are equal: they say the same.
        controller: the name of the ReplicaSet that made it; empty for a pod that nobody controls.
        phase: Pending, Running, Succeeded, Failed or Unknown.
        created: when the pod was created, UTC.
        ready: whether the pod's Ready condition is true.
        deleting: whether the pod has a deletion timestamp.
        node: the node that the pod is bound to, or None.
        unschedulable: why it has no node, by the scheduler or by who keeps it from there; or None.
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
        deletion_cost: what its deletion costs in the eyes of its ReplicaSet, which takes the cheapest first.
        resting: since when it gets no new requests, UTC; None: it does get them.
    """

    name: str
    uid: str
    resource_version: str = field(compare=False)
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
    deletion_cost: int
    resting: datetime | None

    @property
    def version(self) -> int | None:
        """The version of its last state; None once it has ended for good: what follows costs nothing more."""
        return None if self.phase in FINISHED else int(self.resource_version)

    @property
    def active(self) -> bool:
        """Whether the pod runs or will run: nobody deletes it and it has not ended for good."""
        return not self.deleting and self.phase not in FINISHED


NO_TIME: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Departed:
    """A pod that is gone.

    Attributes:
        pod: its last known state.
        gone: when we heard of it, UTC. After a gap of the watch that may be later than it happened.
        unseen: for how long nobody had looked then; none: the watch showed the end itself.
    """

    pod: PodSeen
    gone: datetime
    unseen: timedelta = NO_TIME


@dataclass(frozen=True, slots=True)
class Load:
    """What a pod's vLLM says of its work, summed over its engines.

    A server that is older, or that only resembles vLLM, may lack the counters; it does not lack the queue.

    Attributes:
        running: requests that are being worked on.
        waiting: requests that wait.
        prompt_tokens: tokens of prompts that were worked through since the server started; None: it does not
            say.
        generation_tokens: tokens that were generated since the server started; None: it does not say.
        finished: requests that ended since the server started, however they did; None: it does not say.
        rejected: requests that a full queue refused since the server started.
        kv_usage: the share of the KV cache in use, 0 to 1, of the engine that has the most in use; None: it
            does not say, or nothing that can be.
    """

    running: int
    waiting: int
    prompt_tokens: int | None = None
    generation_tokens: int | None = None
    finished: int | None = None
    rejected: int = 0
    kv_usage: float | None = None

    @property
    def tokens(self) -> int | None:
        """Tokens of both kinds since the server started; None unless both are known."""
        if self.prompt_tokens is None or self.generation_tokens is None:
            return None
        return self.prompt_tokens + self.generation_tokens

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return self.running + self.waiting == 0


@dataclass(frozen=True, slots=True)
class WakerSeen:
    """Where the requests of a fleet go while none of its replicas is ready.

    Attributes:
        port: the fleet's own port at every waker.
        addresses: the addresses of the ready wakers, all of one family, sorted.
        family: IPv4 or IPv6: the ``addressType`` of a slice, which cannot be changed.
        chosen: whether the operator was told of wakers; if not, a slice is left of an earlier choice.
    """

    port: int
    addresses: tuple[str, ...]
    family: Literal["IPv4", "IPv6"]
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class WakerSliceSeen:
    """One EndpointSlice of the wakers' own Service.

    Attributes:
        uid: its uid.
        resource_version: its version, which two equal values may differ in.
        addresses: the addresses of ready wakers in it.
    """

    uid: str
    resource_version: str = field(compare=False)
    addresses: frozenset[str]


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
        resource_version: its version, which two equal values may differ in.
        generation: the version of its spec; 0 for kinds that do not count it.
        owner_uid: the uid of the resource that controls it, or None.
        body: the object as JSON, without status, kind, version, generation and managed fields.
        status: of a Deployment, its counts and refusals; empty for all others.
    """

    uid: str
    resource_version: str = field(compare=False)
    generation: int
    owner_uid: str | None
    body: bytes
    status: Mapping[str, Any]

    @property
    def applied(self) -> str | None:
        """The digest of what we last asked for; None when somebody took our annotation away."""
        annotations = orjson.loads(self.body)["metadata"].get("annotations") or {}
        return annotations.get(APPLIED_ANNOTATION)
