"""The small values of an informer, by the LlamaDeployment that they belong to."""

import logging
from collections.abc import Callable, Collection, Mapping
from sys import intern
from typing import Any, Final, Generic, Protocol, TypeVar

from llamafleet.adapters.streams import NOT_SO, Lost
from llamafleet.api.names import DEPLOYMENT_LABEL
from llamafleet.api.observed import Key

MOST_ODD: Final = 100
"""Of so many objects that cannot be read it is remembered that this was logged."""

log = logging.getLogger(__name__)


class Seen(Protocol):
    """What every projected value carries."""

    @property
    def uid(self) -> str: ...  # noqa: D102 - the attribute of the API's metadata

    @property
    def resource_version(self) -> str: ...  # noqa: D102 - likewise


T = TypeVar("T", bound=Seen)


class Table(Generic[T]):
    """What is known. Nothing younger gives way to something older, whatever the order in which they come.

    Args:
        project: makes the small value from an object as the API server sends it.
        changed: called with the owner's key after every change that the small value shows.
        removed: called with the owner's key and the last known value of each object that is gone, and for how
            many seconds nobody had looked when that was noticed.
    """

    def __init__(
        self,
        project: Callable[[dict[str, Any]], T],
        changed: Callable[[Key], None],
        removed: Callable[[Key, T, float], None],
    ) -> None:
        """Start empty."""
        self._project = project
        self._changed = changed
        self._removed = removed
        self._by_owner: dict[Key, dict[str, T]] = {}
        self._owners: dict[tuple[str, str], Key] = {}  # by namespace and name: a label can be changed
        self._odd: set[str] = set()

    def of(self, owner: Key) -> Mapping[str, T]:
        """The known objects of one LlamaDeployment, by name."""
        return self._by_owner.get(owner, {})

    def owners(self) -> tuple[Key, ...]:
        """Every LlamaDeployment of which an object is known."""
        return tuple(self._by_owner)

    def store(self, raw: dict[str, Any], unseen: float = 0.0) -> Key | None:
        """Keep an object, unless what is known is as young; the owner, if it says anything new.

        One that cannot be read is left out, and what was known of it stays: one odd object must not take the
        others from view.
        """
        owner, name = identity(raw)
        former = self._owner_of(owner, name)
        known = self._by_owner.get(former, {}).get(name)
        if known is not None and int(known.resource_version) >= version_of(raw):
            return None
        kept = self._projected(raw)
        if known is not None and (former != owner or known.uid != raw["metadata"]["uid"]):
            # Its end fell into a gap, or it has another owner.
            self._remove(former, name, version_of(raw), unseen=unseen)
        if kept is None:
            return None
        self._owners[owner.namespace, name] = owner
        self._by_owner.setdefault(owner, {})[name] = kept
        return owner if former != owner or kept != known else None

    def remove(self, raw: dict[str, Any]) -> None:
        """Forget an object, of which this is the state at its end, unless what is known is younger."""
        owner, name = identity(raw)
        self._remove(self._owner_of(owner, name), name, version_of(raw), self._projected(raw))

    def keep_only(self, shown: Collection[tuple[str, str]], version: int, unseen: float) -> None:
        """Forget every object that is not among these namespaces and names, unless it is younger."""
        known = [(owner, name) for owner, objects in self._by_owner.items() for name in objects]
        for owner, name in known:
            if (owner.namespace, name) not in shown:
                self._remove(owner, name, version, unseen=unseen)

    def _owner_of(self, owner: Key, name: str) -> Key:
        """Under whom an object is known; ``owner``, by whom it says so now, when it is not known."""
        return self._owners.get((owner.namespace, name), owner)

    def _remove(
        self, owner: Key, name: str, version: int, last: T | None = None, *, unseen: float = 0.0
    ) -> None:
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
        self._removed(owner, last if last is not None and last.uid == known.uid else known, unseen)
        self._changed(owner)

    def _projected(self, raw: dict[str, Any]) -> T | None:
        try:
            return self._project(raw)
        except Exception:  # whatever it trips over: see :meth:`store`
            what = f"{raw.get('kind', 'object')} {'/'.join(map(str, identity(raw)[0]))}"
            uid = str(raw["metadata"].get("uid"))
            if uid not in self._odd and len(self._odd) < MOST_ODD:
                self._odd.add(uid)
                log.exception("%s: %s cannot be read and is left out", what, identity(raw)[1])
            return None


def version_of(raw: dict[str, Any]) -> int:
    """The resource version as a number: since Kubernetes 1.35 versions of one kind may be compared so."""
    return int(raw["metadata"]["resourceVersion"])


def identity(raw: dict[str, Any]) -> tuple[Key, str]:
    """The owner, by our label, and the name of an object. An object without the label owns itself."""
    metadata = raw["metadata"]
    owner = (metadata.get("labels") or {}).get(DEPLOYMENT_LABEL, metadata["name"])
    return Key(intern(metadata["namespace"]), intern(owner)), metadata["name"]


def named(raw: dict[str, Any]) -> dict[str, Any]:
    """The object of an event, if it is one.

    Raises:
        Lost: it is none.
    """
    try:
        identity(raw)
    except NOT_SO as error:
        message = f"a watch brought what is no object: {raw!r:.200}"
        raise Lost(message) from error
    return raw
