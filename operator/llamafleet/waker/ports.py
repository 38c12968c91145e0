"""Which port of the waker belongs to which fleet.

A port is trusted slowly: a node goes on sending for a moment after its slice has changed. So a port stays
with its fleet for a while when the slice is gone, and one that two fleets have named within that time belongs
to nobody: a request must never reach a model of somebody else.
"""

from typing import Final

from llamafleet.api.observed import Key

LINGER_SECONDS: Final = 60.0
"""For how long a port stays open that no slice names any more. kube-proxy follows a change within a second or
two; a minute leaves room for a node that is slow or cut off from the API server."""


class Ports:
    """The ports that fleets name, and have named until a while ago."""

    def __init__(self) -> None:
        """No port is named yet."""
        self._of: dict[Key, int] = {}
        self._named: dict[int, set[Key]] = {}
        self._lost: dict[int, dict[Key, float]] = {}  # by port: who named it, and when that ended

    def name(self, fleet: Key, port: int | None, now: float) -> bool:
        """A fleet's slice was seen: it names this port, or none any more. Whether that is news."""
        before = self._of.get(fleet)
        if before == port:
            return False
        if before is not None:
            self._end(fleet, before, now)
        if port is not None:
            self._of[fleet] = port
            self._named.setdefault(port, set()).add(fleet)
        return True

    def fleet(self, port: int, now: float) -> Key | None:
        """Whose requests come in at a port; None: nobody's, or it is not certain."""
        lost = {fleet for fleet, since in self._lost.get(port, {}).items() if _counts(since, now)}
        fleets = lost | self._named.get(port, set())
        return next(iter(fleets)) if len(fleets) == 1 else None

    def wanted(self, now: float) -> set[int]:
        """The ports to listen on."""
        kept = {
            port: {fleet: since for fleet, since in fleets.items() if _counts(since, now)}
            for port, fleets in self._lost.items()
        }
        self._lost = {port: fleets for port, fleets in kept.items() if fleets}
        return self._named.keys() | self._lost.keys()

    def shared(self) -> set[int]:
        """The ports that more than one fleet names at this moment, which the operator never lets happen."""
        return {port for port, fleets in self._named.items() if len(fleets) > 1}

    def _end(self, fleet: Key, port: int, now: float) -> None:
        del self._of[fleet]
        self._named[port].discard(fleet)
        if not self._named[port]:
            del self._named[port]
        self._lost.setdefault(port, {})[fleet] = now


def _counts(since: float, now: float) -> bool:
    return now - since < LINGER_SECONDS
