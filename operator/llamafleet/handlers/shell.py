"""The long-lived parts of the operator: session, views, queue, workers.

Built at start-up, closed at clean-up; there are no globals.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, Final

import aiohttp

from llamafleet.adapters import clock
from llamafleet.adapters.access import Access, find_access
from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.kinds import GPU_POOL, LLAMA_DEPLOYMENT
from llamafleet.adapters.loads import Loads
from llamafleet.adapters.metrics import QUEUE_DEPTH, RECONCILE_SECONDS, RECONCILES
from llamafleet.adapters.prometheus import Prometheus
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from llamafleet.errors import Unavailable
from llamafleet.handlers.settings import Settings
from llamafleet.reconcile.queue import WorkQueue
from llamafleet.reconcile.reconciler import Reconciler
from llamafleet.reconcile.workers import run_workers

SYNC_SECONDS: Final = 60.0
"""How long the first lists may take together."""

Revision = tuple[str, int, int]
"""What of a LlamaDeployment its author can change: uid, generation, and a digest of the annotations."""

log = logging.getLogger(__name__)


class Shell:
    """One operator at work on one cluster. Use :meth:`start` to make one and :meth:`stop` to end it."""

    def __init__(
        self, access: Access, session: aiohttp.ClientSession, settings: Settings, failed: asyncio.Future[bool]
    ) -> None:
        """Wire the parts; nothing runs yet."""
        self.access = access
        self._failed = failed
        self._session = session
        self._known: dict[Key, Revision] = {}
        self._queue = WorkQueue()
        transport = Transport(session, access.server)
        self._cluster = Cluster(
            transport,
            settings.operator_namespace,
            self._queue.add_soon,
            waker=settings.waker,
            loads=Prometheus(settings.prometheus_url) if settings.prometheus_url else Loads(),
        )
        self._reconciler = Reconciler(self._cluster, clock.now, settings.operator_namespace, settings.known)
        self._workers = settings.workers
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(cls, settings: Settings, failed: asyncio.Future[bool]) -> "Shell":
        """Reach the cluster, fill the views, start the workers; ``failed`` tells when one of these ends.

        Raises:
            Unavailable: the cluster cannot be reached, or our kinds are not installed in it.
        """
        access = await find_access()
        session = access.open_session()
        shell = cls(access, session, settings, failed)
        try:
            await _require_kinds(Transport(session, access.server))
            shell._spawn(shell._cluster.run(), "views")
            await asyncio.wait_for(shell._cluster.synced(), SYNC_SECONDS)
        except (Unavailable, TimeoutError) as error:
            await shell.stop()
            raise Unavailable(str(error) or "the first lists took too long") from error
        QUEUE_DEPTH.set_function(lambda: len(shell._queue))
        shell._spawn(run_workers(shell._queue, shell._reconciler, _measure, shell._workers), "workers")
        return shell

    def resource_changed(self, key: Key, revision: Revision) -> None:
        """A LlamaDeployment was seen or changed. A change of its status alone needs no work."""
        if self._known.get(key) != revision:
            self._known[key] = revision
            self._queue.add(key)

    def resource_deleted(self, key: Key, ledger: dict[str, Any] | None) -> None:
        """A LlamaDeployment is gone, with this account in its last status; one more reconcile forgets it."""
        self._known.pop(key, None)
        if ledger is not None:
            self._cluster.deleted(key, ledger)
        self._queue.add(key)

    def pools_changed(self) -> None:
        """A GpuPool changed: every resource may have a better shape or price now."""
        self._cluster.forget_pools()
        for key in self._known:
            self._queue.add(key)

    def silent_seconds(self) -> float:
        """For how long the quietest view has heard nothing."""
        return time.monotonic() - self._cluster.silent_since()

    async def stop(self) -> None:
        """End the tasks, then the connections. What is half done is done again by the next process."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """These tasks run for ever; one that ends by itself has failed, and the shell with it."""
        if not task.cancelled() and not self._failed.done():
            log.critical("%s ended unexpectedly", task.get_name(), exc_info=task.exception())
            self._failed.set_result(True)


async def _require_kinds(transport: Transport) -> None:
    """Fail early, with the remedy, when the custom resource definitions are missing."""
    for kind in (LLAMA_DEPLOYMENT, GPU_POOL):
        if await transport.read(kind.path(), {"limit": "1"}) is None:
            message = f"the cluster does not know the kind {kind.name}; install the files in crds/ first"
            raise Unavailable(message)


def _measure(result: str, seconds: float) -> None:
    RECONCILES.labels(result).inc()
    RECONCILE_SECONDS.observe(seconds)
