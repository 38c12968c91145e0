"""Whether an answer about a LlamaDeployment is as young as what was known of it before.

A read goes to any one of the API servers, and one may be behind the others. What it says would bring back a
spec that its author has changed since, or a status from before our own last write.
"""

from collections.abc import Mapping
from typing import Any

from llamafleet.api.observed import Key
from llamafleet.errors import Stale


class Freshness:
    """The youngest version of each LlamaDeployment that was read, watched or written: one number for each."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._youngest: dict[Key, int] = {}

    def note(self, key: Key, raw: Mapping[str, Any]) -> None:
        """This state was seen."""
        self._youngest[key] = max(_version(raw), self._youngest.get(key, 0))

    def check(self, key: Key, raw: Mapping[str, Any]) -> None:
        """Take in an answer.

        Raises:
            Stale: it is older than what is known.
        """
        version, known = _version(raw), self._youngest.get(key, 0)
        if version < known:
            message = f"{key}: an API server that is behind: version {version} after {known}"
            raise Stale(message)
        self._youngest[key] = version

    def gone(self, key: Key) -> None:
        """There is none of this key."""
        self._youngest.pop(key, None)


def _version(raw: Mapping[str, Any]) -> int:
    return int(raw["metadata"]["resourceVersion"])
