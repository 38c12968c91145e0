"""What was found to be as it should be, so that the same two things are not compared at every look.

Of each child the last comparison that came out well is kept: a fingerprint of what was asked for, and the
body that showed it. Whatever is not exactly these is compared anew.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from llamafleet.api.observed import ChildSeen, Key
from llamafleet.reconcile.difference import holds

_IN_LISTS_UNSAID = frozenset({"apiVersion", "kind"})
"""The items of a list do not carry them."""


class Fits:
    """The last good comparison of each child. It holds some entries per resource, so it is bounded."""

    def __init__(self) -> None:
        """Nothing was compared yet."""
        self._known: dict[Key, dict[str, tuple[bytes, bytes]]] = {}

    def same(self, key: Key, intent: Mapping[str, Any], child: ChildSeen) -> bool:
        """Whether a child of this resource shows everything that we ask for."""
        comparison = _fingerprint(intent), child.body
        if self._known.get(key, {}).get(intent["kind"]) == comparison:
            return True
        if not _holds(intent, child):
            return False
        self._known.setdefault(key, {})[intent["kind"]] = comparison
        return True

    def forget(self, key: Key) -> None:
        """The resource is gone."""
        self._known.pop(key, None)


def _fingerprint(intent: Mapping[str, Any]) -> bytes:
    """16 bytes that no other intent has.

    The digest in its annotations will not do: a Deployment that is only made shorter keeps that of the whole.
    """
    return hashlib.blake2b(orjson.dumps(intent), digest_size=16).digest()


def _holds(intent: Mapping[str, Any], child: ChildSeen) -> bool:
    live = orjson.loads(child.body)
    return all(
        holds(intent[field], live.get(field), field) for field in intent if field not in _IN_LISTS_UNSAID
    )
