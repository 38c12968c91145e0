"""Act: bring the children to what they should be, each for itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from llamafleet.api.observed import Key
from llamafleet.errors import Throttled, Unavailable
from llamafleet.reconcile.changes import Changes
from llamafleet.reconcile.fits import Fits
from llamafleet.reconcile.ports import Writes
from llamafleet.reconcile.seen import Seen

GUARDS: Final = frozenset({"ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service"})
"""What must be there before the first pod: whatever it refers to, or is guarded by. The way to a waker is
neither."""


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


async def act(
    world: Writes, seen: Seen, intents: Iterable[Mapping[str, Any]], changes: Changes, fits: Fits
) -> Acted:
    """Apply what differs. A child that fails does not hold up the others: what must shrink, shrinks.

    Only a Deployment that does not exist yet waits for its guards: pods are never made without them.

    Raises:
        Throttled: the API server has too much to do.
    """
    failure, deployed, repairs = None, False, 0
    guarded = True
    for intent in intents:
        is_deployment = intent["kind"] == "Deployment"
        if is_deployment and not guarded and "Deployment" not in seen.children:
            continue
        try:
            repairs += await _apply(world, seen, intent, changes, fits)
        except Throttled:
            raise  # nothing more is sent now, and nothing is wrong with this resource
        except Unavailable as error:
            failure = failure or error
            guarded = guarded and intent["kind"] not in GUARDS
        else:
            deployed = deployed or is_deployment
    return Acted(failure, deployed, repairs)


async def _apply(world: Writes, seen: Seen, intent: Mapping[str, Any], changes: Changes, fits: Fits) -> bool:
    """Write one child if it differs; whether a child that existed was changed."""
    known, metadata = seen.children.get(intent["kind"]), seen.metadata
    is_ours = known is not None and known.owner_uid == metadata.uid
    if known is None or not is_ours:
        await world.create_child(intent)
    elif fits.same(Key(metadata.namespace, metadata.name), intent, known):
        return False
    else:
        await world.update_child(intent, known)
    changes.child(intent, known if is_ours else None)
    return is_ours
