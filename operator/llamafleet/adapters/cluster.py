"""The cluster as the reconciler sees it: fresh reads of our own kinds, warm views of everything else."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import CHILD_BY_NAME, CHILDREN, LLAMA_DEPLOYMENT, POD
from llamafleet.adapters.metrics import WRITES
from llamafleet.adapters.poolview import PoolView
from llamafleet.adapters.projection import controller_uid, project_child, project_pod
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import SERVING_CONTAINER
from llamafleet.api.observed import ChildSeen, Key, PodSeen
from llamafleet.errors import CleaningUp, Conflict

LOG_LINES: Final = 200
"""The cause of a failed start stands within the last 200 lines of vLLM's log."""

LOG_BYTES: Final = 64 * 1024

NO_OBJECTS_VERSION: Final = "1"
"""No object can have it: versions are etcd's revisions, and revision 1 is the empty store."""


class Cluster:
    """One cluster, seen through informers and written to by server-side apply.

    Args:
        transport: how to reach the API server.
        changed: called with the key of a LlamaDeployment whenever one of its children or pods changed.
    """

    def __init__(self, transport: Transport, changed: Callable[[Key], None]) -> None:
        """Build the informers; :meth:`run` starts them."""
        self._transport = transport
        self._children = {kind.name: Informer(transport, kind, project_child, changed) for kind in CHILDREN}
        self._pod_view = Informer(transport, POD, project_pod, changed)
        self._views: tuple[Informer[Any], ...] = (*self._children.values(), self._pod_view)
        self._pools = PoolView(transport)

    async def run(self) -> None:
        """Keep the views warm for ever."""
        async with asyncio.TaskGroup() as group:
            for informer in self._views:
                group.create_task(informer.run(), name=f"informer of {informer.kind.plural}")

    async def synced(self) -> None:
        """Wait until every view was filled once."""
        for informer in self._views:
            await informer.synced.wait()

    def silent_since(self) -> float:
        """The monotonic instant at which the quietest view was last heard of."""
        return min(informer.heard_at for informer in self._views)

    async def resource(self, key: Key) -> dict[str, Any] | None:
        """The LlamaDeployment as it is now, or None. Always a fresh read: a watch may have missed its end."""
        body = await self._transport.read(LLAMA_DEPLOYMENT.path(*key))
        return None if body is None else orjson.loads(body)

    async def pools(self) -> tuple[dict[str, Any], ...]:
        """Every GpuPool."""
        return await self._pools.read()

    def forget_pools(self) -> None:
        """A GpuPool changed: the next reader asks the API server."""
        self._pools.forget()

    def children(self, key: Key) -> dict[str, ChildSeen]:
        """The known children of a LlamaDeployment, by kind."""
        found = {name: informer.of(key).get(key.name) for name, informer in self._children.items()}
        return {name: child for name, child in found.items() if child is not None}

    def pods(self, key: Key) -> tuple[PodSeen, ...]:
        """The pods of a LlamaDeployment that are not on their way out, oldest first."""
        alive = (pod for pod in self._pod_view.of(key).values() if not pod.deleting)
        return tuple(sorted(alive, key=lambda pod: (pod.created, pod.name)))

    async def log_of(self, namespace: str, pod: PodSeen) -> str:
        """The end of the log of the container that ended last; empty when the kubelet has none."""
        query = {
            "container": SERVING_CONTAINER,
            "tailLines": str(LOG_LINES),
            "limitBytes": str(LOG_BYTES),
            "previous": str(pod.restarts > 0).lower(),
        }
        body = await self._transport.read(f"{POD.path(namespace, pod.name)}/log", query)
        return (body or b"").decode(errors="replace")

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        """Make a child that we have not seen yet.

        The version that no object has makes this apply a creation: when there is an object of that name, it
        conflicts, whatever the two would share. So nothing of somebody else is ever touched.

        Raises:
            CleaningUp: what an earlier resource of the same name left is still being removed.
            Conflict: an object of that name exists and is not controlled by the same resource.
        """
        metadata = intent["metadata"]
        try:
            await self._apply({**intent, "metadata": {**metadata, "resourceVersion": NO_OBJECTS_VERSION}})
        except Conflict:
            existing = await self._transport.read(_path(intent))
            if existing is None:
                raise  # gone again: the next attempt will do
            raw = orjson.loads(existing)
            if controller_uid(raw["metadata"]) != controller_uid(metadata):
                raise _taken(intent, raw["metadata"]) from None
            await self.update_child(intent, project_child(raw))

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        """Bring a child of ours back to our intent; its uid makes sure that it still is the same object."""
        metadata = {**intent["metadata"], "uid": seen.uid}
        await self._apply({**intent, "metadata": metadata})

    async def _apply(self, intent: Mapping[str, Any]) -> None:
        body = await self._transport.apply(_path(intent), intent)
        WRITES.labels(intent["kind"]).inc()
        self._children[intent["kind"]].absorb(orjson.loads(body))

    async def apply_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        """Write the whole status of a LlamaDeployment; the uid keeps it off a namesake born meanwhile."""
        intent = {
            "apiVersion": LLAMA_DEPLOYMENT.api_version,
            "kind": LLAMA_DEPLOYMENT.name,
            "metadata": {"namespace": key.namespace, "name": key.name, "uid": uid},
            "status": status,
        }
        await self._transport.apply(f"{LLAMA_DEPLOYMENT.path(*key)}/status", intent)
        WRITES.labels("LlamaDeployment").inc()


def _path(intent: Mapping[str, Any]) -> str:
    kind, metadata = CHILD_BY_NAME[intent["kind"]], intent["metadata"]
    return kind.path(metadata["namespace"], metadata["name"])


def _taken(intent: Mapping[str, Any], existing: Mapping[str, Any]) -> Conflict | CleaningUp:
    """Why we cannot have the name: our own past, or somebody else."""
    metadata = intent["metadata"]
    what = f"{intent['kind']} {metadata['namespace']}/{metadata['name']}"
    (owner,) = metadata["ownerReferences"]
    before = existing.get("ownerReferences", ())
    if any((past["kind"], past["name"]) == (owner["kind"], owner["name"]) for past in before):
        return CleaningUp(f"{what} of an earlier LlamaDeployment of this name is still being removed")
    rule = "does not belong to this LlamaDeployment; it is left as it is. Rename one of the two"
    return Conflict(f"{what} exists and {rule}")
