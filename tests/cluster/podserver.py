"""What fake pods answer over HTTP: one server for all of their addresses, in a network of the tests' own."""

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from builders import ROOT
from testbed import network

IDLE = (ROOT / "tests" / "adapters" / "data" / "metrics-after.txt").read_text()
"""What a real vLLM said after its last request."""

_COUNT = r"(vllm:num_requests_{}\{{[^\n]*\}}) [0-9.e+]+"

Answer = Callable[[str, str], str | None]
"""From the address and the path that was asked to a body; None is 404."""


class _Server(ThreadingHTTPServer):
    """Has room for a whole fleet to be asked at once: who is turned away comes again after a second."""

    request_queue_size = 128


@contextlib.contextmanager
def answering(port: int, answer: Answer) -> Iterator[None]:
    """Serve that port of every address of this network, for the length of a block."""
    if not network.is_private():
        why = "fake pods have addresses only in a network of the tests' own: python -m testbed network"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = answer(self.connection.getsockname()[0], self.path)
            body = (said or "").encode()
            self.send_response(404 if said is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = _Server(("0.0.0.0", port), Handler)  # noqa: S104 - a network without anybody else
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def metrics(running: int, waiting: int = 0) -> str:
    """What a vLLM with that many requests says of itself."""
    with_running = re.sub(_COUNT.format("running"), rf"\1 {running}.0", IDLE)
    return re.sub(_COUNT.format("waiting"), rf"\1 {waiting}.0", with_running)
