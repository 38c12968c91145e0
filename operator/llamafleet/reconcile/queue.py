"""The work queue: keys, not events.

A key that is added twice is worked on once; a key that is added while it is worked on comes again
afterwards; no key is ever worked on by two workers. It holds at most one entry per resource, so it is
bounded by the number of resources. Namespaces take turns, and none of them takes all workers; a key that
changes without end is looked at twice a second.
"""

import asyncio
import random
import time
from typing import Final

from llamafleet.api.observed import Key
from llamafleet.reconcile.allowance import LOOK_SECONDS, Allowance
from llamafleet.reconcile.turns import Turns

WORKERS: Final = 16
"""How many resources are worked on at the same time. A namespace that is alone has half of them, so that
there is always one for another."""

FIRST_RETRY_SECONDS: Final = 0.2
LAST_RETRY_SECONDS: Final = 300.0

LAST_HOLD_SECONDS: Final = 60.0
"""How seldom at the least we ask for a key that the API server keeps putting off."""

BURST_SECONDS: Final = 0.05
"""How long a change of a child waits for the rest of its burst: long against the gaps within, short against
anything that a person or a pod does."""

LAST_BURST_SECONDS: Final = 30.0
"""How seldom at the least we repair a child that somebody else keeps changing."""

MOST_DOUBLINGS: Final = 20


class WorkQueue:
    """A keyed, deduplicated queue with turns, delays and a back-off per key.

    Args:
        workers: how many keys are worked on at the same time.
        look_seconds: how often a key is looked at that changes without end.
    """

    def __init__(self, workers: int = WORKERS, look_seconds: float = LOOK_SECONDS) -> None:
        """Start empty. The queue belongs to the event loop that first uses it."""
        self.workers = workers
        self._turns = Turns(workers)
        self._allowance = Allowance(look_seconds)
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._holds: dict[Key, tuple[int, float]] = {}  # how often in a row, and until when
        self._repairs: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._wakeup = asyncio.Event()

    def __len__(self) -> int:
        """How many keys are ready for a worker."""
        return len(self._turns)

    def oldest_seconds(self) -> float:
        """For how long the key has waited that waits longest; 0 when none waits. Any thread may ask."""
        since = self._turns.oldest()
        return 0.0 if since is None else time.monotonic() - since

    def add(self, key: Key) -> None:
        """Ask for work on a key: now, as soon as its present work ends, or once it may be looked at again."""
        if key in self._working:
            self._cancel_timer(key)
            self._again.add(key)
            return
        now = asyncio.get_running_loop().time()
        _, held_until = self._holds.get(key, (0, now))
        wait = max(held_until - now, self._allowance.wait(key, now))
        if wait > 0:
            self.add_after(key, wait)
            return
        self._cancel_timer(key)
        self._turns.add(key, now)
        self._wakeup.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Ask for work on a key later; the earliest of all wishes counts."""
        if key in self._turns:
            return
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None and known.when() <= loop.time() + seconds:
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(seconds, self._due, key)

    def add_soon(self, key: Key) -> None:
        """Ask for work on a key whose child changed: after a moment, and later after each repair.

        Two controllers that fight over a field would else keep each other busy without end. And what a look
        has set off goes on for a while, pod by pod: the next look waits until the last one is paid for.
        """
        now = asyncio.get_running_loop().time()
        burst = _doubled(BURST_SECONDS, self._repairs.get(key, 0))
        self.add_after(key, min(LAST_BURST_SECONDS, max(burst, self._allowance.owed(key, now))))

    def pace(self, key: Key, *, busy: bool) -> None:
        """Remember whether the work on a key repaired something; once it did not, all is calm again."""
        if busy:
            self._repairs[key] = self._repairs.get(key, 0) + 1
        else:
            self._repairs.pop(key, None)

    async def take(self) -> Key:
        """The next key, exclusively until :meth:`done`."""
        while (key := self._turns.take()) is None:
            self._wakeup.clear()
            await self._wakeup.wait()
        self._working.add(key)
        self._allowance.spend(key, asyncio.get_running_loop().time())
        return key

    def done(self, key: Key) -> None:
        """The work on a key ended, well or not."""
        self._working.discard(key)
        self._turns.give_back(key)
        self._wakeup.set()
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def succeeded(self, key: Key) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)
        self._holds.pop(key, None)

    def retry(self, key: Key, longest: float = LAST_RETRY_SECONDS) -> float:
        """Ask for work on a failed key again, later after each failure; the delay in seconds.

        Doubles from 0.2 s to the longest, of which up to a half is taken off by chance: keys that failed
        together do not return together.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = min(longest, _doubled(FIRST_RETRY_SECONDS, failures)) * _half_to_one()
        self.add_after(key, seconds)
        return seconds

    def hold(self, key: Key, seconds: float) -> float:
        """Ask for work again on a key that was put off, not before so many seconds; the delay in seconds.

        That is no failure of the key. But one that is put off time and again waits longer each time, up to a
        minute: if it alone is meant, it must not keep the others waiting. No wish brings it back before.
        """
        holds, _ = self._holds.get(key, (0, 0.0))
        longer = max(seconds, min(LAST_HOLD_SECONDS, _doubled(seconds, holds))) / _half_to_one()
        self._holds[key] = holds + 1, asyncio.get_running_loop().time() + longer
        self._cancel_timer(key)
        self.add_after(key, longer)
        return longer

    def forget(self, key: Key) -> None:
        """The resource is gone, and with it its past. A wish that came during the last look still counts."""
        self._failures.pop(key, None)
        self._holds.pop(key, None)
        self._repairs.pop(key, None)

    def _due(self, key: Key) -> None:
        del self._timers[key]
        self.add(key)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def _doubled(seconds: float, times: int) -> float:
    return float(seconds * 2.0 ** min(times, MOST_DOUBLINGS))


def _half_to_one() -> float:
    return 1 - random.random() / 2  # noqa: S311 - jitter, not a secret
