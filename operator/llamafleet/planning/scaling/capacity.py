"""GPUs that are not to be had: replicas that find no node are not asked for again and again.

All of it is read from the pods that there are, so nothing must be remembered.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.observed import PodSeen

PATIENCE: Final = timedelta(minutes=10)
"""How long a pod may wait for a node before we take it that there is none. A node autoscaler that has a GPU
to sell brings the node within 2 to 8 minutes, from the request to a working driver (published walk-throughs
of GPU nodes in the cloud); the rest is for a pod that came while another one was being served."""

PROBES: Final = 1
"""How many pods stay without a node. One is enough to hear that GPUs are back, and every one more would take
the next free GPU from other people's pods."""


@dataclass(frozen=True, slots=True)
class Cap:
    """How many replicas there is a place for.

    Attributes:
        replicas: the pods that have a node, and the one that waits for the next.
        message: why, in plain words.
    """

    replicas: int
    message: str


def cap(pods: Sequence[PodSeen], now: datetime) -> Cap | None:
    """What the cluster has room for; None while it has shown no lack of it.

    The one pod that keeps waiting is the probe: once it has a node, nobody waits any longer, and the demand
    counts again as it is.

    Args:
        pods: the active pods.
        now: the instant, UTC.
    """
    stuck = [pod for pod in _waiting(pods) if now - pod.created >= PATIENCE]
    if not stuck:
        return None
    bound = sum(pod.node is not None for pod in pods)
    longest = max(now - pod.created for pod in stuck) // timedelta(minutes=1)
    lacking = f"{len(stuck)} of {len(pods)} replicas found no node for {longest} min"
    message = f"{lacking}, so there are the {bound} that have one and {PROBES} that waits for the next."
    return Cap(bound + PROBES, message)


def next_cap(pods: Sequence[PodSeen], now: datetime) -> datetime | None:
    """When time alone makes a pod one for which there is no node; None: not in sight."""
    ends = (pod.created + PATIENCE for pod in _waiting(pods))
    return min((end for end in ends if end > now), default=None)


def draining_gpus(pods: Iterable[PodSeen]) -> int:
    """How many GPUs are on their way out: of pods that were asked to end, have a node, and are still there.

    They are paid for until then, and nobody else can have them.
    """
    return sum(pod.gpus for pod in pods if pod.deleting and pod.node is not None)


def _waiting(pods: Iterable[PodSeen]) -> list[PodSeen]:
    """The pods for which the scheduler has looked for a node and found none."""
    return [pod for pod in pods if pod.node is None and pod.unschedulable is not None]
