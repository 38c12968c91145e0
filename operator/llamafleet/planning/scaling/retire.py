"""Which pods go when a fleet shrinks: first those that do not serve, then the least busy.

Kubernetes deletes; we only say which. A ReplicaSet takes first what has no node, then what is not running,
then what is not ready, and only among pods that are alike in this does it look at our marks. So our order
begins as its own does; else it would take another pod than the one that we meant.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from llamafleet.api.observed import Load, PodSeen

GOES: Final = -1
STAYS: Final = 0
"""The deletion costs: the one that goes is cheaper than a pod without a mark, which costs 0."""

_PHASES: Final = {"Pending": 0, "Unknown": 1}
"""Before every other phase, in the ReplicaSet controller's own order."""


def marks(pods: Sequence[PodSeen], going: Collection[str]) -> dict[str, int]:
    """The deletion cost that each pod should have, by uid.

    Only pods whose cost should be another one than it is are named. A mark that an earlier change of mind has
    left on a pod that stays is taken back here.

    Args:
        pods: the active pods.
        going: the uids of those that shall go.
    """
    costs = {pod.uid: GOES if pod.uid in going else STAYS for pod in pods}
    return {pod.uid: costs[pod.uid] for pod in pods if costs[pod.uid] != pod.deletion_cost}


def retiring(pods: Sequence[PodSeen], loads: Mapping[str, Load], wanted: int) -> tuple[PodSeen, ...]:
    """The pods that go, the first to go first; those that rest already before others that are ready.

    Args:
        pods: the active pods.
        loads: what they say of their work, by uid. A pod that says nothing is taken for busy, never for idle.
        wanted: how many shall stay.
    """
    youngest_first = sorted(pods, key=lambda pod: (pod.created, pod.name), reverse=True)
    in_order = sorted(youngest_first, key=lambda pod: _worth(pod, loads.get(pod.uid)))
    return tuple(in_order[: max(len(in_order) - wanted, 0)])


def _worth(pod: PodSeen, load: Load | None) -> tuple[bool, int, bool, bool, float]:
    """What speaks for keeping a pod, the weightiest first."""
    busy = float("inf") if load is None else float(load.running + load.waiting)
    return pod.node is not None, _PHASES.get(pod.phase, 2), pod.ready, pod.resting is None, busy
