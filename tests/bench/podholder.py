"""A process that is an operator as far as its memory goes, with one view: of the pods of ``podserver``.

``python -m bench.podholder PORT CA PODS EVENTS`` prints what it found, as JSON.
"""

import asyncio
import gc
import ssl
import sys
import time

import aiohttp
import orjson

from bench.usage import peak_mib, resident_mib
from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import POD
from llamafleet.adapters.projection import project_pod
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from llamafleet.handlers import memory, operator
from llamafleet.reconcile.queue import WorkQueue

MIB = 2**20
DEADLINE_SECONDS = 300.0

WHOLE = operator.run
"""Imported for what it costs: a process that holds pods is a whole operator."""


async def hold(port: int, authority: str, pods: int, events: int) -> dict[str, float]:
    """Fill a view of all pods, then take in all events: what it took.

    The memory of a pod is the growth from the first tenth of them to the last: what a list takes while it is
    read is there by then, and stays.
    """
    server = f"https://127.0.0.1:{port}"
    connector = aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context(cafile=authority))
    async with aiohttp.ClientSession(connector=connector) as session:
        queue, told, early = WorkQueue(), 0, 0.0

        def changed(key: Key) -> None:
            nonlocal told, early
            told += 1
            if told == pods // 10 and not early:
                early = resident_mib("self")
            queue.add_soon(key)

        informer = Informer(Transport(session, server), POD, project_pod, changed)
        memory.settle()
        before = resident_mib("self")
        running = asyncio.create_task(informer.run())
        await informer.synced.wait()
        await asyncio.sleep(1)
        held = sum(len(informer.of(owner)) for owner in informer.owners())
        gc.collect()
        full, told = resident_mib("self"), 0
        used = time.process_time()
        async with session.get(f"{server}/go"), asyncio.timeout(DEADLINE_SECONDS):
            while told < events:
                await asyncio.sleep(0.05)
        used = time.process_time() - used
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return {
        "held": held,
        "before_mib": before,
        "full_mib": full,
        "each_bytes": (full - early) * MIB / (held - pods // 10),
        "peak_mib": peak_mib("self"),
        "event_us": used / events * 1e6,
    }


if __name__ == "__main__":
    port, authority, pods, events = sys.argv[1:]
    found = asyncio.run(hold(int(port), authority, int(pods), int(events)))
    sys.stdout.buffer.write(orjson.dumps(found))
