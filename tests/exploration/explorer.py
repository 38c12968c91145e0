"""Many walks at once on one cluster with one operator, and what came of them."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from exploration.author import Author, author
from exploration.mirror import Mirror
from exploration.place import Fault, Place, Record
from exploration.resources import STANDING
from exploration.walker import Walker
from exploration.walks import Walk
from exploration.writes import Writes
from llamafleet.adapters.kinds import GPU_POOL

PODS_PER_NAMESPACE: Final = "4"
"""A replica count of a thousand is a legal wish; the pods of it would occupy two cores for an hour."""

Numbered = tuple[int, Walk]


@dataclass(frozen=True, slots=True)
class Failure:
    """A walk that went wrong.

    Attributes:
        number: of the walk.
        walk: the walk.
        text: what went wrong.
    """

    number: int
    walk: Walk
    text: str


@dataclass
class Report:
    """What came of an exploration.

    Attributes:
        record: what was seen.
        failures: what went wrong.
        took: seconds in all.
    """

    record: Record = field(default_factory=Record)
    failures: list[Failure] = field(default_factory=list)
    took: float = 0.0

    def __str__(self) -> str:
        """In one paragraph."""
        seconds, record = sorted(self.record.seconds) or [0.0], self.record
        steps = len(record.seconds) + record.refused
        high, middle = seconds[int(len(seconds) * 0.99)], statistics.median(seconds)
        return (
            f"{steps} steps in {self.took:.0f} s ({steps / max(self.took, 0.001):.1f}/s); converged after "
            f"{middle:.2f} s (median), {high:.2f} s (p99), {seconds[-1]:.2f} s (most); "
            f"{record.unplanned} refused by the planner, {record.refused} by the API server; "
            f"{record.returns} returns to A compared ({record.slept} after a sleep), "
            f"{record.not_compared} not; {record.quiet} fleets quiet, {record.restless} restless; "
            f"{len(self.failures)} failures"
        )


class Explorer:
    """An exploration of one cluster.

    Args:
        kubeconfig: an admin's.
        audit_log: of the API server.
        deadline: seconds that a step may take to converge.
        lanes: how many walks are walked at a time, each in a namespace of its own.
    """

    def __init__(self, kubeconfig: Path, audit_log: Path, *, deadline: float, lanes: int) -> None:
        """Nothing is contacted yet."""
        self._kubeconfig = kubeconfig
        self._audit_log = audit_log
        self._deadline = deadline
        self._lanes = lanes

    async def explore(self, walks: Callable[[], Iterator[Numbered]], most_failures: int = 3) -> Report:
        """Walk them all; stop when so many have failed."""
        report, started, source = Report(), time.monotonic(), walks()
        async with author(self._kubeconfig) as writer:
            await _prepare(writer, self._lanes)
            mirror, log = Mirror(writer), Writes(self._audit_log)
            await mirror.fill()
            following = asyncio.create_task(mirror.run())
            places = [
                Place(writer, mirror, log, f"lane-{lane}", self._deadline, report.record)
                for lane in range(self._lanes)
            ]
            try:
                async with asyncio.TaskGroup() as lanes:
                    for place in places:
                        lanes.create_task(_lane(place, source, report, most_failures))
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        report.took = time.monotonic() - started
        return report


async def _lane(place: Place, source: Iterator[Numbered], report: Report, most_failures: int) -> None:
    """Take walks from the common source, one after the other."""
    while len(report.failures) < most_failures:
        numbered = next(source, None)
        if numbered is None:
            return
        number, walk = numbered
        try:
            await Walker(walk, place).go()
        except Fault as fault:
            report.failures.append(Failure(number, walk, str(fault)))


async def _prepare(writer: Author, lanes: int) -> None:
    """The namespaces, with a limit to their pods, and the pools that always exist."""
    for lane in range(lanes):
        name = f"lane-{lane}"
        await writer.create("/api/v1/namespaces", {"metadata": {"name": name}})
        quota = {"metadata": {"name": "pods"}, "spec": {"hard": {"pods": PODS_PER_NAMESPACE}}}
        await writer.create(f"/api/v1/namespaces/{name}/resourcequotas", quota)
    for pool in STANDING:
        await writer.apply(GPU_POOL, pool)


def numbered(walk: Callable[[int], Walk], steps: int) -> Iterator[Numbered]:
    """Walks by their numbers, until they have so many steps together."""
    done = 0
    for number in itertools.count():
        if done >= steps:
            return
        found = walk(number)
        done += len(found.steps)
        yield number, found
