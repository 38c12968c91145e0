"""Why pods are not well: from what the kubelet and the scheduler say to a cause that a person can act on.

The patterns are those that a real vLLM 0.32 server wrote when it was made to fail. Nothing here reads
a log or a cluster; texts come in, causes go out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from llamafleet.api.observed import REPLICA_FAILURE, PodSeen, Termination

MESSAGE_LIMIT: Final = 400
"""Characters of a foreign text that a condition repeats."""

PATTERNS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("InvalidArguments", re.compile(r"unrecognized arguments|invalid .*value|invalid choice")),
    ("ModelCorrupt", re.compile(r"SafetensorError")),
    (
        "ModelAccessDenied",
        re.compile(r"\b(?:401|403) (?:Client Error|Unauthorized|Forbidden)|gated repo", re.IGNORECASE),
    ),
    (
        "ModelNotFound",
        re.compile(
            r"LocalEntryNotFoundError|HFValidationError|couldn't connect"
            r"|[Ii]nvalid repository ID|Cannot find any model weights"
        ),
    ),
    ("ContextTooLong", re.compile(r"To serve at least one request|User-specified max_model_len")),
    (
        "InsufficientMemory",
        re.compile(r"No available memory for the cache blocks|OutOfMemoryError|less than desired"),
    ),
    ("InvalidParallelism", re.compile(r"must be divisible by tensor parallel size|World size")),
    ("PortConflict", re.compile(r"Address already in use")),
)
"""In the order in which they are tried. The refused token comes before the missing model, because the
hub's client reports both errors for one refusal."""

GATED: Final = "Scheduling is blocked due to non-empty scheduling gates"
"""The API server's words for a pod that something, such as Kueue, keeps from being scheduled
(``applySchedulingGatedCondition`` in pkg/registry/core/pod/strategy.go)."""

RESTARTS: Final = 2
"""So often a server is started again before its failure counts as lasting: an engine that died once, or a hub
that did not answer once, is mended by that."""

_IMAGE_REASONS: Final = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ImageInspectError"}
)
_CONFIG_REASONS: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is not well.

    Attributes:
        reason: one CamelCase word for a condition.
        message: a sentence with the numbers or the foreign words that prove it.
        failed: True when waiting will not mend it: something has to change.
        passing: True while a restart may still mend it after all.
    """

    reason: str
    message: str
    failed: bool
    passing: bool = False

    @property
    def lasting(self) -> bool:
        """Whether only a person can mend it."""
        return self.failed and not self.passing


def refused_pods(deployment: Mapping[str, Any]) -> Cause | None:
    """Why the API server lets no pods be made: a quota, a policy, a limit. From the Deployment's status."""
    for condition in deployment.get("conditions", ()):
        if condition["type"] == REPLICA_FAILURE and condition["status"] == "True":
            return Cause(
                "PodsNotCreated", _sentence(f"pods are refused: {condition['message']}"), failed=True
            )
    return None


def diagnose(pods: Iterable[PodSeen], gpus: int, resource: str, logs: Mapping[str, str]) -> Cause | None:
    """The gravest cause among the pods of a fleet, or None when every pod is ready or just starting.

    Args:
        pods: the pods that are not being deleted.
        gpus: how many GPUs a pod asks for.
        resource: the name of the GPU resource.
        logs: the end of the log of ended containers, by pod uid, where it was fetched.
    """
    counted = list(pods)
    causes = [cause for pod in counted if (cause := _cause(pod, gpus, resource, logs.get(pod.uid, "")))]
    if not causes:
        return None
    gravest = max(causes, key=lambda cause: (cause.failed, cause.lasting))
    return replace(gravest, message=f"{len(causes)} of {len(counted)} pods: {gravest.message}")


def needs_log(pod: PodSeen) -> bool:
    """Whether the end of the container is not explained by its termination message alone.

    With several processes, vLLM's last line is generic; the cause stands further up in the log.
    """
    ended = pod.ended
    if pod.ready or ended is None or ended.reason == "OOMKilled":
        return False
    return _known_line(ended.message) is None


def _cause(pod: PodSeen, gpus: int, resource: str, log: str) -> Cause | None:
    if pod.ready:
        return None
    if pod.unschedulable is not None:
        return _homeless(pod.unschedulable, gpus, resource)
    if pod.waiting_reason in _IMAGE_REASONS:
        return Cause(
            "ImagePullFailed", _sentence(f"the image cannot be pulled: {pod.waiting_message}"), failed=True
        )
    if pod.waiting_reason in _CONFIG_REASONS:
        return Cause(
            "ContainerNotCreated",
            _sentence(f"the container cannot start: {pod.waiting_message}"),
            failed=True,
        )
    if pod.ended is not None:
        return replace(explain_termination(pod.ended, log, pod.restarts), passing=pod.restarts < RESTARTS)
    return None


def _homeless(message: str, gpus: int, resource: str) -> Cause:
    """Why a pod has no node: nobody may look for one yet, or there is none."""
    if message.startswith(GATED):
        return Cause(
            "Queued", _sentence(f"a queue for pods has not let it go on yet: {message}"), failed=False
        )
    return Cause("Unschedulable", explain_unschedulable(message, gpus, resource), failed=False)


def explain_unschedulable(message: str, gpus: int, resource: str) -> str:
    """Say what the scheduler misses, first of all GPUs.

    The scheduler writes ``0/4 nodes are available: 4 Insufficient nvidia.com/gpu.``; what it does not
    write is how many were asked for.
    """
    nodes = re.match(r"(\d+)/(\d+) nodes are available", message)
    if nodes and f"Insufficient {resource}" in message:
        lacking = f"{nodes[1]} of {nodes[2]} nodes is open to this pod and has {gpus} free {resource}"
        return _sentence(f"{lacking} (scheduler: {message})")
    return _sentence(f"no node fits (scheduler: {message})")


def explain_termination(ended: Termination, log: str, restarts: int) -> Cause:
    """The cause of a container that ended, from its exit code, its last words and, if at hand, its log."""
    times = f"; restarted {restarts} times" if restarts else ""
    if ended.reason == "OOMKilled":
        rule = (
            "the container used more host memory than its limit or its node has; raise spec.serving.resources"
        )
        return Cause("HostOutOfMemory", f"{rule}{times}.", failed=True)
    known = _known_line(ended.message) or _known_line(log)
    if known:
        return Cause(known[0], f"vLLM said: {_clip(known[1])}{times}.", failed=True)
    if ended.exit_code == 0:
        said = "the server ended with exit code 0 while it should serve, as vLLM does when its engine dies"
        return Cause("ServerExited", f"{said}{times}.", failed=True)
    last = ended.message.strip().rpartition("\n")[2]
    words = f", its last line was: {_clip(last)}" if last else ""
    said = f"the server ended with exit code {ended.exit_code}{words}"
    return Cause("ServerFailed", f"{said}{times}.", failed=True)


def _known_line(text: str) -> tuple[str, str] | None:
    """The reason and the line of the first pattern that the text shows."""
    for reason, pattern in PATTERNS:
        for line in text.splitlines():
            if pattern.search(line):
                return reason, line.strip()
    return None


def _sentence(text: str) -> str:
    """The text on one line, cut at the limit, with a period at its end."""
    return f"{_clip(text)}."


def _clip(text: str) -> str:
    """The text on one line, cut at the limit, without the final period that sentences add themselves."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"
