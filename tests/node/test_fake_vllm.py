"""The stand-in for vLLM behaves as the real one was recorded: start, queue, drain, timeout, lost signal."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import OK
from pathlib import Path

import pytest

from node.clients import MODEL, Answer, ask, asking
from testbed.processes import reserved_port
from testbed.wait import until

pytestmark = pytest.mark.node  # it stands in for vLLM on the real node, and is timed like what runs there

FAKE = Path(__file__).with_name("fake_vllm.py")
SECONDS = 60.0
QUICK = {"FAKE_VLLM_STARTUP_SECONDS": "0", "FAKE_VLLM_TOKEN_SECONDS": "0.02", "FAKE_VLLM_RUNNING": "2"}
SLOW = {"FAKE_VLLM_TOKEN_SECONDS": "0.2"}
TOKENS = 150  # three seconds: a test on a busy machine has to be in time to see it at work


class Fake:
    """One running stand-in, on a port of its own."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        """Take what was started."""
        self.process = process
        self.port = port

    def get(self, path: str) -> str | None:
        """What it answers; None while nobody listens, and an AssertionError when it is gone."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=SECONDS) as answer:
                assert answer.status == OK
                body: str = answer.read().decode()
                return body
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            assert self.process.poll() is None, f"it has ended: {self.process.communicate()[1]}"
            return None

    def refuses(self) -> bool:
        """Whether nobody listens. This only connects: who asks just as the listener closes is cut off."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS).close()
        except ConnectionRefusedError:
            return True
        return False

    def gauge(self, name: str) -> float:
        """A metric, from a page in vLLM's form."""
        page = self.page()
        prefix = f'vllm:{name}{{engine="0",model_name="fleet"'
        return next(float(line.split()[-1]) for line in page.splitlines() if line.startswith(prefix))

    def page(self) -> str:
        """Its metrics; empty while nobody listens."""
        return self.get("/metrics") or ""

    def end(self) -> None:
        """Send SIGTERM."""
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def running(shutdown_timeout: int = 30, **variables: str) -> Iterator[Fake]:
    with reserved_port() as port:
        flags = [f"--served-model-name={MODEL}", f"--port={port}", f"--shutdown-timeout={shutdown_timeout}"]
        command = [sys.executable, str(FAKE), "serve", "weights", *flags, "--max-model-len=8192"]
        with subprocess.Popen(  # noqa: S603  # the program under test
            command, env={**os.environ, **QUICK, **variables}, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield Fake(process, port)
            finally:
                process.kill()


@contextmanager
def at_work(fake: Fake, clients: int) -> Iterator[list[Answer]]:
    """So many requests of three seconds each, once the server has all of them."""
    until(lambda: fake.get("/health") is not None, SECONDS, "the server")
    with asking("127.0.0.1", clients, TOKENS, port=fake.port) as answers:
        until(lambda: all(one.begun for one in answers), SECONDS, "every request to be taken")
        yield answers


def test_connections_are_refused_until_it_is_ready() -> None:
    with running(FAKE_VLLM_STARTUP_SECONDS="5") as fake:
        assert fake.get("/health") is None
        assert fake.get("/metrics") is None
        assert until(lambda: fake.get("/health") == "", SECONDS, "the server")


def test_requests_beyond_the_running_ones_wait_and_are_counted() -> None:
    with running() as fake, at_work(fake, 5) as answers:
        assert (fake.gauge("num_requests_running"), fake.gauge("num_requests_waiting")) == (2, 3)
        until(lambda: all(one.ended for one in answers), SECONDS, "every answer")
        assert all(one.complete for one in answers)
        assert (fake.gauge("num_requests_running"), fake.gauge("num_requests_waiting")) == (0, 0)
        assert fake.gauge("generation_tokens_total") == 5 * TOKENS
        assert fake.gauge("prompt_tokens_total") == 5 * TOKENS
        assert (
            'request_success_total{engine="0",finished_reason="length",model_name="fleet"} 5.0' in fake.page()
        )


def test_a_client_that_leaves_frees_its_place() -> None:
    with running() as fake, at_work(fake, 1):
        leaving = ask("127.0.0.1", 10 * TOKENS, port=fake.port, patience=0.01)
        assert leaving.error.startswith("TimeoutError")
        aborted = 'request_success_total{engine="0",finished_reason="abort",model_name="fleet"} 1.0'
        until(lambda: aborted in fake.page(), SECONDS, "the server to know that its client has left")
        assert fake.gauge("num_requests_running") == 1, "the place is free"


def test_after_sigterm_what_is_there_completes_and_what_is_new_gets_500() -> None:
    with running() as fake, at_work(fake, 5) as answers:
        fake.end()
        late = until(lambda: refused_answer(fake), SECONDS, "an answer to a new request")
        assert "cannot schedule new futures after shutdown" in late.error
        assert fake.get("/health") == ""
        fake.end()  # a second signal changes nothing
        assert fake.process.wait(SECONDS) == 0
    assert [str(one) for one in answers if not one.complete] == []


def test_an_idle_server_ends_at_once() -> None:
    with running() as fake:
        until(lambda: fake.get("/health") is not None, SECONDS, "the server")
        fake.end()
        assert fake.process.wait(SECONDS) == 0


@pytest.mark.parametrize("timeout", [0, 1], ids=["without a timeout", "after the timeout"])
def test_what_is_not_finished_hangs_until_the_client_leaves(timeout: int) -> None:
    with running(timeout, **SLOW) as fake, at_work(fake, 1) as answers:
        start = time.monotonic()
        fake.end()
        until(fake.refuses, SECONDS, "the listener to close")
        assert time.monotonic() - start >= timeout
        got = len(answers[0].arrivals)
        assert fake.process.poll() is None, "it waits for its client"
        assert answers[0].ended is None
        assert len(answers[0].arrivals) == got < TOKENS
        fake.process.kill()


def test_the_signal_is_lost_during_the_start_and_counts_later() -> None:
    with running(FAKE_VLLM_STARTUP_SECONDS="5") as fake:
        assert fake.process.stderr
        assert "Starting to load model" in fake.process.stderr.readline()
        fake.end()
        until(lambda: fake.get("/health") == "", SECONDS, "the server to be ready all the same")
        fake.end()
        assert fake.process.wait(SECONDS) == 0


def refused_answer(fake: Fake) -> Answer | None:
    answer = ask("127.0.0.1", 1, port=fake.port)
    return answer if answer.status == 500 else None
