"""Processes that stand for one lease, in a time that is not the wall's: they stop, die, and lose requests.

The lease here does what a Lease does at an API server and no more: it is read, created, and changed by those
who name its last version. The election at a real API server is in tests/faults.
"""

import asyncio
import contextvars
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from llamafleet.adapters.fence import Fence
from llamafleet.adapters.lease import Election
from llamafleet.adapters.leaseclient import Candidacy, Lost
from llamafleet.errors import Conflict, Unavailable

NAMESPACE = "llamafleet-system"
COLLECTION = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"


@dataclass
class Leases:
    """The leases of one namespace."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: int = 0
    writes: list[tuple[float, str]] = field(default_factory=list)

    def store(self, name: str, raw: dict[str, Any]) -> bytes:
        self.version += 1
        raw["metadata"]["resourceVersion"] = str(self.version)
        self.objects[name] = raw
        return orjson.dumps(raw)


@dataclass
class Process:
    """One process with its own clock, its own way to the API server, and its own luck."""

    leases: Leases
    candidacy: Candidacy
    luck: random.Random = field(default_factory=random.Random)
    clock_rate: float = 1.0
    latency: Callable[[random.Random], float] = lambda _luck: 0.01
    is_fit: bool = True
    stopped_until: float = 0.0
    cut_until: float = 0.0
    won: int = 0
    lost: str = ""
    is_told: bool = False

    def __post_init__(self) -> None:
        """Wire the election."""
        self.fence = Fence(self.clock)
        self.election = Election(
            self,  # type: ignore[arg-type]  # it has the three calls that an election makes
            self.candidacy,
            self.fence,
            lambda: self.is_fit,
            self.clock,
        )
        self.task: asyncio.Task[None] | None = None

    def clock(self) -> float:
        return asyncio.get_running_loop().time() * self.clock_rate

    def start(self) -> None:
        context = contextvars.copy_context()
        context.run(_PROCESS.set, self)
        self.task = asyncio.get_running_loop().create_task(self._live(), context=context)

    async def _live(self) -> None:
        try:
            await self.election.win()
            self.won += 1
            await self.election.hold()
        except Lost as error:
            self.lost = str(error)
        except asyncio.CancelledError:
            if self.is_told:
                await self.election.release()
            raise

    def kill(self) -> None:
        """As SIGKILL does: nothing is released, nothing more is written."""
        assert self.task is not None
        self.task.cancel()
        self.fence.shut()

    def end(self) -> None:
        """As SIGTERM does."""
        assert self.task is not None
        self.is_told = True
        self.task.cancel()
        self.fence.shut()

    @property
    def may_write(self) -> bool:
        """Whether it would get a write through right now. One that is stopped is asked when it goes on."""
        return self.fence.remaining() > 0

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> bytes | None:
        def answer() -> bytes | None:
            if path == COLLECTION:
                assert query == {"labelSelector": "app.kubernetes.io/name=llamafleet"}
                return orjson.dumps({"items": list(self.leases.objects.values())})
            found = self.leases.objects.get(path.rpartition("/")[2])
            return None if found is None else orjson.dumps(found)

        return await self._asked(answer, seconds)

    async def create(self, path: str, content: Mapping[str, Any], seconds: float | None = None) -> bytes:
        assert path == COLLECTION
        raw = orjson.loads(orjson.dumps(content))

        def answer() -> bytes:
            name = raw["metadata"]["name"]
            if name in self.leases.objects:
                raise Conflict(name)
            return self.leases.store(name, raw)

        return await self._asked(answer, seconds)

    async def merge(
        self, path: str, content: Mapping[str, Any], seconds: float | None = None
    ) -> bytes | None:
        change = orjson.loads(orjson.dumps(content))
        name = path.rpartition("/")[2]

        def answer() -> bytes | None:
            found = self.leases.objects.get(name)
            if found is None:
                return None
            if change["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                raise Conflict(name)
            spec = {**found["spec"], **change["spec"]}
            metadata = {**found["metadata"], **change["metadata"]}
            return self.leases.store(name, {**found, "metadata": metadata, "spec": spec})

        return await self._asked(answer, seconds)

    async def _asked(self, answer: Callable[[], Any], seconds: float | None) -> Any:
        """A request: it takes time on the way and on the way back, and may be given up in between."""
        assert seconds is not None, "each request of an election has a deadline"
        there, back = self.latency(self.luck), self.latency(self.luck)
        is_cut = asyncio.get_running_loop().time() < self.cut_until
        await sleep(min(there, seconds))
        if there >= seconds or is_cut:
            await sleep(max(0.0, seconds - there))
            message = "no answer"
            raise Unavailable(message)
        said = answer()
        await sleep(min(back, seconds - there))
        if back >= seconds - there:
            message = "it was done, and nobody heard of it"
            raise Unavailable(message)
        return said


_PROCESS: contextvars.ContextVar[Process] = contextvars.ContextVar("process")


async def sleep(seconds: float) -> None:
    """As asyncio's, and longer for a process that is stopped."""
    await asyncio.sleep(seconds)
    loop, process = asyncio.get_running_loop(), _PROCESS.get()
    while (rest := process.stopped_until - loop.time()) > 0:
        await asyncio.sleep(rest)


def candidacy(identity: str, *, name: str = "llamafleet", namespaces: tuple[str, ...] = ()) -> Candidacy:
    return Candidacy(NAMESPACE, name, identity, 4, namespaces)
