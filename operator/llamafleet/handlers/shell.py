"""The long-lived parts of the operator: views, queue, workers. They live as long as the process.

While another process leads, the views are kept warm and nothing is done. There are no globals.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from llamafleet.adapters import clock
from llamafleet.adapters.clocksteps import watch_steps
from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.fleetmetrics import FleetMetrics
from llamafleet.adapters.loads import Loads
from llamafleet.adapters.metrics import QUEUE_AGE, QUEUE_DEPTH, RECONCILE_SECONDS, RECONCILES
from llamafleet.adapters.prometheus import Prometheus
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope
from llamafleet.api.observed import Key
from llamafleet.handlers.ended import Ended
from llamafleet.handlers.installed import require_kinds, require_shown
from llamafleet.handlers.settings import Settings
from llamafleet.reconcile.queue import WorkQueue
from llamafleet.reconcile.reconciler import Reconciler
from llamafleet.reconcile.workers import run_workers

FIT_SECONDS: Final = 100.0
"""A process that has heard nothing for so long, a watch's silence and a bit, does not stand for the lease."""

log = logging.getLogger(__name__)


class Shell:
    """One process of the operator. :meth:`start` it, let it :meth:`lead` once it may, and :meth:`stop` it.

    Attributes:
        failed: done when a part that should go on for ever has ended.
        fleets: the figures of the fleets.
    """

    def __init__(self, transport: Transport, settings: Settings) -> None:
        """Wire the parts; nothing runs yet. It belongs to the running loop."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport = transport
        self._namespaces = settings.namespaces
        self._queue = WorkQueue(settings.workers)
        self._cluster = Cluster(
            transport,
            Scope(settings.operator_namespace, settings.namespaces),
            self._part_changed,
            waker=settings.waker,
            loads=Prometheus(settings.prometheus_url) if settings.prometheus_url else Loads(),
        )
        self.fleets = FleetMetrics(lambda: self._is_leading, self._cluster.resources)
        self._reconciler = Reconciler(self._cluster, clock.now, settings.operator_namespace, settings.known)
        self._ended = Ended()
        self._is_synced = False
        self._is_leading = False
        self._views: list[asyncio.Task[None]] = []
        self._workers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Fill the views, however long that takes.

        Raises:
            Unavailable: the cluster cannot be reached, or our kinds are not installed in it.
        """
        await require_kinds(self._transport, self._namespaces)
        self._views.append(self._spawn(self._cluster.run(), "views"))
        await self._cluster.synced()
        self._is_synced = True
        QUEUE_DEPTH.set_function(lambda: len(self._queue))
        QUEUE_AGE.set_function(self._queue.oldest_seconds)

    async def require_shown(self) -> None:
        """Make sure that the API server lists our kinds among those that it serves: kopf looks there, once.

        Raises:
            Unavailable: it does not, or not yet.
        """
        await require_shown(self._transport)

    def lead(self) -> None:
        """This process is the leader: look at everything that is known, and go on from there."""
        self._is_leading = True
        for key in {*self._cluster.known(), *self._ended.take()}:
            self._queue.add(key)
        work = run_workers(self._queue, self._reconciler, _measure)
        self._workers.append(self._spawn(work, "workers"))
        self._workers.append(self._spawn(watch_steps(self._look_at_all), "watch of the clock"))

    def resource_shown(self, raw: Mapping[str, Any], *, is_end: bool) -> None:
        """A watch showed a LlamaDeployment, or its end with the last state."""
        key = Key(raw["metadata"].get("namespace") or "", raw["metadata"]["name"])
        if is_end:
            self._cluster.saw_end(key, raw)
            self.fleets.gone(key)
            self._ended_now(key)
        else:
            self.fleets.saw(key, raw)
            self._ended.discard(key)
            if self._cluster.saw(key, raw) and self._is_leading:
                self._queue.add(key)
        if not self._is_leading:
            self._cluster.accounted(key, raw)

    def pools_changed(self) -> None:
        """A GpuPool changed: every resource may have a better shape or price now."""
        self._cluster.forget_pools()
        if self._is_leading:
            self._look_at_all()

    def silent_seconds(self) -> float:
        """For how long the quietest view has heard nothing. Any thread may ask."""
        return time.monotonic() - self._cluster.silent_since()

    def unanswered_seconds(self) -> float:
        """For how long the API server has not answered some view, not even with a refusal."""
        return time.monotonic() - self._cluster.unanswered_since()

    def is_fit(self) -> bool:
        """Whether this process sees the cluster as it is. Any thread may ask."""
        return self._is_synced and self.silent_seconds() < FIT_SECONDS

    def missing(self) -> str:
        """What this process waits for before it could lead, in words; empty: nothing."""
        return "" if self._is_synced else "the first look at the cluster is not complete"

    async def stop_working(self) -> None:
        """End the workers. What is half done is done again by the next leader."""
        await _end(self._workers)

    async def stop(self) -> None:
        """End everything."""
        await self.stop_working()
        await _end(self._views)

    def _look_at_all(self) -> None:
        """Something changed that concerns every resource."""
        for key in self._cluster.resources():
            self._queue.add(key)

    def _part_changed(self, key: Key) -> None:
        """A child or a pod of a LlamaDeployment changed."""
        if self._is_leading:
            self._queue.add_soon(key)

    def _ended_now(self, key: Key) -> None:
        """A LlamaDeployment is gone: one more look sees to what it left, by whoever leads."""
        if self._is_leading:
            self._queue.add(key)
            return
        for other in self._ended.add(key):
            self._cluster.forget(other)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._died)
        return task

    def fail(self) -> None:
        """A part that should go on for ever has ended, and the process with it."""
        if not self.failed.done():
            self.failed.set_result(None)

    def _died(self, task: asyncio.Task[None]) -> None:
        """These tasks run for ever; one that ends by itself has failed, and the process with it."""
        if not task.cancelled():
            log.critical("%s ended unexpectedly", task.get_name(), exc_info=task.exception())
            self.fail()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _measure(result: str, seconds: float) -> None:
    RECONCILES.labels(result).inc()
    RECONCILE_SECONDS.observe(seconds)
