"""What fake pods answer when they are asked for their metrics, well or badly, each as the test has it.

One server for all of their addresses, in a network of the tests' own.
"""

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from cluster.podserver import metrics
from llamafleet.api.names import SERVING_PORT
from testbed import network

BUSY: Final = metrics(250, 900).encode()
IDLE: Final = metrics(0).encode()

SLOW_SECONDS: Final = 6.0
"""Longer than the deadline of one look at all pods, which is 4 s."""

Answer = Callable[["Handler"], None]


def saying(body: bytes, kind: str = "text/plain; version=0.0.4", status: int = 200) -> Answer:
    """An answer with this body."""

    def answer(handler: "Handler") -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def _slowly(handler: "Handler") -> None:
    """The whole truth, too late."""
    handler.leaving.wait(SLOW_SECONDS)
    saying(BUSY)(handler)


def _elsewhere(handler: "Handler") -> None:
    """Go and ask there: whoever follows finds an idle server, and an address that nobody should ask."""
    handler.send_response(302)
    handler.send_header("Location", f"http://{handler.connection.getsockname()[0]}:{SERVING_PORT}/idle")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _with(series: str, value: str) -> bytes:
    """Idle, but for one series, whose every sample has this value."""
    lines = IDLE.decode().splitlines(keepends=True)
    changed = (
        f"{line.rpartition(' ')[0]} {value}\n" if line.startswith(f"{series}{{") else line for line in lines
    )
    return "".join(changed).encode()


def _without(series: str) -> bytes:
    return b"".join(line for line in IDLE.splitlines(keepends=True) if series.encode() not in line)


WAITING: Final = "vllm:num_requests_waiting"

BAD: Final[Mapping[str, Answer]] = {
    "missing": saying(b"not found\n", status=404),
    "failing": saying(IDLE, status=500),
    "empty": saying(b""),
    "partial": saying(_without(WAITING)),
    "cut": saying(IDLE[: len(IDLE) // 2]),
    "nan": saying(_with(WAITING, "NaN")),
    "infinite": saying(_with(WAITING, "+Inf")),
    "negative": saying(_with(WAITING, "-1")),
    "absurd": saying(_with(WAITING, "1e300")),
    "huge": saying(b"# filler\n" * (10 * 2**20 // 9) + IDLE),
    "slow": _slowly,
    "redirect": _elsewhere,
    "html": saying(b"<!doctype html><p>Sign in</p>\n", "text/html"),
    "json": saying(b'{"vllm:num_requests_waiting": 0, "vllm:num_requests_running": 0}\n', "application/json"),
}
"""Each would say that the fleet is idle, if anybody believed it."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the pod at this address does now."""

    server: "Pods"

    @property
    def leaving(self) -> threading.Event:
        """Set at the end of the test."""
        return self.server.leaving

    def do_GET(self) -> None:
        address = self.connection.getsockname()[0]
        if self.path != "/metrics":
            saying(IDLE)(self)
            return
        with contextlib.suppress(ConnectionError):
            self.server.answers.get(address, self.server.usual)(self)
        self.server.asked[address] += 1

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Pods(ThreadingHTTPServer):
    """Every pod of the network.

    Attributes:
        usual: what a pod answers of which nothing else is known.
        answers: what others answer, by address.
        asked: how often each was asked, by address.
    """

    request_queue_size = 128

    def __init__(self) -> None:
        """Listen on every address."""
        super().__init__(("0.0.0.0", SERVING_PORT), Handler)  # noqa: S104 - a network without anybody else
        self.usual = saying(BUSY)
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.leaving = threading.Event()


@contextlib.contextmanager
def answering_pods() -> Iterator[Pods]:
    """The pods answer, for the length of a block."""
    if not network.is_private():
        why = "fake pods have addresses only in a network of the tests' own: python -m testbed network"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    server = Pods()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.leaving.set()
        server.shutdown()
        server.server_close()
        thread.join()
