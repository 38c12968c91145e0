"""kopf in a thread and a loop of its own, run again whenever the cluster makes it stop.

kopf ends on any error of a watch that it does not know, and then takes every task of its loop with it. So it
has none of ours in there: views, lease, queue and workers go on meanwhile.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import kopf

from llamafleet.handlers import events, lifecycle
from llamafleet.handlers.shell import Shell

if TYPE_CHECKING:
    import aiohttp

RESTART_SECONDS: Final = (0.2, 1.0, 2.0, 5.0, 10.0)
HEALTHY_SECONDS: Final = 10.0

STOP_SECONDS: Final = 10.0
"""How long kopf may take to stop. It is a daemon thread: nothing waits for it any longer."""

POLITE_SECONDS: Final = 1.0
"""How long kopf's tasks may take to clean up after themselves, once they are cancelled."""

AGAIN_SECONDS: Final = 0.1
MOST_CANCELS: Final = 50

PAUSE: Final = "pause-waiter for "
"""How kopf names the tasks that tell a watch of a pause (``kopf._cogs.clients.watching.streaming_block``)."""

IDENTITY: Any = "llamafleet"
"""What kopf calls itself among its peers, of which there are none. Left alone it asks for the user's name,
and ends where a container has but a number."""

HANDLERS: Final = (events, lifecycle)
"""Imported for their decorators, which put them into kopf's default registry."""

NOISY: Final = ("kopf._core.reactor.running", "kopf._core.reactor.orchestration")
"""They write a trace each when kopf ends, which we say in one line, and miss the signals, which are ours."""

log = logging.getLogger(__name__)


class Watching:
    """kopf's thread. It begins when it is made, and ends with :meth:`stop`.

    Args:
        shell: told what is shown; only ever in the loop that makes this.
        namespaces: where to look; empty: everywhere.
    """

    def __init__(self, shell: Shell, namespaces: tuple[str, ...] = ()) -> None:
        """Start the thread."""
        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._shell = shell
        self._namespaces = namespaces
        self._shells_loop = asyncio.get_running_loop()
        self._is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """End kopf and wait until it has ended."""
        self._is_stopping = True
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    def tell(self, function: Callable[..., object], *arguments: object, **options: object) -> None:
        """Call something in the shell's loop, some time soon."""
        self._shells_loop.call_soon_threadsafe(lambda: function(*arguments, **options))

    def _run(self) -> None:
        try:
            asyncio.run(self._again_and_again())
        except BaseException:  # a mistake of ours, which must not go unnoticed
            log.critical("the thread of kopf ended unexpectedly", exc_info=True)
            self.tell(self._shell.fail)

    async def _again_and_again(self) -> None:
        self._loop, failures = asyncio.get_running_loop(), 0
        self._loop.set_exception_handler(_complain)
        while not self._is_stopping:
            started = self._loop.time()
            why = await self._served()
            failures = 0 if self._loop.time() - started > HEALTHY_SECONDS else failures
            pause = RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)]
            failures += 1
            if not self._is_stopping:
                log.warning("the watch of our kinds ended, for %s; it begins again in %.1f s", why, pause)
                await self._rest(pause)

    async def _served(self) -> str:
        """Let kopf run until it ends; why it did, in words."""
        self._stop = asyncio.Event()
        try:
            await self._serve(self._stop)
        except Exception as error:  # noqa: BLE001 - whatever ended kopf, the answer is the same
            return repr(error)
        return "no reason that it gave"

    async def _rest(self, seconds: float) -> None:
        """Wait, but not for longer than until it is told to stop."""
        self._stop = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _serve(self, stop: asyncio.Event) -> None:
        """Let kopf run until one of its tasks ends, and see to it that all of them do."""
        # Without this, kopf would wait for a kind that is missing now and never look for it again.
        shown = asyncio.run_coroutine_threadsafe(self._shell.require_shown(), self._shells_loop)
        await asyncio.wrap_future(shown)
        sessions: list[aiohttp.ClientSession] = []
        memo: Any = kopf.Memo(shell=self._shell, tell=self.tell, sessions=sessions)
        tasks = await kopf.spawn_tasks(
            memo=memo,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            standalone=True,
            identity=IDENTITY,
            stop_flag=stop,
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end_all()
            for session in sessions:
                await session.close()
        for task in done:
            task.result()


def _complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in one line what nobody caught: kopf leaves tasks and callbacks behind when it ends."""
    log.warning("kopf: %s: %r", context["message"], context.get("exception"))


async def _end_all() -> None:
    """End every other task of this loop.

    kopf's own way waits for 5 s first, and for ever where one of its watches takes being cancelled for a
    pause and goes on: so they are cancelled again and again. What tells a watch of a pause is left to that
    watch as long as there are others: when it ends before the request is answered, it fails with a trace.
    """
    for seconds in (POLITE_SECONDS, *[AGAIN_SECONDS] * MOST_CANCELS):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return
        watches = {task for task in others if not task.get_name().startswith(PAUSE)}
        for task in watches or others:
            task.cancel()
        ended, _ = await asyncio.wait(watches or others, timeout=seconds)
        for task in ended:
            if not task.cancelled():
                task.exception()  # so that nobody complains that it was never looked at
    log.error("kopf does not end: %s", asyncio.all_tasks() - {asyncio.current_task()})
