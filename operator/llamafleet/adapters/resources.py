"""The LlamaDeployments that a watch has shown: which there are, and whether their authors changed them."""

from collections.abc import Iterable, Mapping
from typing import Any

from llamafleet.api.observed import Key

Revision = tuple[str, int, int]
"""What of a LlamaDeployment its author can change: uid, generation, and a digest of the annotations."""


class Resources:
    """A few numbers per LlamaDeployment. A watch may miss the end of one; a fresh read finds it then."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self._revisions: dict[Key, Revision] = {}

    def saw(self, key: Key, raw: Mapping[str, Any]) -> bool:
        """Take in an object as it was shown; whether that is work. A change of its status alone is none."""
        revision = _revision(raw["metadata"])
        if self._revisions.get(key) == revision:
            return False
        self._revisions[key] = revision
        return True

    def gone(self, key: Key) -> None:
        """There is none of this key."""
        self._revisions.pop(key, None)

    def keys(self) -> Iterable[Key]:
        """All that there are, as far as is known."""
        return tuple(self._revisions)


def _revision(metadata: Mapping[str, Any]) -> Revision:
    annotations = hash(frozenset((metadata.get("annotations") or {}).items()))
    return metadata["uid"], metadata["generation"], annotations
