"""Writing the children of a LlamaDeployment: made once, brought back to what they should be, never taken."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from llamafleet.adapters.kinds import CHILD_BY_NAME
from llamafleet.adapters.metrics import WRITES
from llamafleet.adapters.projection import controller_uid, project_child
from llamafleet.adapters.streams import object_of
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import APPLIED_ANNOTATION
from llamafleet.api.observed import ChildSeen
from llamafleet.errors import CleaningUp, Conflict, Rejected

NO_OBJECTS_VERSION: Final = "1"
"""No object can have it: versions are etcd's revisions, and revision 1 is the empty store."""


class ChildWriter:
    """Writes children by server-side apply.

    Args:
        transport: how to reach the API server.
        written: told every object that a write returned, with its kind.
    """

    def __init__(self, transport: Transport, written: Callable[[str, dict[str, Any]], None]) -> None:
        """Nothing is written yet."""
        self._transport = transport
        self._written = written

    async def create(self, intent: Mapping[str, Any]) -> None:
        """Make a child that we have not seen yet.

        The version that no object has makes this apply a creation: when there is an object of that name, it
        conflicts, whatever the two would share. So nothing of somebody else is ever touched.

        Raises:
            CleaningUp: what an earlier resource of the same name left is still being removed.
            Conflict: an object of that name exists and is not controlled by the same resource.
        """
        metadata = intent["metadata"]
        try:
            fresh = {**intent, "metadata": {**metadata, "resourceVersion": NO_OBJECTS_VERSION}}
            await self._apply(fresh, "create")
        except Conflict:
            existing = await self._transport.read(_path(intent))
            if existing is None:
                raise  # gone again: the next attempt will do
            raw = object_of(existing)
            if controller_uid(raw["metadata"]) != controller_uid(metadata):
                raise _taken(intent, raw["metadata"]) from None
            await self.update(intent, project_child(raw))

    async def update(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        """Bring a child of ours back to our intent; its uid makes sure that it still is the same object.

        Raises:
            CleaningUp: it is another object by now; the next look will see that one.
        """
        identity = {**intent["metadata"], "uid": seen.uid}
        try:
            await self._apply_or_replace({**intent, "metadata": identity}, _reason(intent, seen))
        except Conflict as error:
            message = f"{_name(intent)} was replaced by another one meanwhile"
            raise CleaningUp(message) from error

    async def _apply_or_replace(self, intent: Mapping[str, Any], reason: str) -> None:
        """Apply; where that is refused, replace the lists of the spec first.

        An apply adds its own item beside one that somebody renumbered, a port for example, and the API server
        then finds two of the same name.
        """
        try:
            await self._apply(intent, reason)
        except Rejected:
            if "spec" not in intent:
                raise
            identity = {"uid": intent["metadata"]["uid"]}
            await self._transport.merge(_path(intent), {"metadata": identity, "spec": intent["spec"]})
            WRITES.labels(intent["kind"], reason).inc()
            await self._apply(intent, reason)

    async def _apply(self, intent: Mapping[str, Any], reason: str) -> None:
        body = await self._transport.apply(_path(intent), intent)
        WRITES.labels(intent["kind"], reason).inc()
        self._written(intent["kind"], object_of(body))


def _reason(intent: Mapping[str, Any], seen: ChildSeen) -> str:
    """Whether we want something else than before, or somebody else has changed what we wanted."""
    same = seen.applied == intent["metadata"]["annotations"].get(APPLIED_ANNOTATION)
    return "repair" if same else "change"


def _path(intent: Mapping[str, Any]) -> str:
    kind, metadata = CHILD_BY_NAME[intent["kind"]], intent["metadata"]
    return kind.path(metadata["namespace"], metadata["name"])


def _name(intent: Mapping[str, Any]) -> str:
    """An object as people write it: ``Service team-a/scout``."""
    metadata = intent["metadata"]
    return f"{intent['kind']} {metadata['namespace']}/{metadata['name']}"


def _taken(intent: Mapping[str, Any], existing: Mapping[str, Any]) -> Conflict | CleaningUp:
    """Why we cannot have the name: our own past, or somebody else."""
    what = _name(intent)
    (owner,) = intent["metadata"]["ownerReferences"]
    before = existing.get("ownerReferences", ())
    if any((past["kind"], past["name"]) == (owner["kind"], owner["name"]) for past in before):
        return CleaningUp(f"{what} of an earlier LlamaDeployment of this name is still being removed")
    rule = "does not belong to this LlamaDeployment; it is left as it is. Rename one of the two"
    return Conflict(f"{what} exists and {rule}")
