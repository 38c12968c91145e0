"""How long a look at ten thousand queues takes: over real HTTP on loopback, by one core."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final, NamedTuple

from bench.planner import CALLS
from builders import NOW, ROOT, pod
from llamafleet.adapters.exposition import RUNNING, parse
from llamafleet.adapters.loads import AT_ONCE, Loads, is_pod_address
from llamafleet.api.memory import Memory
from llamafleet.api.observed import PodSeen
from llamafleet.planning.scaling.policy import decide
from llamafleet.planning.scaling.reading import signals
from llamafleet.planning.scaling.signals import Pace, Terms
from testbed.errors import TestbedError

FLEETS: Final = 100
PODS: Final = 100
"""Of each fleet."""

WORKERS: Final = 8
"""How many fleets the operator looks at, at the same time, unless told otherwise."""

TURNS: Final = 3
"""The best one counts: whatever else the machine does only adds to it."""

ATTEMPTS: Final = 4 * TURNS
"""How often it is tried at the most. A busy machine may not read every pod before their deadline."""

FOLDER: Final = ROOT / "tests" / "adapters" / "data"
BODY: Final = FOLDER / "metrics-loaded.txt"
"""What a real server said: 53 KB."""


class Spent(NamedTuple):
    """What something took, in seconds: by the clock, and of the processor."""

    wall: float
    cpu: float


class Missed(Exception):
    """Not every pod has answered in time."""


def extraction() -> float:
    """Microseconds to read one recorded body: the median over all of them."""
    return _microseconds(parse)


def search() -> float:
    """Microseconds to look for one name in one: no reading of four or more names can do with less."""
    name = f"\n{RUNNING}".encode()
    return _microseconds(lambda body: body.count(name))


def look_and_floor() -> tuple[Spent, Spent]:
    """To read and judge every fleet, and to fetch the same bodies with bare sockets; by turns."""
    ours, floor, missed = list[Spent](), list[Spent](), 0
    with _pinned(), _serving() as port:
        while len(ours) < TURNS:
            try:
                ours.append(_spent(lambda: asyncio.run(_look(port))))
            except Missed:  # this is no look at all of them, and its time is none
                missed += 1
                if len(ours) + missed == ATTEMPTS:
                    break
                continue
            floor.append(_spent(lambda: _fetch(port)))
    if not ours:
        message = f"Not one of {missed} looks at {FLEETS * PODS} pods was answered by all of them in time."
        raise TestbedError(message)
    return min(ours), min(floor)


async def _look(port: int) -> None:
    """Scrape and decide, fleet by fleet, as the workers do."""
    loads = Loads(port, lambda address: not is_pod_address(address))  # loopback is nobody's pod
    left = iter([[_pod(fleet, number) for number in range(PODS)] for fleet in range(FLEETS)])

    async def work() -> None:
        for pods in left:
            found = await loads.of("bench", pods)
            seen = signals(pods, found, before=found, seconds=15.0, held=None, wanted=PODS)
            if seen is None or seen.partial:
                raise Missed
            decide(seen, Memory(), TERMS)

    await asyncio.gather(*(work() for _ in range(WORKERS)))


TERMS: Final = Terms(
    now=NOW,
    replicas=PODS,
    low=1,
    queue_depth=8,
    scale_down_delay_seconds=None,
    idle_timeout_seconds=None,
    cold_start_seconds=180.0,
    slots=16.0,
    can_wake=False,
    pace=Pace(step=0.03, expert=0.0, experts=0, sequence=0.0001, kv_token=0.0, prompt_token=0.0001),
)


def _pod(fleet: int, number: int) -> PodSeen:
    return pod(uid=f"{fleet}-{number}", address=f"127.1.{fleet}.{number + 1}", ready=True, started=True)


def _fetch(port: int) -> None:
    """The same connections, requests and bodies, as many at once, without HTTP, timers or a look inside."""
    request = b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
    addresses = [f"127.1.{fleet}.{number + 1}" for fleet in range(FLEETS) for number in range(PODS)]
    buffer = bytearray(2**18)
    for first in range(0, len(addresses), AT_ONCE):
        open_ones = [socket.create_connection((one, port)) for one in addresses[first : first + AT_ONCE]]
        for connection in open_ones:
            connection.sendall(request)
        for connection in open_ones:
            while connection.recv_into(buffer):
                pass
            connection.close()


@contextmanager
def _serving() -> Iterator[int]:
    """All the pods, in a process of their own on another core; their port."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "bench.scraped", str(BODY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            os.sched_setaffinity(process.pid, {max(_CORES)})
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            if process.stdin:
                process.stdin.close()


@contextmanager
def _pinned() -> Iterator[None]:
    """This process on one core."""
    os.sched_setaffinity(0, {min(_CORES)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, _CORES)


_CORES: Final = os.sched_getaffinity(0)


def _spent(work: Callable[[], None]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def _microseconds(work: Callable[[bytes], object]) -> float:
    times = []
    for path in sorted(FOLDER.glob("metrics-*.txt")):
        body = path.read_bytes()
        for _ in range(CALLS):
            started = time.perf_counter_ns()
            work(body)
            times.append(time.perf_counter_ns() - started)
    return median(times) / 1000
