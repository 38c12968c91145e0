"""Mark: before a fleet shrinks, its pods say which of them are the least busy.

The marks are written only then. Who marked pods at every look would write without end, for a quiet fleet
causes no writes; and a mark of a minute ago names the wrong pods.
"""

import logging

import orjson

from llamafleet.api.observed import ChildSeen
from llamafleet.errors import InvalidSpec, LlamafleetError
from llamafleet.planning.plan import Plan
from llamafleet.planning.scaling.retire import marks
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.seen import Seen

log = logging.getLogger(__name__)


async def mark(world: World, seen: Seen, wish: Plan | InvalidSpec) -> None:
    """Write the marks that are wrong, if the Deployment is about to shrink and some of its pods stay.

    A mark that cannot be written holds nothing up. Whoever shrinks may be out of money, or suspended; and a
    pod that goes although it is busy drains all the same, so nothing is lost but a little time of its GPUs.
    """
    if isinstance(wish, InvalidSpec) or not _shrinks(seen.children.get("Deployment"), wish.replicas):
        return
    pods, loads = seen.fleet.active, seen.fleet.loads
    if loads is None:
        loads = await world.loads(seen.metadata.namespace, pods)
    wrong = marks(pods, loads, wish.replicas)
    for pod in pods:
        if pod.uid not in wrong:
            continue
        try:
            await world.mark(seen.metadata.namespace, pod, wrong[pod.uid])
        except LlamafleetError as error:
            log.warning("%s/%s: pod %s is not marked: %s", *_name(seen), pod.name, error)
            return


def _shrinks(deployment: ChildSeen | None, wanted: int) -> bool:
    """Whether this is a Deployment that will have fewer replicas, and some."""
    if deployment is None or not wanted:
        return False
    present = orjson.loads(deployment.body)["spec"].get("replicas", 1)
    return bool(present > wanted)


def _name(seen: Seen) -> tuple[str, str]:
    return seen.metadata.namespace, seen.metadata.name
