"""What the last look at a queue showed, kept from one look to the next.

Counters say something only beside their last reading. That is kept here, and what the autoscaler remembers
is here fresher than in the status, which is not written at every look. Another process begins with the
status: it loses a minute of memory, and the increments of one look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from llamafleet.api.memory import Memory
from llamafleet.api.observed import Key, Load


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the queue of a resource.

    Attributes:
        resource: the uid of the resource.
        at: when it was, UTC.
        loads: the readings, by uid of the pod.
        memory: what the autoscaler remembered after it.
    """

    resource: str
    at: datetime
    loads: Mapping[str, Load]
    memory: Memory


class Looks:
    """The last look at each resource. It holds one entry per resource, so it is bounded by their number."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        self._last: dict[Key, Look] = {}

    def last(self, key: Key, resource: str) -> Look | None:
        """The last look at this very resource, not at a namesake that is gone."""
        look = self._last.get(key)
        return look if look is not None and look.resource == resource else None

    def keep(self, key: Key, look: Look) -> None:
        """Remember a look in the place of the one before."""
        self._last[key] = look

    def forget(self, key: Key) -> None:
        """The resource is gone."""
        self._last.pop(key, None)
