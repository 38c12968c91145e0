"""One reconcile: a short list of named steps over one resource."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import ChildSeen, Key, PodSeen
from llamafleet.errors import InvalidSpec, Unavailable
from llamafleet.planning.diagnosis import Cause, diagnose, refused_pods
from llamafleet.planning.plan import Plan, plan
from llamafleet.planning.pools import resolve
from llamafleet.planning.rollout import rollout
from llamafleet.reconcile.difference import holds
from llamafleet.reconcile.observe import Seen, observe
from llamafleet.reconcile.ports import World
from llamafleet.rendering.children import children
from llamafleet.rendering.conditions import Fleet
from llamafleet.rendering.status import Account, status

log = logging.getLogger(__name__)

Decision = tuple[LlamaDeployment, Plan] | InvalidSpec
"""What should be, beside the resource that asks for it; or why nothing can be decided."""


class Reconciler:
    """Brings the children of a LlamaDeployment in line with its plan and says so in its status.

    Args:
        world: the cluster.
        clock: gives the present instant, UTC.
        operator_namespace: the namespace from which model pods accept the operator's requests.
    """

    def __init__(self, world: World, clock: Callable[[], datetime], operator_namespace: str) -> None:
        """Keep the parts; there is no other state."""
        self._world = world
        self._clock = clock
        self._operator_namespace = operator_namespace

    async def reconcile(self, key: Key) -> bool:
        """Observe, plan, render, apply, report. False when there is no such resource any more.

        Raises:
            Unavailable: something outside failed; the status says what, if it could be written.
        """
        seen = await observe(self._world, key, self._clock())
        if seen is None:
            return False
        decided = _decide(seen)
        failure = None if isinstance(decided, InvalidSpec) else await self._act(seen, *decided)
        await self._report(key, seen, decided, failure)
        if failure is not None:
            raise failure
        return True

    async def _act(self, seen: Seen, llama: LlamaDeployment, decided: Plan) -> Unavailable | None:
        """Apply what differs; the first failure, after which nothing more is tried."""
        try:
            for intent in children(llama, decided, self._operator_namespace):
                await self._apply(intent, seen)
        except Unavailable as error:
            return error
        return None

    async def _apply(self, intent: Mapping[str, Any], seen: Seen) -> None:
        known = seen.children.get(intent["kind"])
        if known is None or known.owner_uid != seen.metadata.uid:
            await self._world.create_child(intent)
        elif not _same(intent, known):
            await self._world.update_child(intent, known)
        else:
            return
        log.info("%s/%s: applied %s", seen.metadata.namespace, seen.metadata.name, intent["kind"])

    async def _report(self, key: Key, seen: Seen, decided: Decision, failure: Unavailable | None) -> None:
        """Write the status when it says something new."""
        wished = decided if isinstance(decided, InvalidSpec) else decided[1]
        # Looked at again after our writes: what was seen before them says nothing about this spec's pods.
        deployment, pods = self._world.children(key).get("Deployment"), self._world.pods(key)
        cause = None if isinstance(wished, InvalidSpec) else _cause(wished, pods, seen.logs, deployment)
        fleet = Fleet(seen.metadata, wished, failure, pods, rollout(deployment), cause)
        wanted = status(Account(fleet, seen.last_status, seen.now))
        if wanted != seen.before:
            await self._world.apply_status(key, seen.metadata.uid, wanted)


def _decide(seen: Seen) -> Decision:
    """The plan beside the resource that it is for, or why there can be none."""
    if isinstance(seen.llama, InvalidSpec):
        return seen.llama
    try:
        return seen.llama, plan(seen.llama.spec, resolve(seen.pools, seen.unreadable), seen.observation)
    except InvalidSpec as error:
        return error


def _cause(
    plan: Plan, pods: tuple[PodSeen, ...], logs: Mapping[str, str], deployment: ChildSeen | None
) -> Cause | None:
    """Why the fleet is not well: its pods say so, or there are none and the Deployment says so."""
    of_pods = diagnose(pods, plan.shape.tensor_parallel, plan.shape.pool.resource_name, logs)
    return of_pods or (refused_pods(deployment.status) if deployment else None)


def _same(intent: Mapping[str, Any], known: ChildSeen) -> bool:
    """Compare without ``apiVersion`` and ``kind``, which the items of a list do not carry."""
    live = orjson.loads(known.body)
    return all(
        holds(intent[field], live.get(field), field)
        for field in intent
        if field not in {"apiVersion", "kind"}
    )
