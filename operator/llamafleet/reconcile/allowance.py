"""How often one key may be looked at: as often as it likes for a moment, then twice a second."""

from typing import Final

from llamafleet.api.observed import Key

LOOK_SECONDS: Final = 0.5
"""The time that one look has to pay for. A look costs 5 to 10 ms of a core, so a key that changes without end
takes a fiftieth of a core, and fifty of them leave room for everybody else."""

AT_ONCE: Final = 10
"""Looks that a key has in hand after a time of calm: an edit and what comes of it takes three to five."""

FEWEST: Final = 1_000
"""Below so many known keys nothing is thrown away."""


class Allowance:
    """The generic cell rate algorithm: one number for each key, when all that it spent is paid for.

    Args:
        look_seconds: the time that one look has to pay for.
    """

    def __init__(self, look_seconds: float = LOOK_SECONDS) -> None:
        """Everybody has all in hand."""
        self._look_seconds = look_seconds
        self._paid_at: dict[Key, float] = {}
        self._most = FEWEST

    def wait(self, key: Key, now: float) -> float:
        """How many seconds until a key may be looked at; 0: now."""
        return max(0.0, self._paid_at.get(key, now) - now - (AT_ONCE - 1) * self._look_seconds)

    def owed(self, key: Key, now: float) -> float:
        """How many seconds until the last look at a key is paid for, the time of one look at the most."""
        return min(self._look_seconds, max(0.0, self._paid_at.get(key, now) - now))

    def spend(self, key: Key, now: float) -> None:
        """A key is looked at."""
        self._paid_at[key] = max(now, self._paid_at.get(key, now)) + self._look_seconds
        if len(self._paid_at) > self._most:  # those who have all in hand need no entry
            self._paid_at = {one: paid for one, paid in self._paid_at.items() if paid > now}
            self._most = max(FEWEST, 2 * len(self._paid_at))
