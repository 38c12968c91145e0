"""The operator's process: it starts, stands by, leads, and ends."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from typing import Final

from llamafleet.adapters.access import Access, find_access
from llamafleet.adapters.fence import Fence
from llamafleet.adapters.metrics import LEASE_REMAINING
from llamafleet.adapters.openfiles import allow_files
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Unavailable
from llamafleet.handlers import memory
from llamafleet.handlers.leadership import Leadership
from llamafleet.handlers.liveness import liveness
from llamafleet.handlers.management import management, shown
from llamafleet.handlers.settings import Settings
from llamafleet.handlers.shell import Shell
from llamafleet.handlers.watching import Watching

START_RETRY_SECONDS: Final = 5.0

LAST_WRITES_SECONDS: Final = 1.0
"""How long writes that are on their way may take when the process is told to end."""

FAILED: Final = 1

NO_CLUSTER: Final = "there is no access to a cluster yet"

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. A process that loses its lease ends on the spot."""
    memory.settle()
    allow_files()
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    told = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, told.set)
    ending = asyncio.create_task(told.wait(), name="signals")
    work = asyncio.create_task(_serve(settings), name="the operator")
    await asyncio.wait({ending, work}, return_when=asyncio.FIRST_COMPLETED)
    for task in (ending, work):
        task.cancel()
    await asyncio.wait({ending, work})
    if work.cancelled():
        log.info("told to end, and ended")
        return 0
    work.result()
    return FAILED


async def _serve(settings: Settings) -> None:
    """Work until a part fails; only cancellation ends it well."""
    fence, found = Fence(), list[Shell]()
    LEASE_REMAINING.set_function(fence.remaining)
    async with (
        management(settings.metrics_port, lambda: found[0].missing() if found else NO_CLUSTER),
        _started(settings, fence, found) as shell,
        liveness(settings.health_address, shell.unanswered_seconds),
        _watched(shell, settings),
        _leading(shell, settings, fence),
    ):
        await shell.failed


@contextlib.asynccontextmanager
async def _started(settings: Settings, fence: Fence, found: list[Shell]) -> AsyncIterator[Shell]:
    """A shell that has seen the cluster. Until there is one to be seen, it says so and tries again."""
    async with contextlib.AsyncExitStack() as stack:
        access = await _access()
        session = await stack.enter_async_context(access.open_session(fence))
        shell = Shell(Transport(session, access.server, fence), settings)
        stack.push_async_callback(shell.stop)
        stack.enter_context(shown(shell.fleets))
        found.append(shell)
        while True:
            try:
                await shell.start()
                break
            except Unavailable as error:
                log.warning("%s; trying again in %.0f s", error, START_RETRY_SECONDS)
                await asyncio.sleep(START_RETRY_SECONDS)
        yield shell


@contextlib.asynccontextmanager
async def _watched(shell: Shell, settings: Settings) -> AsyncIterator[None]:
    """With kopf, which shows the shell our own kinds."""
    watching = Watching(shell, settings.namespaces)
    try:
        yield
    finally:
        await watching.stop()


@contextlib.asynccontextmanager
async def _leading(shell: Shell, settings: Settings, fence: Fence) -> AsyncIterator[None]:
    """With the lease, which says when the shell works. It is released once nothing is written any more."""
    leadership = Leadership(settings, fence, shell.is_fit, shell.lead)
    try:
        yield
    finally:
        fence.shut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITES_SECONDS):
                while fence.passing:  # noqa: ASYNC110 - a second of it, in the last moments of a process
                    await asyncio.sleep(0.01)
        await shell.stop_working()
        await leadership.release()


async def _access() -> Access:
    while True:
        try:
            return await find_access()
        except Unavailable as error:
            log.warning("%s; trying again in %.0f s", error, START_RETRY_SECONDS)
            await asyncio.sleep(START_RETRY_SECONDS)
