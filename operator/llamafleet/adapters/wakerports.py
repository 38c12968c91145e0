"""Which port of the wakers belongs to which fleet."""

import hashlib
import itertools
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from llamafleet.api.names import WAKER_END_PORT, WAKER_FIRST_PORT
from llamafleet.api.observed import Key

PORTS: Final = range(WAKER_FIRST_PORT, WAKER_END_PORT)

LINGER_SECONDS: Final = 120.0
"""For how long nobody else gets a port that a fleet gave up. A waker lets a port that two fleets have named
within a minute lead to neither of them; the other minute is for a waker that hears of it late."""


def pick(key: Key, own: int | None, owners: Mapping[int, Collection[Key]]) -> int | None:
    """The port of a fleet; None when every port is taken.

    A fleet keeps what it has. Of two that have the same, as after a change by hand, the first by name keeps
    it. A fleet without a port begins to look at a place that its name gives: so fleets rarely meet, and an
    operator that starts with an empty view of the slices finds the same ports again.

    Args:
        key: the fleet.
        own: the port that it has; None: it has none.
        owners: which fleets have which port, itself among them.
    """
    if own is not None and own in PORTS and key == min((key, *owners.get(own, ()))):
        return own
    first = int.from_bytes(hashlib.sha256(str(key).encode()).digest()[:8]) % len(PORTS)
    looked_at = (PORTS[(first + step) % len(PORTS)] for step in range(len(PORTS)))
    return next((port for port in looked_at if not set(owners.get(port, ())) - {key}), None)


class WakerPorts:
    """The ports of all fleets: those that their slices show, and those that were given out since.

    Args:
        clock: gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nobody has a port yet."""
        self._clock = clock
        self._by_fleet: dict[Key, int] = {}
        self._owners: dict[int, set[Key]] = {}
        self._left: dict[tuple[int, Key], float] = {}  # when each port that a fleet gave up is free; in order

    def note(self, key: Key, port: int | None) -> None:
        """A slice shows this port, or the fleet has no slice any more."""
        former = self._by_fleet.get(key)
        if former == port:
            return
        if former is not None:
            del self._by_fleet[key]
            self._left.pop((former, key), None)
            self._left[former, key] = self._clock() + LINGER_SECONDS
        if port is not None:
            self._by_fleet[key] = port
            self._owners.setdefault(port, set()).add(key)

    def of(self, key: Key) -> int | None:
        """The port of a fleet, from now on its own; None when every port is taken."""
        self._free()
        port = pick(key, self._by_fleet.get(key), self._owners)
        self.note(key, port)
        return port

    def _free(self) -> None:
        """Forget who had a port long enough ago."""
        now = self._clock()
        over = list(itertools.takewhile(lambda one: self._left[one] <= now, self._left))
        for port, key in over:
            del self._left[port, key]
            if self._by_fleet.get(key) == port:
                continue
            self._owners[port].discard(key)
            if not self._owners[port]:
                del self._owners[port]
