"""The cluster as the reconciler sees it: fresh reads of our own kinds, warm views of everything else."""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from llamafleet.adapters import clock as system_clock
from llamafleet.adapters.carryover import CarryOver
from llamafleet.adapters.childwriter import ChildWriter
from llamafleet.adapters.events import event_of
from llamafleet.adapters.freshness import Freshness
from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import CHILDREN, EVENT, LLAMA_DEPLOYMENT, WAKER_SLICE, Kind
from llamafleet.adapters.loads import Loads, LoadSource
from llamafleet.adapters.logs import Logs
from llamafleet.adapters.metrics import WRITES
from llamafleet.adapters.nodes import Nodes
from llamafleet.adapters.olderkind import apply_status
from llamafleet.adapters.pods import Pods
from llamafleet.adapters.podwriter import PodWriter
from llamafleet.adapters.poolview import PoolView
from llamafleet.adapters.projection import project_child, project_deployment
from llamafleet.adapters.resources import Resources
from llamafleet.adapters.streams import object_of
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope, View
from llamafleet.adapters.wakerview import WakerView
from llamafleet.api.observed import Announcement, ChildSeen, Departed, Key, Load, PodSeen, WakerSeen
from llamafleet.errors import Conflict, Ending, Stale, Unavailable


class Cluster:
    """One cluster, seen through informers and written to by server-side apply.

    Args:
        transport: how to reach the API server.
        scope: where the operator runs and where it works.
        changed: called with the key of a LlamaDeployment whenever one of its children or pods changed.
        clock: gives the present instant, UTC.
        waker: the name of the wakers' headless Service in that namespace; None: there are none.
        loads: who knows what pods say of their work; None: the pods themselves are asked.
    """

    def __init__(
        self,
        transport: Transport,
        scope: Scope,
        changed: Callable[[Key], None],
        clock: Callable[[], datetime] = system_clock.now,
        waker: str | None = None,
        loads: LoadSource | None = None,
    ) -> None:
        """Build the informers; :meth:`run` starts them."""
        self._transport = transport
        self._children = {kind.name: _view(transport, kind, changed, scope.namespaces) for kind in CHILDREN}
        self._pods = Pods(transport, scope.namespaces, changed, clock)
        self._waker = WakerView(transport, scope, waker, changed, self._children["Deployment"].owners)
        self._resources = Resources()
        self._freshness = Freshness()
        self._views: tuple[View[Any], ...] = (*self._children.values(), self._pods.view)
        self._needed = (*self._views, *self._waker.needed)
        self._pools = PoolView(transport)
        self._logs = Logs(transport)
        self._nodes = Nodes(transport)
        self._loads = loads or Loads()
        self._carry_over = CarryOver(transport, scope.home)
        self._child_writer = ChildWriter(transport, self._child_written)
        self._pod_writer = PodWriter(transport, self._pods.view.absorb)

    async def run(self) -> None:
        """Keep the views warm for ever."""
        async with asyncio.TaskGroup() as group:
            for view in self._views:
                group.create_task(view.run(), name="a view")
            group.create_task(self._waker.run(), name="the wakers")

    async def synced(self) -> None:
        """Wait until every view was filled once, wherever we may look."""
        for view in self._needed:
            await view.synced()

    def silent_since(self) -> float:
        """The monotonic instant at which the quietest view was last heard of."""
        return min(view.heard_at for view in self._needed)

    def unanswered_since(self) -> float:
        """The monotonic instant at which the API server last answered every view, be it with a refusal."""
        return min(view.answered_at for view in self._needed)

    async def resource(self, key: Key) -> dict[str, Any] | None:
        """The LlamaDeployment as it is now, or None. Always a fresh read: a watch may have missed its end.

        Raises:
            Stale: the answer is older than what was seen or written before.
            Unavailable: the API server cannot be reached or refuses, or has not shown us its namespace yet.
        """
        if not all(view.shows(key.namespace) for view in self._views):
            message = f"not everything in namespace {key.namespace} was seen yet"
            raise Unavailable(message)
        body = await self._transport.read(LLAMA_DEPLOYMENT.path(*key))
        if body is None:
            self._resources.gone(key)
            self._freshness.gone(key)
            self._waker.forget(key)
            return None
        found = object_of(body)
        self._freshness.check(key, found)
        self._carry_over.saw(key, _ledger_of(found))
        return found

    def saw(self, key: Key, raw: Mapping[str, Any]) -> bool:
        """A watch showed a LlamaDeployment; whether its author changed something."""
        self._freshness.note(key, raw)
        self._carry_over.saw(key, _ledger_of(raw))
        return self._resources.saw(key, raw)

    def saw_end(self, key: Key, raw: Mapping[str, Any]) -> None:
        """A watch showed the end of a LlamaDeployment."""
        self.saw(key, raw)
        self._resources.gone(key)
        self._freshness.gone(key)

    def accounted(self, key: Key, raw: Mapping[str, Any]) -> None:
        """Another process has written this status: the departed pods in its account are done with."""
        self._pods.accounted(key, _ledger_of(raw))

    def known(self) -> Iterable[Key]:
        """Every LlamaDeployment that was seen, there or not, or of which something is left."""
        left = (view.owners() for view in self._views)
        return {*self._resources.keys(), *self._pods.owners(), *itertools.chain(*left)}

    def resources(self) -> Iterable[Key]:
        """Every LlamaDeployment that is there, as far as is known."""
        return self._resources.keys()

    def forget(self, key: Key) -> None:
        """A LlamaDeployment is gone: another process has seen to what it left, or nobody may."""
        self._carry_over.forget(key)
        self._pods.forget(key)

    def left(self, key: Key) -> dict[str, Any] | None:
        """The last account of a resource, until it is carried over."""
        return self._carry_over.left(key)

    async def carried_over(self, key: Key) -> dict[str, Any] | None:
        """The account that a deleted namesake has left."""
        return await self._carry_over.read(key)

    async def carry_over(self, key: Key, ledger: Mapping[str, Any]) -> None:
        """Keep the account of a resource that was deleted."""
        await self._carry_over.write(key, ledger)

    async def pools(self) -> tuple[dict[str, Any], ...]:
        """Every GpuPool."""
        return await self._pools.read()

    def forget_pools(self) -> None:
        """A GpuPool changed: the next reader asks the API server."""
        self._pools.forget()

    def children(self, key: Key) -> dict[str, ChildSeen]:
        """The known children of a LlamaDeployment, by kind."""
        found = {name: view.of(key).get(key.name) for name, view in self._children.items()}
        found[WAKER_SLICE.name] = self._waker.slice_of(key)
        return {name: child for name, child in found.items() if child is not None}

    def pods(self, key: Key) -> tuple[PodSeen, ...]:
        """Every pod of a LlamaDeployment, oldest first: those on their way out and those that ended, too."""
        return self._pods.of(key)

    def departed(self, key: Key) -> tuple[Departed, ...]:
        """The pods that were removed since this process sees the cluster, and not settled yet."""
        return self._pods.departed(key)

    def pods_version(self, key: Key) -> int:
        """Up to which resource version all of this is known of the pods."""
        return self._pods.version(key)

    def settled(self, key: Key, uids: Iterable[str]) -> None:
        """These departed pods are accounted for."""
        self._pods.settled(key, uids)

    async def loads(self, namespace: str, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        """What the ready ones of these pods say of their work, by uid; a pod without a reading is missing."""
        return await self._loads.of(namespace, pods)

    def waker(self, key: Key) -> WakerSeen | None:
        """Where the requests of a fleet may go while none of its replicas is ready; None: nowhere."""
        return self._waker.of(key)

    def held(self, key: Key) -> int | None:
        """How many requests of a fleet the wakers hold, at least; None when that is not known."""
        return self._waker.held(key)

    async def is_spot(self, node: str) -> bool | None:
        """Whether a node is a spot node, by its labels; None when the node is gone.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        return await self._nodes.is_spot(node)

    async def log_of(self, namespace: str, pod: PodSeen) -> str:
        """The end of the log of the container that ended last; empty when the kubelet has none."""
        return await self._logs.of(namespace, pod)

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        """Make a child that we have not seen yet; see :meth:`ChildWriter.create`."""
        await self._child_writer.create(intent)

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        """Bring a child of ours back to our intent; see :meth:`ChildWriter.update`."""
        await self._child_writer.update(intent, seen)

    def _child_written(self, kind: str, raw: dict[str, Any]) -> None:
        """Read our own writes."""
        view = self._waker.slices if kind == WAKER_SLICE.name else self._children[kind]
        view.absorb(raw)

    async def mark(self, namespace: str, pod: PodSeen, cost: int) -> None:
        """Say what the deletion of a pod costs; see :meth:`PodWriter.mark`."""
        await self._pod_writer.mark(namespace, pod, cost)

    async def rest(self, namespace: str, pod: PodSeen, since: datetime | None) -> None:
        """Take a pod out of its Service since an instant, or put it back; see :meth:`PodWriter.rest`."""
        await self._pod_writer.rest(namespace, pod, since)

    async def apply_status(
        self, key: Key, uid: str, status: Mapping[str, Any], version: str, reason: str
    ) -> None:
        """Write the whole status of a LlamaDeployment.

        The version keeps it off what somebody wrote meanwhile: a status holds sums, and two operators that
        add to the same sum would count twice. It keeps it off a namesake born meanwhile, too, for no two
        objects share a version; the uid alone would not, the API server overlooks it in an apply to a status.

        Raises:
            Stale: the resource changed since it was read.
            Unavailable: the API server cannot be reached or refuses.
        """
        identity = {"namespace": key.namespace, "name": key.name, "uid": uid, "resourceVersion": version}
        intent = {
            "apiVersion": LLAMA_DEPLOYMENT.api_version,
            "kind": LLAMA_DEPLOYMENT.name,
            "metadata": identity,
            "status": status,
        }
        try:
            body = await apply_status(self._transport, f"{LLAMA_DEPLOYMENT.path(*key)}/status", intent)
        except Conflict as error:
            message = f"LlamaDeployment {key} changed since version {version}"
            raise Stale(message) from error
        written = object_of(body)
        self._freshness.note(key, written)
        self._carry_over.saw(key, _ledger_of(written))  # the watch that would show it may have fallen silent
        WRITES.labels("LlamaDeployment", reason).inc()

    async def announce(self, event: Announcement) -> None:
        """Write an Event about a LlamaDeployment; one that exists already is left as it is.

        Raises:
            Throttled: the API server has too much to do.
            Unavailable: it cannot be reached or refuses.
        """
        try:
            await self._transport.create(EVENT.path(event.key.namespace), event_of(event))
        except (Conflict, Ending):
            return
        WRITES.labels("Event", "event").inc()


def _view(
    transport: Transport, kind: Kind, changed: Callable[[Key], None], namespaces: tuple[str, ...]
) -> View[ChildSeen]:
    """The view of the children of one kind. Only of a Deployment is the status read."""
    project = project_deployment if kind.name == "Deployment" else project_child
    return View(lambda one: Informer(transport, kind, project, changed, namespace=one), namespaces)


def _ledger_of(raw: Mapping[str, Any]) -> object:
    """The account in a LlamaDeployment, whatever stands in its place."""
    return ((raw.get("status") or {}).get("cost") or {}).get("ledger")
