"""Shrink: what has to be said to the pods before a Deployment gets fewer replicas.

Pods that are to go and still work are taken out of the Service first. Those that go at once are marked, so
that the ReplicaSet takes them and no others. Both are written only when a fleet shrinks: who marked pods at
every look would write without end, and a mark of a minute ago names the wrong pods.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import ChildSeen, PodSeen
from llamafleet.errors import LlamafleetError, Throttled
from llamafleet.planning.drain import drain_time
from llamafleet.planning.plan import Plan
from llamafleet.planning.replicas import ceiling
from llamafleet.planning.rollout import rollout
from llamafleet.planning.scaling.resting import Bounds, Rest, rest
from llamafleet.planning.scaling.retire import marks
from llamafleet.reconcile.changes import Changes
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.seen import Seen

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What the Deployment should have.

    Attributes:
        replicas: those that were decided, and those that rest; None: what it has.
        rests: whether a pod rests or was put back just now, so that somebody has to look again soon.
    """

    replicas: int | None
    rests: bool


AS_IT_IS = Shrunk(None, rests=False)


async def shrink(world: World, seen: Seen, plan: Plan | None, changes: Changes) -> Shrunk:
    """Prepare the pods for the count that was decided.

    What cannot be written holds nothing up. Whoever shrinks may be out of money; and a pod that goes although
    it is busy drains all the same, so nothing is lost but a little time of its GPUs.

    Args:
        world: the cluster.
        seen: what was there.
        plan: what was decided; None where the spec is refused: then only what has begun to rest goes its way,
            for nobody else would end it.
        changes: is told what was written, but for the marks, which change nothing by themselves.
    """
    pods, rests = seen.fleet.active, any(pod.resting is not None for pod in seen.fleet.active)
    wanted = plan.replicas if plan is not None else seen.decided_last() or 0
    if plan is None and not (rests and wanted):
        return AS_IT_IS
    is_calm = len(pods) <= wanted and not rests
    if is_calm or not wanted:  # where all go, nobody has to be chosen, and nothing may wait
        return Shrunk(wanted, rests=False)
    loads = seen.fleet.loads
    if loads is None:
        loads = await world.loads(seen.metadata.namespace, pods)
    found = await _rested(world, seen, rest(pods, loads, _bounds(seen, plan, wanted), seen.now), changes)
    for pod in found.back:
        await _written(world, seen, pod, changes, is_back=True)
    # Or the Deployment was told before and its ReplicaSet has not chosen yet: the marks may have failed then.
    if max(_count(seen.children.get("Deployment")), len(pods)) > found.replicas:
        await _mark(world, seen, found.going)
    return Shrunk(found.replicas, rests=bool(found.resting or found.back))


def _bounds(seen: Seen, plan: Plan | None, wanted: int) -> Bounds:
    """How many there may be while some rest.

    Nobody rests while pods of two templates are there: then Kubernetes chooses between these. And nobody
    rests for whom the Deployment would have to grow: a pod too many is being deleted already, and to ask for
    it again would make a new one.
    """
    deployment, count = seen.children.get("Deployment"), len(seen.fleet.active)
    counts = rollout(deployment)
    most = count if plan is None else ceiling(plan.case, count)
    most = wanted if counts.total != counts.updated else min(most, _count(deployment))
    schedule = seen.llama.spec.schedule if isinstance(seen.llama, LlamaDeployment) else None
    return Bounds(wanted, most, drain_time(schedule))


async def _rested(world: World, seen: Seen, found: Rest, changes: Changes) -> Rest:
    """Take out of the Service who rests from now on; from the first who cannot be, they go at once."""
    told: list[PodSeen] = []
    for pod in found.resting:
        if pod.resting is None and not await _written(world, seen, pod, changes, is_back=False):
            break
        told.append(pod)
    left = frozenset(pod.uid for pod in found.resting[len(told) :])
    replicas = found.replicas - len(left)
    return replace(found, replicas=replicas, resting=tuple(told), going=found.going | left)


async def _written(world: World, seen: Seen, pod: PodSeen, changes: Changes, *, is_back: bool) -> bool:
    """Whether a pod was told to rest, or to serve again."""
    try:
        await world.rest(seen.metadata.namespace, pod, None if is_back else seen.now)
    except Throttled:
        raise  # it is told in a moment, and does not go before
    except LlamafleetError as error:
        log.warning("%s: pod %s cannot be labelled: %s", seen.metadata.namespace, pod.name, error)
        return False
    changes.pod("serve" if is_back else "rest", pod.name)
    return True


async def _mark(world: World, seen: Seen, going: Collection[str]) -> None:
    """Write the marks that are wrong."""
    wrong = marks(seen.fleet.active, going)
    for pod in seen.fleet.active:
        if pod.uid not in wrong:
            continue
        try:
            await world.mark(seen.metadata.namespace, pod, wrong[pod.uid])
        except Throttled:
            raise  # likewise
        except LlamafleetError as error:
            log.warning("%s: pod %s is not marked: %s", seen.metadata.namespace, pod.name, error)
            return


def _count(deployment: ChildSeen | None) -> int:
    """How many replicas a Deployment is told to have."""
    return 0 if deployment is None else int(orjson.loads(deployment.body)["spec"].get("replicas", 1))
