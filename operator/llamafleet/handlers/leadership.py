"""The lease's thread: elections, renewals and the end of a process that has lost, whatever else is busy.

It has a loop and a connection of its own. A process that does not lead any more must not live on with what it
believes: it ends at once, without the ceremony that a busy loop could hold up.
"""

import asyncio
import contextlib
import logging
import os
import platform
import secrets
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

from llamafleet.adapters.access import find_access
from llamafleet.adapters.fence import Fence
from llamafleet.adapters.lease import Election
from llamafleet.adapters.leaseclient import Candidacy, Lost
from llamafleet.adapters.transport import Transport
from llamafleet.handlers.settings import Settings

LOST: Final = 4
"""The exit code of a process that has lost its lease; see the command line for the others."""

BROKEN: Final = 1
"""The exit code of a process whose thread for the lease ended by a mistake of ours."""

RELEASE_SECONDS: Final = 3.0
"""How long the release of the lease may take. Without it the next leader waits for the end of the lease."""

LOG_SECONDS: Final = 1.0
"""How long the last words may take. Another thread may hold the log, and wait for a full pipe itself."""

log = logging.getLogger(__name__)


class Leadership:
    """The lease's thread. It begins when it is made, and ends with :meth:`release`, or with the process.

    Args:
        settings: say which lease.
        fence: opened while this process leads.
        is_fit: whether this process could work at once; asked from the thread.
        lead: called once, in the loop that makes this, when this process has become the leader.
    """

    def __init__(
        self, settings: Settings, fence: Fence, is_fit: Callable[[], bool], lead: Callable[[], None]
    ) -> None:
        """Start the thread."""
        self._candidacy = Candidacy(
            namespace=settings.operator_namespace,
            name=settings.lease,
            identity=settings.identity or f"{platform.node()}_{secrets.token_hex(8)}",
            seconds=settings.lease_seconds,
            namespaces=settings.namespaces,
        )
        self._fence = fence
        self._is_fit = is_fit
        self._lead = lead
        self._shells_loop = asyncio.get_running_loop()
        self._election: Election | None = None
        self._loop = asyncio.new_event_loop()
        self._work: asyncio.Task[None] | None = None
        self._is_released = False
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._thread.start()

    async def release(self) -> None:
        """Leave the lease to another process, and end the thread."""
        self._fence.shut()
        self._is_released = True
        with contextlib.suppress(RuntimeError):  # the thread has ended by itself
            self._loop.call_soon_threadsafe(self._cancel)
        await asyncio.to_thread(self._thread.join, RELEASE_SECONDS)

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except Lost as error:
            if not self._is_released:
                _end(LOST, f"{error}; this process ends")
        except BaseException:  # noqa: BLE001 - without its lease a process is of no use, whatever the reason
            _end(BROKEN, "the thread of the lease ended unexpectedly", exc_info=True)

    async def _serve(self) -> None:
        self._work = asyncio.create_task(self._stand_and_hold())
        if self._is_released:  # it was told to end before it began
            self._work.cancel()
        await asyncio.wait([self._work])
        if self._work.cancelled():
            return
        self._work.result()

    async def _stand_and_hold(self) -> None:
        access = await find_access()
        async with access.open_session() as session:
            election = Election(Transport(session, access.server), self._candidacy, self._fence, self._is_fit)
            try:
                await election.win()
                self._shells_loop.call_soon_threadsafe(self._lead)
                await election.hold()
            except asyncio.CancelledError:
                await election.release()
                raise


def _end(code: int, words: str, *, exc_info: bool = False) -> NoReturn:
    """End the process as it stands; only the log is written out, if nobody holds it up."""
    patience = threading.Timer(LOG_SECONDS, os._exit, (code,))
    patience.daemon = True
    patience.start()
    log.critical(words, exc_info=exc_info)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    logging.shutdown()
    os._exit(code)
