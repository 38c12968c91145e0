"""Which port of the wakers belongs to which fleet."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Final

from llamafleet.api.names import WAKER_END_PORT, WAKER_FIRST_PORT
from llamafleet.api.observed import Key

PORTS: Final = range(WAKER_FIRST_PORT, WAKER_END_PORT)


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
    """The ports of all fleets: those that their slices show, and those that were given out since."""

    def __init__(self) -> None:
        """Nobody has a port yet."""
        self._by_fleet: dict[Key, int] = {}
        self._owners: dict[int, set[Key]] = {}

    def note(self, key: Key, port: int | None) -> None:
        """A slice shows this port, or the fleet has no slice any more."""
        former = self._by_fleet.pop(key, None)
        if former is not None:
            self._owners[former].discard(key)
            if not self._owners[former]:
                del self._owners[former]
        if port is not None:
            self._by_fleet[key] = port
            self._owners.setdefault(port, set()).add(key)

    def of(self, key: Key) -> int | None:
        """The port of a fleet, from now on its own; None when every port is taken."""
        port = pick(key, self._by_fleet.get(key), self._owners)
        self.note(key, port)
        return port
