"""Report: say what is new, in Events and in the status."""

from collections.abc import Mapping

from llamafleet.api.observed import Announcement, ChildSeen, Key, PodSeen
from llamafleet.errors import InvalidSpec
from llamafleet.planning.diagnosis import Cause, diagnose, refused_pods
from llamafleet.planning.plan import Plan
from llamafleet.planning.rollout import rollout
from llamafleet.planning.scaling.capacity import draining_gpus
from llamafleet.reconcile.act import Acted
from llamafleet.reconcile.decide import Decided
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.seen import Seen
from llamafleet.reconcile.untold import Untold
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.news import is_checkpoint, is_news
from llamafleet.rendering.notice import Notice
from llamafleet.rendering.notices import notices
from llamafleet.rendering.status import Account, status


async def report(world: World, untold: Untold, seen: Seen, decided: Decided, acted: Acted) -> None:
    """Say what is new: first in Events, which can be said twice, then in the status.

    Raises:
        Unavailable: the status cannot be written. An Event that cannot be written is kept, to be told again.
    """
    key = Key(seen.metadata.namespace, seen.metadata.name)
    # Looked at again after our writes: what was seen before them says nothing about this spec's pods.
    fleet = _fleet(seen, decided, acted, world.pods(key), world.children(key).get("Deployment"))
    for notice in notices(fleet, seen.last_status, seen.last_ledger, deployed=acted.deployed):
        await untold.tell(world, _announcement(key, seen, notice), seen.now)
    wanted = status(Account(fleet, seen.last_status, decided.starts, deployed=acted.deployed))
    if is_news(wanted, seen.before):
        reason = "checkpoint" if is_checkpoint(wanted, seen.before) else "status"
        await world.apply_status(key, seen.metadata.uid, wanted, seen.metadata.resource_version, reason)
    world.settled(key, [departed.pod.uid for departed in seen.fleet.departed])


def _fleet(
    seen: Seen, decided: Decided, acted: Acted, pods: tuple[PodSeen, ...], deployment: ChildSeen | None
) -> Fleet:
    """What there is to say."""
    wish, active = decided.wish, tuple(pod for pod in pods if pod.active)
    cause = None if isinstance(wish, InvalidSpec) else _cause(wish, active, seen.fleet.logs, deployment)
    return Fleet(
        metadata=seen.metadata,
        plan=wish,
        failure=acted.failure,
        pods=active,
        rollout=rollout(deployment),
        cause=cause,
        ledger=decided.ledger,
        asleep=decided.sleeps and acted.deployed,
        odd=seen.overrides if isinstance(seen.overrides, InvalidSpec) else None,
        now=seen.now,
        asked=len(seen.fleet.asked),
        answered=seen.answered,
        draining_gpus=draining_gpus(pods),
    )


def _cause(
    plan: Plan, pods: tuple[PodSeen, ...], logs: Mapping[str, str], deployment: ChildSeen | None
) -> Cause | None:
    """Why the fleet is not well: its pods say so, or there are none and the Deployment says so."""
    of_pods = diagnose(pods, plan.shape.gpus, plan.shape.pool.resource_name, logs)
    return of_pods or (refused_pods(deployment.status) if deployment else None)


def _announcement(key: Key, seen: Seen, notice: Notice) -> Announcement:
    uid = seen.metadata.uid
    return Announcement(key, uid, notice.type, notice.reason, notice.message, at=seen.now, again=notice.again)
