"""Leader election by a Lease: of all processes of one operator, one works and the others stand by.

Whoever stands by counts the time from when it saw the Lease change last, by its own clock; the times in the
Lease are for people. Whoever leads may write until a while after the beginning of its last good renewal, and
that ends before anybody else may take the Lease: see :mod:`llamafleet.adapters.fence`.
"""

import logging
import random
from asyncio import sleep
from collections.abc import Callable
from typing import Final

from llamafleet.adapters.fence import Fence, seconds_since_boot
from llamafleet.adapters.leaseclient import Candidacy, LeaseClient, Lost
from llamafleet.adapters.leaserecord import LeaseRecord
from llamafleet.adapters.metrics import LEADER, LEASE_RENEWALS, LEASE_TRANSITIONS
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Conflict, Unavailable

RENEW: Final = 1 / 4
"""Of the lease's duration: how often it is renewed."""

WRITE: Final = 3 / 4
"""Of the lease's duration: how long its holder may write after the beginning of a good renewal. Two attempts
in a row may fail; the last quarter is for clocks that run differently and for bytes that are on their way."""

LOOK: Final = 1 / 10
"""Of the lease's duration: how often whoever stands by looks at it."""

RETRY: Final = 1 / 16
"""Of the lease's duration: the pause after a renewal that failed at once."""

log = logging.getLogger(__name__)


class Election:
    """One process that stands for one lease, and then holds it.

    Args:
        transport: how to reach the API server; its requests wait for no others.
        candidacy: who wants which lease.
        fence: what lets the writes of this process through while it leads.
        is_fit: whether this process could work at once if it led.
        clock: gives seconds, monotonic, the fence's own.
    """

    def __init__(
        self,
        transport: Transport,
        candidacy: Candidacy,
        fence: Fence,
        is_fit: Callable[[], bool],
        clock: Callable[[], float] = seconds_since_boot,
    ) -> None:
        """Nothing was seen yet."""
        self._lease = LeaseClient(transport, candidacy)
        self._wish = candidacy
        self._fence = fence
        self._is_fit = is_fit
        self._clock = clock
        self._held: LeaseRecord | None = None
        self._seen: str | None = None  # the version seen last; empty: there was no lease; None: never looked
        self._changed_at = 0.0
        self._lasts = float(candidacy.seconds)
        self._dead: set[tuple[str, str]] = set()

    async def win(self) -> None:
        """Stand by until this process is the leader. The fence is open then, and :meth:`hold` keeps it so."""
        trouble = ""
        while not self._held:
            pause = self._wish.seconds * LOOK * random.uniform(0.75, 1)  # noqa: S311 - jitter, not a secret
            try:
                pause = min(pause, await self._attempt())
                trouble = ""
            except Conflict:
                pass  # somebody was faster, or only renewed: look again
            except Unavailable as error:
                if trouble != str(error):
                    trouble = str(error)
                    log.warning("the lease cannot be had: %s", error)
                await self._give_back()
            if not self._held:
                await sleep(pause)
        LEADER.set(1)
        LEASE_TRANSITIONS.labels("leader").inc()

    async def hold(self) -> None:
        """Renew the lease for ever.

        Raises:
            Lost: somebody else may have it by now, and the fence is shut for good.
        """
        try:
            started = self._clock()
            while True:
                await sleep(max(0.0, started + self._wish.seconds * RENEW - self._clock()))
                self._require_time()
                started = self._clock()
                if not await self._renewed(started):
                    started -= self._wish.seconds * (RENEW - RETRY)  # so the next attempt is soon
        except Lost:
            self._fence.shut()
            LEADER.set(0)
            raise

    async def release(self) -> None:
        """Leave the lease to whoever comes first, and shut the fence for good. No failure is raised."""
        self._fence.shut()
        if self._held is not None:
            await self._give_back()
            LEADER.set(0)
            LEASE_TRANSITIONS.labels("standby").inc()

    async def _attempt(self) -> float:
        """Look at the lease, and take it if it is free; else in how many seconds it may be."""
        found = await self._lease.read()
        wait = self._free_in(found)
        if wait > 0 or not self._is_fit():
            return wait if wait > 0 else self._wish.seconds
        started = self._clock()
        self._held = await self._lease.take(found)
        if rivals := await self._rivals():
            await self._give_back()
            await self._outwait(rivals)
            return 0.0
        self._fence.extend(started + self._wish.seconds * WRITE)
        log.info("%s leads, by lease %s", self._wish.identity, self._lease.path)
        return 0.0

    def _free_in(self, found: LeaseRecord | None) -> float:
        """In how many seconds a lease may be taken; not positive: now.

        One that has vanished is no free one: its holder may not know yet.
        """
        version = found.version if found else ""
        if version != self._seen and not (found is None and self._seen is None):
            self._seen, self._changed_at = version, self._clock()
        if found is not None:
            self._lasts = max(found.seconds, self._wish.seconds)
            if found.holder in {"", self._wish.identity}:
                return 0.0
        return 0.0 if self._seen is None else self._changed_at + self._lasts - self._clock()

    async def _renewed(self, started: float) -> bool:
        """Renew the lease once; whether that went well. Then writes may pass for a while from its start on.

        After a gap somebody with another lease may have taken this process for dead.

        Raises:
            Lost: somebody else may have it.
        """
        assert self._held is not None  # noqa: S101 - for mypy: only the holder renews
        try:
            self._held = await self._lease.renew(self._held)
            rivals = [] if self._fence.remaining() else await self._rivals()
        except Unavailable as error:
            LEASE_RENEWALS.labels("failed").inc()
            log.warning("the lease was not renewed: %s", error)
            return False
        if rivals:
            await self._give_back()
            raise Lost(_names(rivals))
        LEASE_RENEWALS.labels("renewed").inc()
        self._fence.extend(started + self._wish.seconds * WRITE)
        return True

    def _require_time(self) -> None:
        """Stop where a renewal would be too late.

        Raises:
            Lost: it would.
        """
        if not self._fence.remaining():
            message = "the lease was not renewed in time"
            raise Lost(message)

    async def _give_back(self) -> None:
        """Release what we hold, if anything."""
        held, self._held = self._held, None
        if held is not None:
            await self._lease.release(held)

    async def _rivals(self) -> list[LeaseRecord]:
        """The other leases whose holders work where we do, and may be alive."""
        found = await self._lease.rivals()
        return [one for one in found if (one.name, one.version) not in self._dead]

    async def _outwait(self, rivals: list[LeaseRecord]) -> None:
        """Stand back while others work where we would; those that do not renew in time are dead."""
        log.error("%s; this process stands back", _names(rivals))
        await sleep(max(*(one.seconds for one in rivals), self._wish.seconds))
        before = {(one.name, one.version) for one in rivals}
        self._dead = before & {(one.name, one.version) for one in await self._rivals()}


def _names(rivals: list[LeaseRecord]) -> str:
    said = ", ".join(f"{one.name} ({one.holder})" for one in rivals)
    return f"an operator with another lease works in the same namespaces: {said}"
