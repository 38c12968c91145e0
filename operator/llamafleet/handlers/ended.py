"""The resources that ended while another process leads: whoever takes over sees to what they left."""

import time
from typing import Final

from llamafleet.api.observed import Key
from llamafleet.reconcile.workers import RESYNC_SECONDS

ENDED_SECONDS: Final = 2 * RESYNC_SECONDS
"""How long whoever stands by remembers a resource that ended: by then the leader has looked at every resource
at least once, and has seen to what was left."""


class Ended:
    """What ended, and when. It holds no more than what ends in that time."""

    def __init__(self) -> None:
        """Nothing has ended."""
        self._at: dict[Key, float] = {}  # oldest first

    def add(self, key: Key) -> list[Key]:
        """A resource ended now; those that ended so long ago that they are of no concern any more."""
        now = time.monotonic()
        self._at.pop(key, None)
        self._at[key] = now
        old: list[Key] = []
        for other, at in self._at.items():
            if now - at < ENDED_SECONDS:
                break
            old.append(other)
        for other in old:
            del self._at[other]
        return old

    def discard(self, key: Key) -> None:
        """There is one of that name again."""
        self._at.pop(key, None)

    def take(self) -> list[Key]:
        """All of them, which are forgotten here."""
        keys = list(self._at)
        self._at.clear()
        return keys
