"""The accounts of resources that were deleted, for a namesake to go on from.

A status goes with its resource. Without this, whoever deletes a LlamaDeployment and creates it again would
have the whole month's budget once more. So the account of every resource is remembered while it is there: a
watch may miss its end. The accounts of those that are gone lie in one ConfigMap beside the operator, which
our manifests bring: nothing there is anybody's secret, and the operator may write no other.

An account is never written over a younger one. Another operator may have seen the end of a namesake that this
one has missed, and may have worked all the time while this one stood by.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from llamafleet.adapters.kinds import CONFIG_MAP
from llamafleet.adapters.metrics import WRITES
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import CARRY_OVER_NAME
from llamafleet.api.observed import Key
from llamafleet.errors import Conflict

FRESH_SECONDS: Final = 60.0
"""How long the ConfigMap is believed by readers: only another operator may have written to it."""

ATTEMPTS: Final = 3
"""How often a write is tried that another operator has overtaken."""

log = logging.getLogger(__name__)


class Account(NamedTuple):
    """An account as it lies in a status or in the ConfigMap.

    Attributes:
        stamp: its month and the instant of its last look, as text: an account that goes on has a later one.
        text: all of it, as JSON.
    """

    stamp: tuple[str, str]
    text: bytes

    def parsed(self) -> dict[str, Any]:
        """All of it."""
        found: dict[str, Any] = orjson.loads(self.text)
        return found


class CarryOver:
    """What is known of the accounts of resources.

    Args:
        transport: how to reach the API server.
        namespace: where the operator runs.
    """

    def __init__(self, transport: Transport, namespace: str) -> None:
        """Nothing was seen and nothing read yet."""
        self._transport = transport
        self._path = CONFIG_MAP.path(namespace, CARRY_OVER_NAME)
        self._seen: dict[Key, Account] = {}
        self._data: dict[str, str] = {}
        self._version: str | None = None
        self._read_at = float("-inf")
        self._writing = asyncio.Lock()

    def saw(self, key: Key, ledger: object) -> None:
        """The account in the status of a resource, as a watch showed it."""
        account = _account(ledger)
        known = self._seen.get(key)
        if account is not None and (known is None or known.stamp <= account.stamp):
            self._seen[key] = account

    def left(self, key: Key) -> dict[str, Any] | None:
        """The last account that was seen of a resource, and is not written yet."""
        account = self._seen.get(key)
        return None if account is None else account.parsed()

    def forget(self, key: Key) -> None:
        """What was seen of a resource cannot be kept."""
        self._seen.pop(key, None)

    async def write(self, key: Key, ledger: Mapping[str, Any]) -> None:
        """Keep the account of a resource that is gone, unless there is one as young as what was seen of it.

        Those of before the last month go: a new month begins at nothing, in some time zones a day later.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        account = _account(ledger)
        last = self._seen.get(key, account)  # what was added since is what another operator has added, too
        async with self._writing:
            for attempt in range(ATTEMPTS):
                if attempt or self._version is None:  # else the API server tells whether ours is the last
                    await self._refresh()
                kept = _read(self._data.get(_name(key)))
                if account is None or last is None or (kept is not None and kept.stamp >= last.stamp):
                    break
                try:
                    await self._merge(_name(key), account)
                    break
                except Conflict:
                    if attempt == ATTEMPTS - 1:
                        raise
        self._seen.pop(key, None)

    async def read(self, key: Key) -> dict[str, Any] | None:
        """The account that a namesake left, or None: the younger one, where two are known.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        if time.monotonic() - self._read_at > FRESH_SECONDS:
            await self._refresh()
        known = [one for one in (self._seen.get(key), _read(self._data.get(_name(key)))) if one is not None]
        return max(known).parsed() if known else None

    async def _merge(self, name: str, account: Account) -> None:
        """Write one entry, if nobody else has written.

        Raises:
            Conflict: somebody has.
        """
        oldest = _month_before(account.stamp[0])
        old = [other for other, text in self._data.items() if _month(text) < oldest and other != name]
        changes = {**dict.fromkeys(old), name: account.text.decode()}
        metadata = {} if self._version is None else {"resourceVersion": self._version}
        body = await self._transport.merge(self._path, {"metadata": metadata, "data": changes})
        if body is None:
            return
        WRITES.labels("ConfigMap", "carry-over").inc()
        self._take(body)

    async def _refresh(self) -> None:
        body = await self._transport.read(self._path)
        if body is None:
            log.warning("%s is missing: deleted resources leave no account", self._path)
            self._data, self._version = {}, None
        else:
            self._take(body)
        self._read_at = time.monotonic()

    def _take(self, body: bytes) -> None:
        raw = orjson.loads(body)
        self._data, self._version = raw.get("data") or {}, raw["metadata"]["resourceVersion"]


def _name(key: Key) -> str:
    """The entry of a resource: neither part of its key can have a dot."""
    return f"{key.namespace}.{key.name}"


def _account(ledger: object) -> Account | None:
    """An account, if it is one as far as it matters here."""
    if not isinstance(ledger, Mapping):
        return None
    month, at = ledger.get("month"), ledger.get("at")
    if not isinstance(month, str) or not isinstance(at, str):
        return None
    return Account((month, at), orjson.dumps(ledger))


def _read(text: str | None) -> Account | None:
    """An entry; None when there is none, or somebody garbled it."""
    try:
        return None if text is None else _account(orjson.loads(text))
    except orjson.JSONDecodeError:
        return None


def _month(text: str) -> str:
    """The month of an entry, such as 2026-11; empty, and so earlier than any, when it has none."""
    account = _read(text)
    return account.stamp[0] if account else ""


def _month_before(month: str) -> str:
    """The month before one such as 2026-01; empty, and so earlier than any, for what is no month."""
    year, _, number = month.partition("-")
    if not (year.isdigit() and number.isdigit()):
        return ""
    before = int(year) * 12 + int(number) - 2
    return f"{before // 12:04d}-{before % 12 + 1:02d}"
