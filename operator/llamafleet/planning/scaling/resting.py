"""A scale-down that can be taken back: pods rest before they go.

Kubernetes cannot take a deletion back, and a new replica costs a cold start. So a pod that is to go, and is
known to be at work, first leaves the Service and stays in the Deployment. It goes once it has nothing to do,
or when its time is over. When more replicas are wanted before that, it serves again at once. All that must be
remembered is in the pods' own labels.

A pod that says nothing does not begin to rest: it goes at once, and its own hook drains it, as it drains
every pod. One that rests already and falls silent is not taken for empty: it keeps its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.observed import Load, PodSeen
from llamafleet.planning.scaling.retire import retiring

LOOK: Final = timedelta(seconds=5)
"""How often a pod that rests is looked at: it is paid for, and goes as soon as it is empty. A third of the
usual look; more often would ask the API server more than the GPU seconds are worth."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many replicas there may be.

    Attributes:
        wanted: how many shall serve.
        most: how many may be paid for meanwhile: what the author, the hour and the money allow. With no more
            than are wanted, nobody rests.
        time: how long a pod may rest.
    """

    wanted: int
    most: int
    time: timedelta


@dataclass(frozen=True, slots=True)
class Rest:
    """What becomes of the pods of a fleet.

    Attributes:
        replicas: how many the Deployment should have: those that serve, and those that rest.
        going: the uids of pods that go now.
        resting: the pods that rest, from now on or already.
        back: the pods that rest and shall serve again.
    """

    replicas: int
    going: frozenset[str]
    resting: tuple[PodSeen, ...]
    back: tuple[PodSeen, ...]


def rest(pods: Sequence[PodSeen], loads: Mapping[str, Load], bounds: Bounds, now: datetime) -> Rest:
    """Who serves, who rests, who goes.

    Args:
        pods: the active pods.
        loads: what they say of their work, by uid, read just now.
        bounds: how many replicas there may be.
        now: the instant, UTC.
    """
    leaving = retiring(pods, loads, bounds.wanted)
    at_work = [pod for pod in leaving if _may_rest(pod, loads.get(pod.uid), bounds.time, now)]
    resting = _with_room(at_work, max(bounds.most - bounds.wanted, 0))
    staying = {pod.uid for pod in resting}
    leaves = {pod.uid for pod in leaving}
    return Rest(
        replicas=bounds.wanted + len(resting),
        going=frozenset(leaves - staying),
        resting=resting,
        back=tuple(pod for pod in pods if pod.resting is not None and pod.uid not in leaves),
    )


def _with_room(at_work: Sequence[PodSeen], room: int) -> tuple[PodSeen, ...]:
    """Who may rest, where not all may: first those that do already, then the busiest, which stand last."""
    busiest_first = at_work[::-1]
    return tuple(sorted(busiest_first, key=lambda pod: pod.resting is None)[:room])


def _may_rest(pod: PodSeen, load: Load | None, time: timedelta, now: datetime) -> bool:
    """Whether a pod is at work, and has time left for it.

    A beginning that lies ahead, for a clock was set back or somebody wrote it, gives no more time than any.
    """
    is_busy = pod.resting is not None if load is None else not load.idle
    is_over = pod.resting is not None and abs(now - pod.resting) >= time
    return pod.ready and is_busy and not is_over
