"""The GpuPools: read again when one changed, and now and then in case nobody said so."""

import time
from typing import Any, Final

import orjson

from llamafleet.adapters.kinds import GPU_POOL
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Unavailable

FRESH_SECONDS: Final = 60.0
"""How long a list of pools is believed without a word: kopf may miss a deletion."""

Pools = tuple[dict[str, Any], ...]


class PoolView:
    """Every GpuPool of the cluster, as the API server holds it."""

    def __init__(self, transport: Transport) -> None:
        """Know nothing yet."""
        self._transport = transport
        self._pools: Pools = ()
        self._read_at = float("-inf")
        self._changes = 0

    def forget(self) -> None:
        """A GpuPool changed: the next reader asks the API server."""
        self._changes += 1
        self._read_at = float("-inf")

    async def read(self) -> Pools:
        """The pools, at most a minute old and never older than the last :meth:`forget`."""
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return self._pools
        changes = self._changes
        body = await self._transport.read(GPU_POOL.path())
        if body is None:  # no pools would mean the built-in one, at another price
            message = "the cluster does not know the kind GpuPool"
            raise Unavailable(message)
        pools: Pools = tuple(orjson.loads(body)["items"])
        if changes == self._changes:  # else one changed while we read: this answer may be old already
            self._pools, self._read_at = pools, time.monotonic()
        return pools
