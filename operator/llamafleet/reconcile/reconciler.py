"""One reconcile: a short list of named steps over one resource."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import ChildSeen, Key, PodSeen
from llamafleet.catalogue import Catalogue
from llamafleet.errors import InvalidSpec
from llamafleet.planning.diagnosis import Cause, diagnose, refused_pods
from llamafleet.planning.plan import Plan, plan
from llamafleet.planning.rollout import rollout
from llamafleet.planning.sizing.pools import resolve
from llamafleet.reconcile.act import Acted, act
from llamafleet.reconcile.observe import Seen, observe
from llamafleet.reconcile.ports import World
from llamafleet.rendering.children import children
from llamafleet.rendering.conditions import Fleet
from llamafleet.rendering.deployment import asleep
from llamafleet.rendering.status import Account, status

Decision = tuple[LlamaDeployment, Plan] | InvalidSpec
"""What should be, beside the resource that asks for it; or why nothing can be decided."""


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
        """Keep the parts; there is no other state."""
        self._world = world
        self._clock = clock
        self._operator_namespace = operator_namespace
        self._known = known

    async def reconcile(self, key: Key) -> int | None:
        """Observe, plan, render, apply, report.

        Returns:
            How many children had to be repaired; None when there is no such resource any more.

        Raises:
            Unavailable: something outside failed; the status says what, if it could be written.
        """
        seen = await observe(self._world, key, self._clock())
        if seen is None:
            return None
        decided = _decide(seen, self._known)
        acted = await act(self._world, seen, self._render(seen, decided))
        await self._report(key, seen, decided, acted)
        if acted.failure is not None:
            raise acted.failure
        return acted.repairs

    def _render(self, seen: Seen, decided: Decision) -> tuple[dict[str, Any], ...]:
        """What should exist. Of a refused spec only one wish is granted: to sleep, for that saves money."""
        if not isinstance(decided, InvalidSpec):
            return children(*decided, self._operator_namespace)
        deployment = seen.children.get("Deployment")
        return (asleep(orjson.loads(deployment.body)),) if seen.suspended and deployment else ()

    async def _report(self, key: Key, seen: Seen, decided: Decision, acted: Acted) -> None:
        """Write the status when it says something new."""
        wished = decided if isinstance(decided, InvalidSpec) else decided[1]
        # Looked at again after our writes: what was seen before them says nothing about this spec's pods.
        deployment, pods = self._world.children(key).get("Deployment"), self._world.pods(key)
        cause = None if isinstance(wished, InvalidSpec) else _cause(wished, pods, seen.logs, deployment)
        fleet = Fleet(seen.metadata, wished, acted.failure, pods, rollout(deployment), cause)
        put_to_sleep = isinstance(wished, InvalidSpec) and acted.deployed
        account = Account(fleet, seen.last_status, seen.now, deployed=acted.deployed, asleep=put_to_sleep)
        wanted = status(account)
        if wanted != seen.before:
            await self._world.apply_status(key, seen.metadata.uid, wanted)


def _decide(seen: Seen, known: Catalogue) -> Decision:
    """The plan beside the resource that it is for, or why there can be none."""
    if isinstance(seen.llama, InvalidSpec):
        return seen.llama
    try:
        pools = resolve(seen.pools, seen.unreadable, known)
        return seen.llama, plan(seen.llama.spec, pools, seen.observation, known)
    except InvalidSpec as error:
        return error


def _cause(
    plan: Plan, pods: tuple[PodSeen, ...], logs: Mapping[str, str], deployment: ChildSeen | None
) -> Cause | None:
    """Why the fleet is not well: its pods say so, or there are none and the Deployment says so."""
    of_pods = diagnose(pods, plan.shape.gpus, plan.shape.pool.resource_name, logs)
    return of_pods or (refused_pods(deployment.status) if deployment else None)
