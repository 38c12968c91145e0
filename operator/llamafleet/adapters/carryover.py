"""The accounts of resources that were deleted, for a namesake to go on from.

A status goes with its resource. Without this, whoever deletes a LlamaDeployment and creates it again would
have the whole month's budget once more. The accounts lie in one ConfigMap beside the operator, which our
manifests bring: nothing there is anybody's secret, and the operator may write no other.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson

from llamafleet.adapters.kinds import CONFIG_MAP
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import CARRY_OVER_NAME
from llamafleet.api.observed import Key

FRESH_SECONDS: Final = 60.0
"""How long the ConfigMap is believed: only another operator, before it failed, may have written to it."""

log = logging.getLogger(__name__)


class CarryOver:
    """What is known of the accounts of deleted resources.

    Args:
        transport: how to reach the API server.
        namespace: where the operator runs.
    """

    def __init__(self, transport: Transport, namespace: str) -> None:
        """Nothing was left and nothing read yet."""
        self._transport = transport
        self._path = CONFIG_MAP.path(namespace, CARRY_OVER_NAME)
        self._left: dict[Key, dict[str, Any]] = {}
        self._data: dict[str, str] = {}
        self._read_at = float("-inf")

    def leave(self, key: Key, ledger: dict[str, Any]) -> None:
        """A resource was deleted, and this was the account in its last status."""
        self._left[key] = ledger

    def left(self, key: Key) -> dict[str, Any] | None:
        """The account that was left and is not written yet."""
        return self._left.get(key)

    async def write(self, key: Key, ledger: Mapping[str, Any]) -> None:
        """Keep an account. Those of earlier months go: a new month begins at nothing for everybody.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        await self._refresh()
        old = {name: None for name, text in self._data.items() if _month(text) < str(ledger["month"])}
        kept = orjson.dumps(ledger).decode()
        await self._transport.merge(self._path, {"data": {**old, _name(key): kept}})
        self._data = {name: text for name, text in self._data.items() if name not in old}
        self._data[_name(key)] = kept
        self._left.pop(key, None)

    async def read(self, key: Key) -> dict[str, Any] | None:
        """The account that a namesake left, or None.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        if key in self._left:
            return self._left[key]
        await self._refresh()
        text = self._data.get(_name(key))
        return None if text is None else _parsed(text)

    async def _refresh(self) -> None:
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return
        body = await self._transport.read(self._path)
        if body is None:
            log.warning("%s is missing: deleted resources leave no account", self._path)
        self._data = (orjson.loads(body).get("data") or {}) if body else {}
        self._read_at = time.monotonic()


def _name(key: Key) -> str:
    """The entry of a resource: neither part of its key can have a dot."""
    return f"{key.namespace}.{key.name}"


def _parsed(text: str) -> dict[str, Any] | None:
    """An entry; None when somebody garbled it."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _month(text: str) -> str:
    """The month of an entry, such as 2026-11; empty, and so earlier than any, when it has none."""
    return str((_parsed(text) or {}).get("month", ""))
