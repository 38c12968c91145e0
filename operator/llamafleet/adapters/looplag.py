"""How late the event loop is: what keeps it busy keeps everybody waiting."""

import asyncio
from typing import Final

from llamafleet.adapters.metrics import LOOP_LAG

LOOK_SECONDS: Final = 1.0
"""How often it is looked at: often enough to meet what lasts, and nothing to a quiet process."""


async def measure_lag() -> None:
    """Look for ever; only cancellation ends it. A process that was stopped for a minute shows a minute."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        LOOP_LAG.observe(max(0.0, loop.time() - due))
