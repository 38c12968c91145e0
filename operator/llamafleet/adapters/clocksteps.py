"""The clock on the wall, watched for steps: somebody sets it, or the machine slept.

What is due later is waited for by a timer, and timers go by a clock that nobody sets and that stands still in
a suspended machine. After a step every one of them is early or late, by up to the time of a resync.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

LOOK_SECONDS: Final = 5.0
"""How often the two clocks are compared: so late a window may open after a step, and it costs nothing."""

STEP_SECONDS: Final = 2.0
"""What counts as a step. NTP slews by at most 0.5 ms a second (``adjtimex``), which is none."""

log = logging.getLogger(__name__)


async def watch_steps(
    stepped: Callable[[], None],
    wall: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
    every: float = LOOK_SECONDS,
) -> None:
    """Compare for ever; only cancellation ends it.

    Args:
        stepped: called after a step, with nothing.
        wall: the clock that people set, seconds.
        steady: the clock by which timers go, seconds.
        every: how often to compare, seconds.
    """
    before = wall() - steady()
    while True:
        await asyncio.sleep(every)
        after = wall() - steady()
        if abs(after - before) >= STEP_SECONDS:
            log.warning("the clock was stepped by %+.0f s: every resource is looked at again", after - before)
            stepped()
        before = after
