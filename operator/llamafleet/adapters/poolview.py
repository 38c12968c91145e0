"""The GpuPools: read again when one changed, and now and then in case nobody said so."""

import time
from typing import Any, Final

from llamafleet.adapters.kinds import GPU_POOL
from llamafleet.adapters.streams import page_of
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Stale, Unavailable

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
        self._version = 0

    def forget(self) -> None:
        """A GpuPool changed: the next reader asks the API server."""
        self._changes += 1
        self._read_at = float("-inf")

    async def read(self) -> Pools:
        """The pools, at most a minute old and never older than the last :meth:`forget`.

        Raises:
            Stale: an API server that is behind shows older ones than were seen before.
            Unavailable: the API server cannot be reached or refuses.
        """
        if time.monotonic() - self._read_at < FRESH_SECONDS:
            return self._pools
        changes, known = self._changes, self._version
        body = await self._transport.read(GPU_POOL.path())
        if body is None:  # no pools would mean the built-in one, at another price
            message = "the cluster does not know the kind GpuPool"
            raise Unavailable(message)
        version, _, items = page_of(body)
        if version < known:
            message = f"an API server that is behind: GpuPools of {version} after {known}"
            raise Stale(message)
        self._version = max(version, self._version)
        pools: Pools = tuple(items)
        if changes == self._changes:  # else one changed while we read: this answer may be old already
            self._pools, self._read_at = pools, time.monotonic()
        return pools
