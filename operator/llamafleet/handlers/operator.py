"""The operator's process: kopf, run again whenever the cluster makes it stop."""

import asyncio
import logging
from typing import Final

import kopf
from prometheus_client import start_http_server

from llamafleet.handlers import events, lifecycle
from llamafleet.handlers.settings import Settings

RESTART_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
HEALTHY_SECONDS: Final = 60.0

HANDLERS: Final = (events, lifecycle)
"""Imported for their decorators, which put them into kopf's default registry."""

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    """Run kopf; start it again when it gives up.

    kopf ends on any error of a watch that it does not know. A restart of the container would meet a
    back-off of minutes after each outage of the control plane; a restart inside the process does not.
    """
    loop, failures = asyncio.get_running_loop(), 0
    while True:
        started = loop.time()
        try:
            return await _serve(settings)
        except Exception:  # whatever ended kopf, the answer is the same
            failures = 0 if loop.time() - started > HEALTHY_SECONDS else failures
            pause = RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)]
            failures += 1
            log.exception("the operator stopped; starting again in %.0f s", pause)
            await asyncio.sleep(pause)


async def _serve(settings: Settings) -> None:
    failed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    await kopf.operator(
        memo=kopf.Memo(settings=settings, failed=failed),
        clusterwide=True,
        standalone=True,
        liveness_endpoint=settings.health_address,
        stop_flag=failed,
    )
    if failed.done() and not failed.cancelled() and failed.result():
        message = "a part of the operator ended by itself"
        raise RuntimeError(message)
