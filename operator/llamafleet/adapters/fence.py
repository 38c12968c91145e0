"""The fence: no write leaves this process once its lease may belong to somebody else.

It is asked twice for each write: before the request begins, for a clear answer, and when its body is about to
go out, because making a connection takes time and a process may be stopped for any length of it. It can be
asked from every thread.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from llamafleet.errors import NotLeading

if TYPE_CHECKING:
    from aiohttp.connector import Connection

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux' monotonic clock stands still while the machine sleeps; this one does not, where there is one."""


def seconds_since_boot() -> float:
    """A clock that nobody sets and that goes on while the process, or the machine, is stopped."""
    return time.clock_gettime(_CLOCK)


class Fence:
    """Until when this process may write. It begins closed.

    Args:
        clock: gives seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = seconds_since_boot) -> None:
        """Let nothing through yet."""
        self._clock = clock
        self._until = -math.inf
        self._is_shut = False
        self._passing = 0

    def extend(self, until: float) -> None:
        """Let writes through until an instant of the clock."""
        self._until = until

    def shut(self) -> None:
        """Let nothing through any more, whatever is extended later."""
        self._is_shut = True

    def remaining(self) -> float:
        """For how many seconds writes are let through from now on; zero when they are not."""
        return 0.0 if self._is_shut else max(0.0, self._until - self._clock())

    def check(self) -> None:
        """Let one write through.

        Raises:
            NotLeading: this process must not write now.
        """
        if not self.remaining():
            message = "another process may be the leader by now, so nothing is written"
            raise NotLeading(message)

    @property
    def passing(self) -> int:
        """How many writes are on their way."""
        return self._passing

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """For the length of one write.

        Raises:
            NotLeading: this process must not write now.
        """
        self.check()
        self._passing += 1
        try:
            yield
        finally:
            self._passing -= 1


def fenced(fence: Fence) -> type[aiohttp.ClientRequest]:
    """The requests of a session whose writes this fence guards."""

    class Fenced(aiohttp.ClientRequest):
        """A request that asks the fence once it has a connection, and again when its bytes are to go out.

        aiohttp holds the headers back until the body comes, and writes both in one system call. So this is
        the last moment; what is left are the microseconds until that call.
        """

        async def send(self, conn: "Connection") -> aiohttp.ClientResponse:
            if self.method not in READS:
                fence.check()
            return await super().send(conn)

        async def write_bytes(
            self, writer: AbstractStreamWriter, conn: "Connection", content_length: int | None = None
        ) -> None:
            try:
                if self.method not in READS:
                    fence.check()
            except NotLeading as error:  # in a task that nobody awaits: whoever waits for the answer is told
                if conn.protocol is not None:
                    conn.protocol.set_exception(error)
                conn.close()
            else:
                await super().write_bytes(writer, conn, content_length)

    return Fenced
