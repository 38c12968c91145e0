"""One reconcile: a short list of named steps over one resource."""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import Announcement, ChildSeen, Key, PodSeen
from llamafleet.catalogue import Catalogue
from llamafleet.errors import Forbidden, InvalidSpec
from llamafleet.planning.diagnosis import Cause, diagnose, refused_pods
from llamafleet.planning.drain import drain
from llamafleet.planning.money.carryover import left_behind
from llamafleet.planning.plan import Plan
from llamafleet.planning.rollout import rollout
from llamafleet.planning.scaling.capacity import draining_gpus
from llamafleet.planning.scaling.resting import LOOK
from llamafleet.reconcile.act import Acted, act
from llamafleet.reconcile.changes import Changes, tell
from llamafleet.reconcile.decide import Decided, decide
from llamafleet.reconcile.fits import Fits
from llamafleet.reconcile.looks import Look, Looks
from llamafleet.reconcile.observe import observe
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.seen import Seen, read_ledger
from llamafleet.reconcile.shrink import AS_IT_IS, Shrunk, shrink
from llamafleet.rendering.children import children
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.news import is_news
from llamafleet.rendering.notice import Notice
from llamafleet.rendering.notices import notices
from llamafleet.rendering.sleep import asleep, shortened
from llamafleet.rendering.status import Account, status
from llamafleet.rendering.wakerslice import waker_slice

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reconcile leaves to do.

    Attributes:
        repairs: how many children that existed had to be changed.
        wake_seconds: after how long the decision may be another one, by time alone.
    """

    repairs: int
    wake_seconds: float


class Reconciler:
    """Brings the children of a LlamaDeployment in line with its plan and says so in its status.

    Args:
        world: the cluster.
        clock: gives the present instant, UTC.
        operator_namespace: the namespace from which model pods accept the operator's requests.
        known: the catalogue to plan with.
    """

    def __init__(
        self, world: World, clock: Callable[[], datetime], operator_namespace: str, known: Catalogue
    ) -> None:
        """Keep the parts. What the last looks showed is the only state; another process does without."""
        self._world = world
        self._looks, self._fits = Looks(), Fits()
        self._clock = clock
        self._operator_namespace = operator_namespace
        self._known = known

    async def reconcile(self, key: Key) -> Outcome | None:
        """Observe, plan, render, apply, report; None when there is no such resource any more.

        Raises:
            Unavailable: something outside failed; the status says what, if it could be written.
        """
        seen = await observe(self._world, self._looks, key, self._clock())
        if seen is None:
            self._looks.forget(key)
            self._fits.forget(key)
            await self._bury(key)
            return None
        decided = decide(seen, self._known)
        self._remember(key, seen, decided.wish)
        changes = Changes()
        try:
            shrunk = await self._shrink(seen, decided, changes)
            intents = self._render(seen, decided, shrunk.replicas)
            acted = await act(self._world, seen, intents, changes, self._fits)
        finally:
            tell(seen, decided, changes)
        await self._report(key, seen, decided, acted)
        wake_seconds = min(_wake_seconds(seen, decided), LOOK.total_seconds() if shrunk.rests else math.inf)
        if acted.failure is not None:
            acted.failure.wake_seconds = wake_seconds
            raise acted.failure
        return Outcome(acted.repairs, wake_seconds)

    async def _shrink(self, seen: Seen, decided: Decided, changes: Changes) -> Shrunk:
        """Prepare the pods for what was decided, or for the last decision where this spec is refused."""
        wish = decided.wish
        if decided.sleeps:
            return AS_IT_IS
        return await shrink(self._world, seen, None if isinstance(wish, InvalidSpec) else wish, changes)

    def _remember(self, key: Key, seen: Seen, wish: Plan | InvalidSpec) -> None:
        """Keep what this look has shown, for the next one."""
        if isinstance(wish, Plan) and wish.case.spec.scaling is not None:
            memory, loads = wish.case.demand.memory, seen.fleet.loads or {}
            self._looks.keep(key, Look(seen.metadata.uid, seen.now, loads, memory))

    async def _bury(self, key: Key) -> None:
        """The resource is gone: a namesake shall not get its money again."""
        raw = self._world.left(key)
        ledger = None if raw is None else read_ledger(raw)
        if ledger is not None:
            left = left_behind(ledger, self._clock(), timedelta(seconds=drain(None).grace))
            kept = left.model_dump(mode="json", by_alias=True, exclude_none=True)
            try:
                await self._world.carry_over(key, kept)
            except Forbidden as error:  # rights of an older release
                log.warning("%s leaves no account: %s", key, error)

    def _render(self, seen: Seen, decided: Decided, replicas: int | None) -> tuple[dict[str, Any], ...]:
        """What should exist. Without a plan only wishes for less are granted, for that saves money."""
        wish = decided.wish
        if isinstance(wish, Plan) and isinstance(seen.llama, LlamaDeployment):
            wish = wish if replicas is None else replace(wish, replicas=replicas)
            wakers = _wakers(seen, is_wanted=wish.replicas > 0)
            return children(seen.llama, wish, self._operator_namespace, wakers, _own_deployment(seen))
        live = {kind: orjson.loads(child.body) for kind, child in seen.children.items()}
        if "Deployment" not in live:
            return ()
        if decided.sleeps:
            return (*_wakers(seen, is_wanted=False), *asleep(live))
        return (*_wakers(seen, is_wanted=True), *(() if replicas is None else shortened(live, replicas)))

    async def _report(self, key: Key, seen: Seen, decided: Decided, acted: Acted) -> None:
        """Say what is new: first in Events, which can be said twice, then in the status."""
        # Looked at again after our writes: what was seen before them says nothing about this spec's pods.
        deployment = self._world.children(key).get("Deployment")
        fleet = _fleet(seen, decided, acted, self._world.pods(key), deployment)
        for notice in notices(fleet, seen.last_status, seen.last_ledger, deployed=acted.deployed):
            await self._world.announce(_announcement(key, seen, notice))
        wanted = status(Account(fleet, seen.last_status, decided.starts, deployed=acted.deployed))
        if is_news(wanted, seen.before):
            version = seen.metadata.resource_version
            await self._world.apply_status(key, seen.metadata.uid, wanted, version)
        self._world.settled(key, [departed.pod.uid for departed in seen.fleet.departed])


def _own_deployment(seen: Seen) -> Mapping[str, Any] | None:
    """The Deployment as it is; None when there is none, or one that an earlier namesake has left."""
    known = seen.children.get("Deployment")
    if known is None or known.owner_uid != seen.metadata.uid:
        return None
    body: Mapping[str, Any] = orjson.loads(known.body)
    return body


def _wakers(seen: Seen, *, is_wanted: bool) -> tuple[dict[str, Any], ...]:
    """The slice that leads to the wakers, as it should be; none while there is nowhere to lead to.

    Args:
        seen: what was there.
        is_wanted: whether there should be replicas.
    """
    if seen.waker is None:
        return ()
    is_ready = any(pod.ready for pod in seen.fleet.serving)
    return (waker_slice(seen, seen.waker, awake=is_wanted and is_ready),)


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


def _wake_seconds(seen: Seen, decided: Decided) -> float:
    """How long until time alone may change the decision."""
    return (decided.wake - seen.now).total_seconds() if decided.wake else math.inf
