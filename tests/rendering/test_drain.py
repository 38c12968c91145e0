"""The preStop program, run for real against a server that answers as a recorded vLLM did.

The program sets its own pace; nothing here waits for luck.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from llamafleet.planning.drain import Drain
from llamafleet.rendering.probes import pre_stop
from testbed.processes import reserved_port

DATA = Path(__file__).parent / "data"
LOADED = (DATA / "metrics-loaded.txt").read_bytes()
AFTER = (DATA / "metrics-after.txt").read_bytes()
ONLY_WAITING = LOADED.replace(b'running{engine="0",model_name="tiny-llama"} 2.0', b'running{engine="0"} 0.0')
ONLY_RUNNING = LOADED.replace(b'waiting{engine="0",model_name="tiny-llama"} 15.0', b'waiting{engine="0"} 0.0')
SECOND_ENGINE = AFTER + b'vllm:num_requests_running{engine="1",model_name="tiny-llama"} 1.0\n'
TIME_LIMIT = 30
"""Seconds that the program gets where it should end by itself much earlier."""


@dataclass
class Server:
    """Answers in turn; the last one repeats. None is an answer with status 500."""

    answers: Sequence[bytes | None]
    port: int = 0
    asked: list[str] = field(default_factory=list)

    def next_answer(self, path: str) -> bytes | None:
        self.asked.append(path)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@contextmanager
def serving(*answers: bytes | None) -> Iterator[Server]:
    server = Server(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = server.next_answer(self.path)
            self.send_response(500 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def drain(port: int, limit: int) -> float:
    """Run the program without its settling time; how many seconds it took."""
    interpreter, option, program, *numbers = pre_stop(Drain(hook=300, server=60))["exec"]["command"]
    assert (interpreter, option, numbers) == ("python3", "-c", ["8000", "10", "300"])
    started = time.monotonic()
    command = [sys.executable, option, program, str(port), "0", str(limit)]
    ended = subprocess.run(command, capture_output=True, timeout=60, check=True)  # noqa: S603 - a constant of ours
    assert (ended.stdout, ended.stderr) == (b"", b"")
    return time.monotonic() - started


STORIES: dict[str, tuple[bytes | None, ...]] = {
    "nothing runs": (AFTER,),
    "requests run and wait": (LOADED, AFTER),
    "requests only wait": (ONLY_WAITING, AFTER),
    "requests only run": (ONLY_RUNNING, AFTER),
    "the second engine still works": (SECOND_ENGINE, AFTER),
    "the server answers with an error, which says nothing about its queue": (None, AFTER),
    "an answer without any count says nothing either": (b"# HELP nothing\n", AFTER),
}


@pytest.mark.parametrize("answers", STORIES.values(), ids=STORIES.keys())
def test_it_ends_when_three_answers_in_a_row_show_an_empty_queue(answers: tuple[bytes | None, ...]) -> None:
    """A client that keeps its connection open may send the next request right after the last answer."""
    with serving(*answers) as server:
        drain(server.port, TIME_LIMIT)
    assert server.asked == ["/metrics"] * (len(answers) + 2)


def test_a_request_between_two_empty_looks_starts_the_count_anew() -> None:
    with serving(AFTER, AFTER, LOADED, AFTER) as server:
        drain(server.port, TIME_LIMIT)
    assert len(server.asked) == 6


def test_it_ends_at_its_deadline_when_the_queue_never_empties() -> None:
    with serving(LOADED) as server:
        seconds = drain(server.port, limit=2)
    assert seconds >= 2
    assert len(server.asked) in {1, 2, 3}


def test_it_ends_at_once_when_the_server_refuses_connections() -> None:
    with reserved_port() as port:  # bound, and nobody listens
        assert drain(port, TIME_LIMIT) < TIME_LIMIT


def test_it_kills_a_server_that_is_still_starting_and_nobody_else() -> None:
    """A SIGTERM that comes while vLLM loads is lost: the pod would hold its GPUs for all of its grace."""
    with (
        reserved_port() as port,
        standing_in("serve", f"--port={port}") as server,
        standing_in("serve", "--port=1") as other,
        standing_in(f"--port={port}") as no_server,
    ):
        assert drain(port, TIME_LIMIT) < TIME_LIMIT
        assert server.wait(TIME_LIMIT) == -signal.SIGKILL
        assert (other.poll(), no_server.poll()) == (None, None)


def test_a_server_that_answers_is_not_killed() -> None:
    with serving(AFTER) as server, standing_in("serve", f"--port={server.port}") as running:
        drain(server.port, TIME_LIMIT)
        assert running.poll() is None


@contextmanager
def standing_in(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line has these words."""
    command = [sys.executable, "-c", "import time; time.sleep(600)", *words]
    with subprocess.Popen(command) as process:  # noqa: S603 - ours
        try:
            yield process
        finally:
            process.kill()
