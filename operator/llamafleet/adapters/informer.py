"""A slim informer: list, watch, and keep a small value per object.

It survives what ends other watchers: a cut stream, silence, a connection with nobody behind it, an expired
version on the watch or in the middle of a list, any ERROR event, lines and pages that make no sense, objects
that cannot be read. Objects that vanished in a gap are noticed on the next list. An API server that is behind
what was seen before is not believed.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic

from llamafleet.adapters.kinds import Kind
from llamafleet.adapters.metrics import WATCH_RESTARTS
from llamafleet.adapters.pages import Pages, UnknownKind
from llamafleet.adapters.retries import Retries
from llamafleet.adapters.streams import NOT_SO, Lost
from llamafleet.adapters.table import Seen, T, Table, identity, named, version_of
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from llamafleet.errors import Forbidden, LlamafleetError, Throttled, Unreachable

__all__ = ["Informer", "Seen"]

WATCH_SECONDS: Final = 300
"""How long one watch request runs before the server ends it and we go on from the last version."""

WATCH_FLOOR_SECONDS: Final = 1.0
"""A watch that ended is opened again at once, but never more often than this."""

log = logging.getLogger(__name__)


class Informer(Generic[T]):
    """The objects of one kind that carry its label, by the LlamaDeployment that they belong to.

    Args:
        transport: how to reach the API server.
        kind: what to list and watch.
        project: makes the small value from an object as the API server sends it.
        changed: called with the owner's key after every change that the small value shows.
        removed: called with the owner's key and the last known value of each object that is gone, and for how
            many seconds nobody had looked when that was noticed: 0 when the watch showed it.
        namespace: the only namespace to look at; None: all.

    Attributes:
        synced: set once there was a list.
        met: set once there was a list or a refusal.
        refused: whether the last answer was that we have no right to look there.
        heard_at: the monotonic instant of the last word by which the view is up to date.
        answered_at: the monotonic instant of the last answer at all, refusals included.
    """

    def __init__(
        self,
        transport: Transport,
        kind: Kind,
        project: Callable[[dict[str, Any]], T],
        changed: Callable[[Key], None],
        removed: Callable[[Key, T, float], None] = lambda _owner, _last, _unseen: None,
        namespace: str | None = None,
    ) -> None:
        """Start empty; :meth:`run` fills it."""
        self.kind = kind
        self.synced, self.met = asyncio.Event(), asyncio.Event()
        self.refused = False
        self.heard_at = self.answered_at = time.monotonic()
        self._transport = transport
        self._path = kind.path(namespace)
        self._changed = changed
        self._table = Table(project, changed, removed)
        self._pages = Pages(transport, kind, self._path)
        self._retries = Retries()
        self._is_listed = False
        self._newest = 0

    def of(self, owner: Key) -> Mapping[str, T]:
        """The known objects of one LlamaDeployment, by name."""
        return self._table.of(owner)

    @property
    def version(self) -> int:
        """The resource version up to which everything is known; 0: nothing is."""
        return self._newest

    def owners(self) -> tuple[Key, ...]:
        """Every LlamaDeployment of which an object is known."""
        return self._table.owners()

    def absorb(self, raw: dict[str, Any]) -> None:
        """Take in an object that a write of ours returned, before the watch brings it: read your writes.

        What the watch has already passed is left out: the object may have been deleted since. Nobody is
        told, for whoever wrote it knows.
        """
        if self._newest and version_of(raw) > self._newest:
            self._table.store(raw)

    async def run(self) -> None:
        """List and watch for ever; only cancellation ends it."""
        while True:
            started = time.monotonic()
            try:
                if not self._is_listed:
                    await self._list()
                await self._watch()
                reason, pause = "ended", 0.0
            except LlamafleetError as error:
                lasted = time.monotonic() - started
                reason, pause = self._fail(error, lasted, heard=self.heard_at > started)
                how = "going on" if self._is_listed else "listing again"
                level = logging.DEBUG if isinstance(error, Throttled) else logging.WARNING  # the gate tells
                log.log(level, "%s: %s in %.1f s, for %s", self.kind.plural, how, pause, error)
            WATCH_RESTARTS.labels(self.kind.name, reason).inc()
            # Whoever ends every watch at once must not make us spin, nor all of us come back in one instant.
            floor = started + WATCH_FLOOR_SECONDS - time.monotonic() if self._is_listed else 0.0
            await asyncio.sleep(max(floor, pause) * (1 + random.random() / 2))  # noqa: S311 - jitter

    def _fail(self, error: LlamafleetError, lasted: float, *, heard: bool) -> tuple[str, float]:
        """Note a failure: the reason in one word, and the pause in seconds."""
        if isinstance(error, Forbidden):
            self.refused = True
            self.met.set()
        if not isinstance(error, (Lost, Unreachable)):
            self.answered_at = time.monotonic()
        verdict = self._retries.failed(error, lasted, heard=heard)
        self._is_listed = self._is_listed and verdict.resumes
        return verdict.reason, verdict.pause

    async def _list(self) -> None:
        """List in pages, then drop every object that the list no longer shows.

        Raises:
            Unavailable: there is no list, or none that can be believed.
        """
        shown: set[tuple[str, str]] = set()
        newest = self._newest
        try:
            async for version, items in self._pages.read(self._newest):
                newest = version
                shown.update(filter(None, map(self._listed, items)))
        except UnknownKind:
            self.synced.set()
            self.met.set()  # there is nothing of a kind that does not exist
            raise
        self._table.keep_only(shown, newest, self._unseen())
        self._newest = newest
        self._is_listed = True
        self._heard()
        self.synced.set()
        self.met.set()

    def _listed(self, raw: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as it came
        """Take in an item of a list; its namespace and name, or None when it is no object."""
        try:
            owner, name = identity(raw)
            version_of(raw)
        except NOT_SO:
            log.warning("%s: a list holds what is no object: %.200r", self.kind.plural, raw)
            return None
        if self._table.store(raw, self._unseen()):
            self._changed(owner)
        return owner.namespace, name

    async def _watch(self) -> None:
        query = {
            "labelSelector": self.kind.selector,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(self._newest),
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async for event in self._transport.watch(self._path, query):
            self._take(event["type"], event["object"])

    def _take(self, event: str, raw: dict[str, Any]) -> None:
        """Take in an event.

        Raises:
            Lost: its object is none.
        """
        version = version_of(raw)
        if version < self._newest:
            return  # an API server that is behind says again what is long past
        if event == "DELETED":
            self._table.remove(named(raw))
        elif event != "BOOKMARK" and (owner := self._table.store(named(raw))):
            self._changed(owner)
        self._newest = version
        self._heard()

    def _unseen(self) -> float:
        """For how many seconds nobody had looked."""
        return time.monotonic() - self.heard_at

    def _heard(self) -> None:
        self.heard_at = self.answered_at = time.monotonic()
        self.refused = False
