"""Announcements that could not be written, kept to be told again.

A status that was written says that its announcement was made, so nobody makes it again. Money and pods do not
wait for words, and the status is written all the same: what could not be said is kept here, in this process.
It is lost when the process ends before it is told, and only then; or when nobody could take it for an hour.
"""

import logging
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.observed import Announcement, Key
from llamafleet.errors import Forbidden, Rejected, Throttled, Unavailable
from llamafleet.reconcile.ports import Writes

MOST: Final = 20
"""How many announcements of one resource are kept, the last ones. An hour of ordinary life makes fewer."""

LASTING: Final = timedelta(hours=1)
"""How long an announcement is worth telling: as long as the API server keeps an Event (``--event-ttl``)."""

FIRST_RETRY: Final = timedelta(seconds=2)
LAST_RETRY: Final = timedelta(minutes=1)
"""The pause doubles from the one to the other. Each attempt at a silent API server holds a worker for as long
as a write may take."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """What one resource has to tell.

    Attributes:
        events: the announcements, oldest first, by what makes them the same Event.
        pause: after which the next failure is tried again.
        due: the instant of the next attempt, UTC.
    """

    due: datetime
    pause: timedelta = FIRST_RETRY
    events: dict[tuple[str, str, str], Announcement] = field(default_factory=dict)


class Untold:
    """The announcements that are still to be told, by resource."""

    def __init__(self) -> None:
        """Everything was told."""
        self._kept: dict[Key, _Kept] = {}

    async def tell(self, world: Writes, event: Announcement, now: datetime) -> None:
        """Write an announcement, or keep it. While others of its resource wait, it waits with them.

        Raises:
            Throttled: the API server has too much to do.
        """
        if event.key in self._kept or not await self._told(world, event):
            kept = self._kept.setdefault(event.key, _Kept(now + FIRST_RETRY))
            kept.events.setdefault((event.uid, event.reason, event.again), event)
            if len(kept.events) > MOST:
                lost = kept.events.pop(next(iter(kept.events)))
                log.warning("%s: the event %s is never written: too many wait", lost.key, lost.reason)

    async def tell_again(self, world: Writes, key: Key, now: datetime) -> float:
        """Try again what is kept, once its time has come; after how many seconds the next attempt is due.

        Raises:
            Throttled: the API server has too much to do.
        """
        kept = self._kept.get(key)
        if kept is None:
            return math.inf
        # A clock that somebody set back must not make it wait longer than a pause.
        if (wait := kept.due - now) > timedelta() and wait <= kept.pause:
            return wait.total_seconds()
        for identity, event in list(kept.events.items()):
            if now - event.at > LASTING:
                log.warning("%s: the event %s is never written: it is too old", key, event.reason)
            elif not await self._told(world, event):
                kept.pause = min(2 * kept.pause, LAST_RETRY)
                kept.due = now + kept.pause
                return kept.pause.total_seconds()
            del kept.events[identity]
        del self._kept[key]
        return math.inf

    def forget(self, key: Key) -> None:
        """The resource is gone."""
        self._kept.pop(key, None)

    async def _told(self, world: Writes, event: Announcement) -> bool:
        """Whether nothing is left to do about an announcement: it is written, or never will be."""
        try:
            await world.announce(event)
        except Throttled:
            raise  # everything waits; who asked comes again
        except Unavailable as error:
            is_final = isinstance(error, (Forbidden, Rejected))
            how = "is refused" if is_final else "could not be written, and is tried again"
            log.warning("%s: the event %s %s: %s", event.key, event.reason, how, error)
            return is_final
        return True
