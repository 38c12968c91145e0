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
    stuck = [pod for pod in pods if _is_waiting(pod) and now - pod.created >= PATIENCE]
    if not stuck:
        return None
    bound = sum(pod.node is not None for pod in pods)
    longest = max(now - pod.created for pod in stuck) // timedelta(minutes=1)
    lacking = f"{len(stuck)} of {len(pods)} replicas found no node for {longest} min"
    message = f"{lacking}, so there are the {bound} that have one and {PROBES} that waits for the next."
    return Cap(bound + PROBES, message)


def draining_gpus(pods: Iterable[PodSeen]) -> int:
    """How many GPUs are on their way out: of pods that finish their last requests, resting or asked to end.

    They are paid for until these pods are gone, and nobody else can have them.
    """
    leaving = (pod for pod in pods if pod.deleting or pod.resting is not None)
    return sum(pod.gpus for pod in leaving if pod.node is not None)


def _is_waiting(pod: PodSeen) -> bool:
    """Whether the scheduler has looked for a node for it and found none."""
    return pod.node is None and pod.unschedulable is not None
