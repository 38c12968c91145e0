"""The work queue: keys, not events.

A key that is added twice is worked on once; a key that is added while it is worked on comes again
afterwards; no key is ever worked on by two workers. It holds at most one entry per resource, so it is
bounded by the number of resources.
"""

import asyncio
import random
from collections import OrderedDict
from typing import Final

from llamafleet.api.observed import Key

FIRST_RETRY_SECONDS: Final = 0.2
LAST_RETRY_SECONDS: Final = 300.0

BURST_SECONDS: Final = 0.05
"""How long a change of a child waits for the rest of its burst: long against the gaps within, short against
anything that a person or a pod does."""

LAST_BURST_SECONDS: Final = 30.0
"""How seldom at the least we repair a child that somebody else keeps changing."""


class WorkQueue:
    """A keyed, deduplicated queue with delays and a back-off per key."""

    def __init__(self) -> None:
        """Start empty. The queue belongs to the event loop that first uses it."""
        self._ready: OrderedDict[Key, None] = OrderedDict()
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._repairs: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._wakeup = asyncio.Event()

    def __len__(self) -> int:
        """How many keys are ready for a worker."""
        return len(self._ready)

    def add(self, key: Key) -> None:
        """Ask for work on a key, now or as soon as its present work ends."""
        self._cancel_timer(key)
        if key in self._working:
            self._again.add(key)
        else:
            self._ready[key] = None
            self._wakeup.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Ask for work on a key later; the earliest of all wishes counts."""
        if key in self._ready:
            return
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None and known.when() <= loop.time() + seconds:
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(seconds, self.add, key)

    def add_soon(self, key: Key) -> None:
        """Ask for work on a key whose child changed: after a moment, and later after each repair.

        Two controllers that fight over a field would else keep each other busy without end.
        """
        repairs = self._repairs.get(key, 0)
        self.add_after(key, min(LAST_BURST_SECONDS, BURST_SECONDS * 2.0 ** min(repairs, 20)))

    def pace(self, key: Key, *, busy: bool) -> None:
        """Remember whether the work on a key repaired something; once it did not, all is calm again."""
        if busy:
            self._repairs[key] = self._repairs.get(key, 0) + 1
        else:
            self._repairs.pop(key, None)

    async def take(self) -> Key:
        """The next key, exclusively until :meth:`done`."""
        while not self._ready:
            self._wakeup.clear()
            await self._wakeup.wait()
        key, _ = self._ready.popitem(last=False)
        self._working.add(key)
        return key

    def done(self, key: Key) -> None:
        """The work on a key ended, well or not."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def succeeded(self, key: Key) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def retry(self, key: Key) -> float:
        """Ask for work on a failed key again, later after each failure; the delay in seconds.

        Doubles from 0.2 s to 5 min, with a random half on top so that many keys do not return at once.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(failures, 20))
        seconds = pause * (1 + random.random() / 2)  # noqa: S311 - jitter, not a secret
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: Key) -> None:
        """The resource is gone: no timer and no failure of it stays."""
        self._cancel_timer(key)
        self._failures.pop(key, None)
        self._repairs.pop(key, None)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
