"""Act: bring the children to what they should be, each for itself."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from llamafleet.api.observed import ChildSeen
from llamafleet.errors import Unavailable
from llamafleet.reconcile.difference import holds
from llamafleet.reconcile.ports import Writes
from llamafleet.reconcile.seen import Seen

GUARDS: Final = frozenset({"ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service"})
"""What must be there before the first pod: whatever it refers to, or is guarded by. The way to a waker is
neither."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acted:
    """What came of the writes.

    Attributes:
        failure: the first thing that went wrong, or None.
        deployed: whether the Deployment is as it should be.
        repairs: how many children that existed had to be changed.
    """

    failure: Unavailable | None
    deployed: bool
    repairs: int


async def act(world: Writes, seen: Seen, intents: Iterable[Mapping[str, Any]]) -> Acted:
    """Apply what differs. A child that fails does not hold up the others: what must shrink, shrinks.

    Only a Deployment that does not exist yet waits for its guards: pods are never made without them.
    """
    failure, deployed, repairs = None, False, 0
    guarded = True
    for intent in intents:
        is_deployment = intent["kind"] == "Deployment"
        if is_deployment and not guarded and "Deployment" not in seen.children:
            continue
        try:
            repairs += await _apply(world, seen, intent)
        except Unavailable as error:
            failure = failure or error
            guarded = guarded and intent["kind"] not in GUARDS
        else:
            deployed = deployed or is_deployment
    return Acted(failure, deployed, repairs)


async def _apply(world: Writes, seen: Seen, intent: Mapping[str, Any]) -> bool:
    """Write one child if it differs; whether a child that existed was changed."""
    known = seen.children.get(intent["kind"])
    is_ours = known is not None and known.owner_uid == seen.metadata.uid
    if known is None or not is_ours:
        await world.create_child(intent)
    elif _same(intent, known):
        return False
    else:
        await world.update_child(intent, known)
    log.info("%s/%s: applied %s", seen.metadata.namespace, seen.metadata.name, intent["kind"])
    return is_ours


def _same(intent: Mapping[str, Any], known: ChildSeen) -> bool:
    """Compare without ``apiVersion`` and ``kind``, which the items of a list do not carry."""
    live = orjson.loads(known.body)
    return all(
        holds(intent[field], live.get(field), field)
        for field in intent
        if field not in {"apiVersion", "kind"}
    )
