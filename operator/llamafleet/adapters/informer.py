"""A slim informer: list, watch, and keep a small value per object.

It survives what ends other watchers: a cut stream, silence, an expired version on the watch or in the
middle of a list, any ERROR event. Objects that vanished in a gap are noticed on the next list, and
events older than what is known are dropped.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

import orjson

from llamafleet.adapters.kinds import Kind
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import DEPLOYMENT_LABEL
from llamafleet.api.observed import Key
from llamafleet.errors import Unavailable

PAGE_SIZE: Final = 500
WATCH_SECONDS: Final = 300
"""How long one watch request runs before the server ends it and we go on from the last version."""

WATCH_FLOOR_SECONDS: Final = 1.0
"""A watch that ended well is opened again at once, but never more often than this."""

BACKOFF_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses after a failure, each with a random half on top; the last one repeats."""

CALM_SECONDS: Final = 60.0
"""After a watch that lasted so long, the next failure counts as the first."""

log = logging.getLogger(__name__)


class Seen(Protocol):
    """What every projected value carries."""

    @property
    def uid(self) -> str: ...  # noqa: D102 - the attribute of the API's metadata

    @property
    def resource_version(self) -> str: ...  # noqa: D102 - likewise


T = TypeVar("T", bound=Seen)


class Informer(Generic[T]):
    """The objects of one kind that carry its label, by the LlamaDeployment that they belong to.

    Args:
        transport: how to reach the API server.
        kind: what to list and watch.
        project: makes the small value from an object as the API server sends it.
        changed: called with the owner's key after every change.
        removed: called with the owner's key and the last known value of each object that is gone.
    """

    def __init__(
        self,
        transport: Transport,
        kind: Kind,
        project: Callable[[dict[str, Any]], T],
        changed: Callable[[Key], None],
        removed: Callable[[Key, T], None] = lambda _owner, _last: None,
    ) -> None:
        """Start empty; :meth:`run` fills it."""
        self.kind = kind
        self.synced = asyncio.Event()
        self.heard_at = time.monotonic()
        self._transport = transport
        self._project = project
        self._changed = changed
        self._removed = removed
        self._by_owner: dict[Key, dict[str, T]] = {}
        self._owners: dict[tuple[str, str], Key] = {}  # by namespace and name: a label can be changed
        self._version = ""

    def of(self, owner: Key) -> Mapping[str, T]:
        """The known objects of one LlamaDeployment, by name."""
        return self._by_owner.get(owner, {})

    def owners(self) -> tuple[Key, ...]:
        """Every LlamaDeployment of which an object is known."""
        return tuple(self._by_owner)

    def absorb(self, raw: dict[str, Any]) -> None:
        """Take in an object that a write of ours returned, before the watch brings it: read your writes.

        What the watch has already passed is left out: the object may have been deleted since. Nobody is
        told, for whoever wrote it knows.
        """
        if self._version and _version(raw) > int(self._version):
            self._store(raw)

    async def run(self) -> None:
        """List and watch for ever; only cancellation ends it."""
        failures = 0
        while True:
            started = time.monotonic()
            try:
                if not self._version:
                    await self._list()
                await self._watch()
                # A proxy that ends every watch at once must not make us spin.
                await asyncio.sleep(max(0.0, started + WATCH_FLOOR_SECONDS - time.monotonic()))
            except Unavailable as error:  # an expired version (410) among them
                log.warning("%s: listing again, for %s", self.kind.plural, error)
                self._version = ""
                failures = 0 if time.monotonic() - started > CALM_SECONDS else failures
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                await asyncio.sleep(pause * (1 + random.random() / 2))  # noqa: S311 - jitter, not a secret

    async def _list(self) -> None:
        """List in pages, then drop every object that the list no longer shows."""
        query = {"labelSelector": self.kind.selector, "limit": str(PAGE_SIZE)}
        shown: set[tuple[Key, str]] = set()
        while True:
            body = await self._transport.read(self.kind.path(), query)
            page = orjson.loads(body or b'{"items": [], "metadata": {"resourceVersion": ""}}')
            for raw in page["items"]:
                shown.add(_identity(raw))
                self._take("LISTED", raw)
            metadata = page["metadata"]
            if not metadata.get("continue"):
                break
            query["continue"] = metadata["continue"]
        self._drop_unseen(shown, int(metadata["resourceVersion"] or 0))
        self._version = metadata["resourceVersion"]
        self.heard_at = time.monotonic()
        self.synced.set()

    async def _watch(self) -> None:
        query = {
            "labelSelector": self.kind.selector,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async for event in self._transport.watch(self.kind.path(), query):
            self._take(event["type"], event["object"])
            self._version = event["object"]["metadata"]["resourceVersion"]
            self.heard_at = time.monotonic()

    def _take(self, event: str, raw: dict[str, Any]) -> None:
        if event == "DELETED":
            owner, name = _identity(raw)
            self._remove(self._owner_of(owner, name), name, _version(raw), self._project(raw))
        elif event != "BOOKMARK" and self._store(raw):
            self._changed(_identity(raw)[0])

    def _store(self, raw: dict[str, Any]) -> bool:
        """Keep an object, unless what is known is as young; whether it was kept."""
        owner, name = _identity(raw)
        former = self._owner_of(owner, name)
        known = self._by_owner.get(former, {}).get(name)
        if known is not None and int(known.resource_version) >= _version(raw):
            return False
        if former != owner:
            self._remove(former, name, _version(raw))
        self._owners[owner.namespace, name] = owner
        kept = self._by_owner.setdefault(owner, {})[name] = self._project(raw)
        if known is not None and former == owner and known.uid != kept.uid:  # its end fell into a gap
            self._removed(owner, known)
        return True

    def _owner_of(self, owner: Key, name: str) -> Key:
        """Under whom an object is known; ``owner``, by whom it says so now, when it is not known."""
        return self._owners.get((owner.namespace, name), owner)

    def _remove(self, owner: Key, name: str, version: int, last: T | None = None) -> None:
        """Forget an object, unless what we know is younger than the version at which it was gone.

        ``last`` is its state at the end, where the watch brought one.
        """
        objects = self._by_owner.get(owner, {})
        known = objects.get(name)
        if known is None or int(known.resource_version) > version:
            return
        del objects[name], self._owners[owner.namespace, name]
        if not objects:
            del self._by_owner[owner]
        self._removed(owner, last if last is not None and last.uid == known.uid else known)
        self._changed(owner)

    def _drop_unseen(self, shown: set[tuple[Key, str]], version: int) -> None:
        known = [(owner, name) for owner, objects in self._by_owner.items() for name in objects]
        for owner, name in known:
            if (owner, name) not in shown:
                self._remove(owner, name, version)


def _version(raw: dict[str, Any]) -> int:
    """The resource version as a number: since Kubernetes 1.35 versions of one kind may be compared so."""
    return int(raw["metadata"]["resourceVersion"])


def _identity(raw: dict[str, Any]) -> tuple[Key, str]:
    """The owner, by our label, and the name of an object. An object without the label owns itself."""
    metadata = raw["metadata"]
    owner = metadata.get("labels", {}).get(DEPLOYMENT_LABEL, metadata["name"])
    return Key(metadata["namespace"], owner), metadata["name"]
