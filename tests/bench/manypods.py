"""What a pod costs: the processor time of one event, and the memory in which it is held."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from testbed import pki


@dataclass(frozen=True, slots=True)
class PodCosts:
    """What pods cost an operator that sees all of them.

    Attributes:
        pods: how many it held.
        event_microseconds: processor time of one event, from the socket to the queue.
        bytes_each: resident memory for each pod.
        before_mib: resident memory of the process before it has seen any, MiB.
        resident_mib: resident memory of the process with all of them, MiB.
        peak_mib: the most that it ever had, MiB.
        sent_bytes: a pod as the API server sends it.
    """

    pods: int
    event_microseconds: float
    bytes_each: float
    before_mib: float
    resident_mib: float
    peak_mib: float
    sent_bytes: int


def measure(template: dict[str, Any], pods: int, events: int) -> PodCosts:
    """Hold copies of a pod, and hear of changes to them.

    Args:
        template: a pod as the API server sends it.
        pods: how many copies.
        events: how many changes.
    """
    with tempfile.TemporaryDirectory(prefix="bench-pods-") as name:
        folder = Path(name)
        authority = pki.Authority(datetime.now(UTC))
        authority.server().write(folder, "server")
        (folder / "ca.crt").write_bytes(authority.certificate)
        (folder / "pod.json").write_bytes(orjson.dumps(template))
        with _server(folder, pods, events) as port:
            command = [sys.executable, "-m", "bench.podholder", port, str(folder / "ca.crt")]
            command += [str(pods), str(events)]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - ours
    found = orjson.loads(answer.stdout)
    return PodCosts(
        pods=int(found["held"]),
        event_microseconds=found["event_us"],
        bytes_each=found["each_bytes"],
        before_mib=found["before_mib"],
        resident_mib=found["full_mib"],
        peak_mib=found["peak_mib"],
        sent_bytes=len(orjson.dumps(template)),
    )


@contextmanager
def _server(folder: Path, pods: int, events: int) -> Iterator[str]:
    """The port of a server with these pods, for the length of a block."""
    command = [sys.executable, "-m", "bench.podserver", str(folder / "pod.json"), str(pods), str(events)]
    with subprocess.Popen([*command, str(folder)], stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - ours
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
