"""The book of held requests: how many wait for which fleet, since when and with how many bytes."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from llamafleet.api.observed import Key
from llamafleet.waker import refusals
from llamafleet.waker.settings import Settings

UNKNOWN_START_SECONDS: Final = 60
"""When to try again while no replica of a fleet has ever started: nobody knows, so in a minute."""


class Room:
    """The bytes of one request's body."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self.taken = 0


class Book:
    """Who waits. There is one for the process."""

    def __init__(self, settings: Settings) -> None:
        """Nobody waits yet."""
        self.leaving = False
        self.held_bytes = 0
        self._settings = settings
        self._held: Counter[Key] = Counter()
        self._since: dict[Key, float] = {}
        self._patience: set[asyncio.Timeout] = set()

    @property
    def counts(self) -> Mapping[Key, int]:
        """How many requests wait, by fleet; a fleet without any is not in it."""
        return self._held

    def admit(self, fleet: Key, cold_start_seconds: int | None) -> None:
        """Raises Refused when no more requests may be held, for the waker as a whole or for this fleet."""
        bounds = self._settings
        if self.leaving:
            raise refusals.leaving(fleet)
        if self._held.total() >= bounds.max_held or self._held[fleet] >= bounds.max_held_per_fleet:
            raise refusals.full(fleet, self.retry_seconds(fleet, cold_start_seconds))

    def retry_seconds(self, fleet: Key, cold_start_seconds: int | None) -> float:
        """When a replica may be ready: the rest of its usual start, counted from the first held request."""
        if cold_start_seconds is None:
            return UNKNOWN_START_SECONDS
        since = self._since.get(fleet)
        waited = 0.0 if since is None else time.monotonic() - since
        return max(refusals.SOON_SECONDS, cold_start_seconds - waited)

    @asynccontextmanager
    async def hold(self, fleet: Key, deadline: float) -> AsyncIterator[None]:
        """Count a request as waiting for the length of a block, at the longest until the loop's time.

        Raises:
            TimeoutError: the deadline passed, or the waker leaves.
        """
        if self.leaving:
            raise TimeoutError
        async with asyncio.timeout_at(deadline) as patience:
            self._held[fleet] += 1
            self._since.setdefault(fleet, time.monotonic())
            self._patience.add(patience)
            try:
                yield
            finally:
                self._patience.discard(patience)
                self._held[fleet] -= 1
                if not self._held[fleet]:
                    del self._held[fleet], self._since[fleet]

    @contextmanager
    def room(self) -> Iterator[Room]:
        """Give back the bytes of one body at the end of a block."""
        room = Room()
        try:
            yield room
        finally:
            self.give_back(room)

    def give_back(self, room: Room) -> None:
        """The bytes are kept no more."""
        self.held_bytes -= room.taken
        room.taken = 0

    def take(self, room: Room, size: int) -> bool:
        """Whether there is room for so many bytes more; they are taken if there is."""
        if self.held_bytes + size > self._settings.max_held_bytes:
            return False
        room.taken += size
        self.held_bytes += size
        return True

    def leave(self) -> None:
        """Let everybody who waits be told that the waker ends."""
        self.leaving = True
        now = asyncio.get_running_loop().time()
        for patience in self._patience:
            if not patience.expired():
                patience.reschedule(now)
