"""A real control plane whose time runs as fast as a test likes: a month in seconds.

The operator's parts are the real ones, and the one place that reads the clock is given another clock. The
programs of the control plane keep their own time; what they write into pods is read as if they had lived by
the same clock: an instant that appears is the simulated one at which it was first seen.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from fleet_operator import NAMESPACE
from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope
from llamafleet.api.observed import Key
from llamafleet.catalogue import catalogue
from llamafleet.reconcile.allowance import LOOK_SECONDS
from llamafleet.reconcile.queue import WorkQueue
from llamafleet.reconcile.reconciler import Reconciler
from llamafleet.reconcile.workers import run_workers
from reach import access_of
from testbed.cluster import Cluster as Testbed

SPEED = 30
"""A second of the test is half a minute of the story: a fake pod loads for half a second, which is 15 s.
That is the usual; a story in which a busy machine must keep up with its clock goes slower."""


class SimulatedClock:
    """Starts where it is set, runs fast, and can be set again."""

    def __init__(self, start: datetime, speed: int = SPEED) -> None:
        """Begin there, at so many seconds a second."""
        self.speed = speed
        self.set(start)

    def set(self, instant: datetime) -> None:
        self._origin, self._set_at = instant, time.monotonic()

    def now(self) -> datetime:
        elapsed = (time.monotonic() - self._set_at) * self.speed
        return (self._origin + timedelta(seconds=elapsed)).astimezone(UTC).replace(microsecond=0)


class SimulatedTimes(Transport):
    """The API server, with every instant of a pod translated into the simulated time."""

    def __init__(self, *parts: Any, clock: SimulatedClock) -> None:
        """Translate by this clock."""
        super().__init__(*parts)
        self._clock = clock
        self._known: dict[tuple[str, ...], str] = {}
        self.bound: dict[str, datetime] = {}
        self.gone: dict[str, datetime] = {}

    async def read(self, path: str, *arguments: Any, **options: Any) -> bytes | None:
        body = await super().read(path, *arguments, **options)
        if body is None or not path.endswith("/pods"):
            return body
        page = orjson.loads(body)
        return orjson.dumps({**page, "items": [self._translated(pod) for pod in page["items"]]})

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        async for event in super().watch(path, query):
            if not path.endswith("/pods") or event["type"] == "BOOKMARK":
                yield event
                continue
            pod = self._translated(event["object"])
            self._remember(event["type"], pod)
            yield {**event, "object": pod}

    def _remember(self, event: str, pod: dict[str, Any]) -> None:
        """Keep what a bill is made of, for whoever wants to check it."""
        uid = pod["metadata"]["uid"]
        if pod["spec"].get("nodeName"):
            self.bound.setdefault(uid, self._clock.now())
        if event == "DELETED" and uid in self.bound:
            self.gone.setdefault(uid, self._clock.now())

    def _translated(self, pod: dict[str, Any]) -> dict[str, Any]:
        metadata, status = pod["metadata"], pod.get("status", {})
        uid = metadata["uid"]
        instants = {"creationTimestamp": self._seen(uid, "created", metadata["creationTimestamp"])}
        if "deletionTimestamp" in metadata:
            grace = metadata.get("deletionGracePeriodSeconds", 0)
            instants["deletionTimestamp"] = self._seen(uid, "deleted", metadata["deletionTimestamp"], grace)
        conditions = [
            {
                **item,
                "lastTransitionTime": self._seen(
                    uid, item["type"] + item["status"], item["lastTransitionTime"]
                ),
            }
            for item in status.get("conditions", ())
        ]
        return {**pod, "metadata": {**metadata, **instants}, "status": {**status, "conditions": conditions}}

    def _seen(self, uid: str, what: str, real: str, later: int = 0) -> str:
        instant = self._clock.now() + timedelta(seconds=later)
        return self._known.setdefault((uid, what, real), instant.strftime("%Y-%m-%dT%H:%M:%SZ"))


class FastQueue(WorkQueue):
    """A queue whose delays run at the speed of the simulated time."""

    def __init__(self, speed: int) -> None:
        """Start empty."""
        super().__init__(look_seconds=LOOK_SECONDS / speed)
        self._speed = speed

    def add_after(self, key: Key, seconds: float) -> None:
        super().add_after(key, seconds / self._speed if seconds >= 1 else seconds)


class SimulatedOperator:
    """The operator's parts at work, under the rights that we ship."""

    def __init__(
        self, cluster: Cluster, queue: WorkQueue, clock: SimulatedClock, times: SimulatedTimes
    ) -> None:
        """Keep the parts that a test needs."""
        self.clock = clock
        self.times = times
        self._cluster = cluster
        self._queue = queue

    def look(self, key: Key) -> None:
        """Somebody changed the resource, or set the clock."""
        self._cluster.forget_pools()
        self._queue.add(key)


@asynccontextmanager
async def simulated_operator(
    testbed: Testbed, folder: Path, clock: SimulatedClock
) -> AsyncIterator[SimulatedOperator]:
    """Run it for the length of a block, with a kubeconfig in that folder."""
    testbed.kubeconfig_for_service_account(NAMESPACE, "llamafleet", folder / "config")
    access = await access_of(folder / "config")
    queue = FastQueue(clock.speed)
    async with access.open_session() as session:
        transport = SimulatedTimes(session, access.server, clock=clock)
        cluster = Cluster(transport, Scope(NAMESPACE), queue.add_soon, clock.now)
        reconciler = Reconciler(cluster, clock.now, NAMESPACE, catalogue())
        tasks = [
            asyncio.create_task(cluster.run()),
            asyncio.create_task(run_workers(queue, reconciler, lambda *_: None)),
        ]
        try:
            await cluster.synced()
            yield SimulatedOperator(cluster, queue, clock, transport)
        finally:
            for task in tasks:
                task.cancel()
            # Before the tasks give connections back: the session waits for the end of those in use only.
            await session.close()
            await asyncio.gather(*tasks, return_exceptions=True)
