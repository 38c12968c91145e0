"""Shrink: what has to be said to the pods before a Deployment gets fewer replicas.

Pods that are to go and still work are taken out of the Service first. Those that go at once are marked, so
that the ReplicaSet takes them and no others. Both are written only when a fleet shrinks: who marked pods at
every look would write without end, and a mark of a minute ago names the wrong pods.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson

from llamafleet.api.observed import ChildSeen, Load, PodSeen
from llamafleet.errors import LlamafleetError
from llamafleet.planning.drain import DEFAULT
from llamafleet.planning.plan import Plan
from llamafleet.planning.replicas import ceiling
from llamafleet.planning.rollout import rollout
from llamafleet.planning.scaling.resting import Bounds, Rest, rest
from llamafleet.planning.scaling.retire import marks
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.seen import Seen

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What the Deployment should have.

    Attributes:
        replicas: those that were decided, and those that rest.
        rests: whether any does, so that somebody has to look again soon.
    """

    replicas: int
    rests: bool


async def shrink(world: World, seen: Seen, plan: Plan) -> Shrunk:
    """Prepare the pods for the count that was decided.

    What cannot be written holds nothing up. Whoever shrinks may be out of money; and a pod that goes although
    it is busy drains all the same, so nothing is lost but a little time of its GPUs.
    """
    pods, wanted = seen.fleet.active, plan.replicas
    is_calm = len(pods) <= wanted and all(pod.resting is None for pod in pods)
    if is_calm or not wanted:  # where all go, nobody has to be chosen, and nothing may wait
        return Shrunk(wanted, rests=False)
    loads = seen.fleet.loads
    if loads is None:
        loads = await world.loads(seen.metadata.namespace, pods)
    found = await _rested(world, seen, loads, _bounds(seen, plan))
    for pod in found.back:
        await _written(world, seen, pod, is_back=True)
    if _has_more(seen.children.get("Deployment"), found.replicas):
        await _mark(world, seen, found.going)
    return Shrunk(found.replicas, rests=bool(found.resting))


def _bounds(seen: Seen, plan: Plan) -> Bounds:
    """Nobody rests while pods of two templates are there: then Kubernetes chooses between these."""
    schedule, counts = plan.case.spec.schedule, rollout(seen.children.get("Deployment"))
    is_rolling = counts.total != counts.updated
    most = plan.replicas if is_rolling else ceiling(plan.case, len(seen.fleet.active))
    return Bounds(plan.replicas, most, schedule.drain_timeout if schedule else DEFAULT)


async def _rested(world: World, seen: Seen, loads: Mapping[str, Load], bounds: Bounds) -> Rest:
    """Take out of the Service who rests from now on; where that is refused, nobody rests."""
    pods = seen.fleet.active
    found = rest(pods, loads, bounds, seen.now)
    for pod in found.resting:
        if pod.resting is None and not await _written(world, seen, pod, is_back=False):
            return rest(pods, loads, Bounds(bounds.wanted, bounds.wanted, bounds.time), seen.now)
    return found


async def _written(world: World, seen: Seen, pod: PodSeen, *, is_back: bool) -> bool:
    """Whether a pod was told to rest, or to serve again."""
    try:
        await world.rest(seen.metadata.namespace, pod, None if is_back else seen.now)
    except LlamafleetError as error:
        log.warning("%s: pod %s cannot be labelled: %s", seen.metadata.namespace, pod.name, error)
        return False
    return True


async def _mark(world: World, seen: Seen, going: Collection[str]) -> None:
    """Write the marks that are wrong."""
    wrong = marks(seen.fleet.active, going)
    for pod in seen.fleet.active:
        if pod.uid not in wrong:
            continue
        try:
            await world.mark(seen.metadata.namespace, pod, wrong[pod.uid])
        except LlamafleetError as error:
            log.warning("%s: pod %s is not marked: %s", seen.metadata.namespace, pod.name, error)
            return


def _has_more(deployment: ChildSeen | None, wanted: int) -> bool:
    """Whether this is a Deployment that is about to shrink."""
    return deployment is not None and bool(orjson.loads(deployment.body)["spec"].get("replicas", 1) > wanted)
