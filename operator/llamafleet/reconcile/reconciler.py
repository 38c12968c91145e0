"""One reconcile: a short list of named steps over one resource."""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import Key
from llamafleet.catalogue import Catalogue
from llamafleet.errors import InvalidSpec
from llamafleet.planning.plan import Plan
from llamafleet.planning.scaling.resting import LOOK
from llamafleet.reconcile.act import act
from llamafleet.reconcile.burial import bury
from llamafleet.reconcile.changes import Changes, tell
from llamafleet.reconcile.decide import Decided, decide
from llamafleet.reconcile.fits import Fits
from llamafleet.reconcile.looks import Look, Looks
from llamafleet.reconcile.observe import observe
from llamafleet.reconcile.ports import World
from llamafleet.reconcile.report import report
from llamafleet.reconcile.seen import Seen
from llamafleet.reconcile.shrink import AS_IT_IS, Shrunk, shrink
from llamafleet.reconcile.untold import Untold
from llamafleet.rendering.children import children
from llamafleet.rendering.sleep import asleep, shortened
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
        self._looks, self._fits, self._untold = Looks(), Fits(), Untold()
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
            self._untold.forget(key)
            await bury(self._world, self._known, key, self._clock())
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
        await report(self._world, self._untold, seen, decided, acted)
        retry_seconds = await self._untold.tell_again(self._world, key, seen.now)
        look_seconds = LOOK.total_seconds() if shrunk.rests else math.inf
        wake_seconds = min(_wake_seconds(seen, decided), look_seconds, retry_seconds)
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


def _wake_seconds(seen: Seen, decided: Decided) -> float:
    """How long until time alone may change the decision."""
    return (decided.wake - seen.now).total_seconds() if decided.wake else math.inf
