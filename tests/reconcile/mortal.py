"""A cluster in memory whose operator is killed right before or right after one of its writes."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from llamafleet.api.observed import Announcement, ChildSeen, Key, PodSeen
from reconcile.memory import Memory

Side = Literal["before", "after"]


class Crash(NamedTuple):
    """The end of one process.

    Attributes:
        write: at which of its writes, from 1.
        side: before the write, or after it, when its answer is lost.
    """

    write: int
    side: Side


class Killed(BaseException):
    """SIGKILL: nothing in the product can catch it."""


@dataclass
class Mortal(Memory):
    """A memory in which writers die.

    Attributes:
        crashes: how this process ends and those after it; beyond the last they live.
        written: how many writes this process has begun.
        total: how many writes all processes have begun.
    """

    crashes: list[Crash] = field(default_factory=list)
    written: int = 0
    total: int = 0

    async def _mortally(self, write: Coroutine[Any, Any, None]) -> None:
        self.written += 1
        self.total += 1
        crash = self.crashes[0] if self.crashes else None
        if crash == Crash(self.written, "before"):
            write.close()
            raise Killed
        await write
        if crash == Crash(self.written, "after"):
            raise Killed

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        await self._mortally(super().create_child(intent))

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        await self._mortally(super().update_child(intent, seen))

    async def mark(self, namespace: str, pod: PodSeen, cost: int) -> None:
        await self._mortally(super().mark(namespace, pod, cost))

    async def rest(self, namespace: str, pod: PodSeen, since: datetime | None) -> None:
        await self._mortally(super().rest(namespace, pod, since))

    async def carry_over(self, key: Key, ledger: Mapping[str, Any]) -> None:
        await self._mortally(super().carry_over(key, ledger))

    async def announce(self, event: Announcement) -> None:
        await self._mortally(super().announce(event))

    async def apply_status(
        self, key: Key, uid: str, status: Mapping[str, Any], version: str, reason: str
    ) -> None:
        await self._mortally(super().apply_status(key, uid, status, version, reason))
