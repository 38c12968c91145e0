"""The workers: a fixed number of tasks that take keys from the queue and reconcile them."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Final

from llamafleet.api.observed import Key
from llamafleet.errors import Ending, LlamafleetError, Stale, Throttled, Unavailable
from llamafleet.reconcile.queue import LAST_RETRY_SECONDS, WorkQueue
from llamafleet.reconcile.reconciler import Reconciler

RESYNC_SECONDS: Final = 600.0
"""Every resource is looked at again after this time, plus up to a half, even when nothing was heard of it."""

SOONEST_SECONDS: Final = 1.0
"""A resource that asks to be looked at again at once must not keep a worker for itself."""

log = logging.getLogger(__name__)

Measure = Callable[[str, float], None]
"""Told the result of a reconcile and how many seconds it took."""


async def run_workers(queue: WorkQueue, reconciler: Reconciler, measure: Measure) -> None:
    """Run as many workers as the queue reckons with, for ever."""
    async with asyncio.TaskGroup() as group:
        for number in range(queue.workers):
            group.create_task(_work(queue, reconciler, measure), name=f"worker {number}")


async def _work(queue: WorkQueue, reconciler: Reconciler, measure: Measure) -> None:
    while True:
        key = await queue.take()
        started = time.monotonic()
        result = await _once(queue, reconciler, key)
        queue.done(key)
        measure(result, time.monotonic() - started)


async def _once(queue: WorkQueue, reconciler: Reconciler, key: Key) -> str:
    """Reconcile one key and decide when it comes again; the result in one word."""
    try:
        outcome = await reconciler.reconcile(key)
    except Ending:
        outcome = None
    except Stale:
        queue.retry(key)  # somebody wrote to the resource while we decided: what they wrote counts
        return "stale"
    except Throttled as error:
        held = queue.hold(key, error.retry_after)
        log.debug("%s: %s; looking again in %.1f s", key, error, held)  # the gate has told it, once for all
        return "throttled"
    except LlamafleetError as error:
        longest = error.patience_seconds if isinstance(error, Unavailable) else LAST_RETRY_SECONDS
        log.warning("%s: %s; trying again in %.1f s", key, error, queue.retry(key, longest))
        if isinstance(error, Unavailable) and error.wake_seconds < RESYNC_SECONDS:
            # A child that cannot be written must not hold up the end of a window.
            queue.add_after(key, max(error.wake_seconds, SOONEST_SECONDS))
        return "failed"
    except Exception:  # the outermost edge: one broken resource must not stop the others
        log.exception("%s: unexpected error; trying again in %.1f s", key, queue.retry(key))
        return "broken"
    queue.succeeded(key)
    if outcome is None:
        queue.forget(key)
        return "gone"
    queue.pace(key, busy=outcome.repairs > 0)
    resync = RESYNC_SECONDS * (1 + random.random() / 2)  # noqa: S311 - jitter, not a secret
    queue.add_after(key, min(resync, max(outcome.wake_seconds, SOONEST_SECONDS)))
    return "done"
