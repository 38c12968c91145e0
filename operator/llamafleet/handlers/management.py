"""The operator's management port: its metrics, and whether it is ready. Liveness stays with kopf."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from prometheus_client import REGISTRY

from llamafleet.adapters import management as shared
from llamafleet.adapters.fleetmetrics import FleetMetrics
from llamafleet.adapters.looplag import measure_lag


@contextlib.asynccontextmanager
async def management(port: int, missing: shared.Missing) -> AsyncIterator[None]:
    """Measure and serve for the length of a block.

    Args:
        port: where to serve; 0: nowhere.
        missing: what the process waits for before it is ready, in words; empty: it is ready.

    Raises:
        OSError: the port is taken.
    """
    async with contextlib.AsyncExitStack() as stack:
        if port:
            lag = asyncio.create_task(measure_lag(), name="the loop's lag")
            stack.callback(lag.cancel)
            runner = await shared.serve(shared.management(REGISTRY, missing), port)
            stack.push_async_callback(runner.cleanup)
        yield


@contextlib.contextmanager
def shown(fleets: FleetMetrics) -> Iterator[None]:
    """The figures of the fleets among the metrics, for the length of a block."""
    REGISTRY.register(fleets)
    try:
        yield
    finally:
        REGISTRY.unregister(fleets)
