"""Which port of the waker belongs to which fleet.

A port is trusted slowly: a node goes on sending for a moment after its slice has changed. So a port stays
with its fleet for a while when the slice is gone, and one that goes to another fleet belongs to nobody
meanwhile: a request must never reach a model of somebody else.
"""

from dataclasses import dataclass
from typing import Final

from llamafleet.api.observed import Key

LINGER_SECONDS: Final = 60.0
"""For how long a port stays open that no slice names any more. kube-proxy follows a change within a second or
two; a minute leaves room for a node that is slow or cut off from the API server."""


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A slice that names a port.

    Attributes:
        created: when the slice was created, as the API server says: nobody else can set that.
        uid: the slice's uid.
        fleet: whose it is.
        port: what it names.
    """

    created: str
    uid: str
    fleet: Key
    port: int


class Ports:
    """The claims on ports. Of two fleets that claim one port, the older claim has it, in every waker."""

    def __init__(self) -> None:
        """Nothing is claimed yet."""
        self._of: dict[Key, Claim] = {}
        self._on: dict[int, set[Claim]] = {}
        self._left: dict[int, tuple[Key, float]] = {}  # who had it last, and when it was lost

    def claim(self, fleet: Key, claim: Claim | None, now: float) -> None:
        """A fleet's slice was seen: it claims this, or nothing any more."""
        known = self._of.get(fleet)
        if known == claim:
            return
        if known is not None:
            self._drop(known, now)
        if claim is not None:
            had = self._holder(claim.port)
            self._of[fleet] = claim
            self._on.setdefault(claim.port, set()).add(claim)
            self._note(claim.port, had, now)

    def fleet(self, port: int, now: float) -> Key | None:
        """Whose requests come in at a port; None: nobody's, or it is not certain."""
        holder, left = self._holder(port), self._left.get(port)
        if left is None or now - left[1] >= LINGER_SECONDS:
            return holder
        return left[0] if holder in {None, left[0]} else None

    def wanted(self, now: float) -> set[int]:
        """The ports to listen on: what is claimed, and what was until a while ago."""
        self._left = {port: left for port, left in self._left.items() if now - left[1] < LINGER_SECONDS}
        return self._on.keys() | self._left.keys()

    def _holder(self, port: int) -> Key | None:
        claims = self._on.get(port)
        return min(claims).fleet if claims else None

    def _drop(self, claim: Claim, now: float) -> None:
        had = self._holder(claim.port)
        del self._of[claim.fleet]
        self._on[claim.port].discard(claim)
        if not self._on[claim.port]:
            del self._on[claim.port]
        self._note(claim.port, had, now)

    def _note(self, port: int, had: Key | None, now: float) -> None:
        """Remember who lost the port, unless a loss is remembered that is not over yet."""
        if had is not None and had != self._holder(port):
            recent = self._left.get(port)
            if recent is None or now - recent[1] >= LINGER_SECONDS or recent[0] == had:
                self._left[port] = (had, now)
            else:
                self._left[port] = (recent[0], now)
