"""The cluster as the reconciler sees it: fresh reads of our own kinds, warm views of everything else."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import CHILD_BY_NAME, CHILDREN, LLAMA_DEPLOYMENT, POD
from llamafleet.adapters.logs import Logs
from llamafleet.adapters.metrics import WRITES
from llamafleet.adapters.poolview import PoolView
from llamafleet.adapters.projection import controller_uid, project_child, project_pod
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import ChildSeen, Key, PodSeen
from llamafleet.errors import CleaningUp, Conflict, Rejected

FINISHED: Final = frozenset({"Failed", "Succeeded"})
"""Phases of a pod that will not run again, such as an evicted one: it holds no GPU and counts for nothing."""

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
        self._logs = Logs(transport)

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
        """The pods of a LlamaDeployment that run or will run, oldest first.

        A pod with our labels that no ReplicaSet of our Deployment made is somebody else's.
        """
        counted = (
            pod
            for pod in self._pod_view.of(key).values()
            if not pod.deleting and pod.phase not in FINISHED and pod.controller.startswith(f"{key.name}-")
        )
        return tuple(sorted(counted, key=lambda pod: (pod.created, pod.name)))

    async def log_of(self, namespace: str, pod: PodSeen) -> str:
        """The end of the log of the container that ended last; empty when the kubelet has none."""
        return await self._logs.of(namespace, pod)

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
        """Bring a child of ours back to our intent; its uid makes sure that it still is the same object.

        Raises:
            CleaningUp: it is another object by now; the next look will see that one.
        """
        identity = {**intent["metadata"], "uid": seen.uid}
        try:
            await self._apply_or_replace({**intent, "metadata": identity})
        except Conflict as error:
            message = f"{_name(intent)} was replaced by another one meanwhile"
            raise CleaningUp(message) from error

    async def _apply_or_replace(self, intent: Mapping[str, Any]) -> None:
        """Apply; where that is refused, replace the lists of the spec first.

        An apply adds its own item beside one that somebody renumbered, a port for example, and the API server
        then finds two of the same name.
        """
        try:
            await self._apply(intent)
        except Rejected:
            if "spec" not in intent:
                raise
            identity = {"uid": intent["metadata"]["uid"]}
            await self._transport.merge(_path(intent), {"metadata": identity, "spec": intent["spec"]})
            await self._apply(intent)

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
