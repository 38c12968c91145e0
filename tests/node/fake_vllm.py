"""A stand-in for ``vllm serve`` that comes up, answers and goes down as vLLM 0.32.0 was recorded to.

It has no model: an answer is the numbers from 0 on, one per token, so that a client sees when one is missing.
What was recorded and is the same here: connections are refused until the server is ready; requests beyond
``--max-num-seqs`` wait; SIGTERM during start-up is lost; after SIGTERM running and waiting requests complete
and new ones get 500; after ``--shutdown-timeout`` the listener closes, what is unfinished hangs, and the
process ends with code 0 when its clients have left. Not the same: the teardown after the last request takes
one second where vLLM takes eight, so that tests are shorter; of the two outcomes of a timeout of 0 only the
usual one occurs; and SIGTERM is lost from the first moment, as it is for process 1 of a container.

The simulator llm-d-inference-sim, over ``vllm_sim.py``, makes the load of the other tests. It cannot stand in
here: it ends at once when SIGTERM comes during start-up, and knows no ``--shutdown-timeout``.

This file runs inside a container and must import nothing but the standard library. Environment:

    FAKE_VLLM_STARTUP_SECONDS   from the first process to the first answer
    FAKE_VLLM_TOKEN_SECONDS     between two tokens of one answer
    FAKE_VLLM_RUNNING           requests that run at once: ``--max-num-seqs``, which our operator does not set
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

STARTUP_SECONDS = float(os.environ.get("FAKE_VLLM_STARTUP_SECONDS", "1"))
TOKEN_SECONDS = float(os.environ.get("FAKE_VLLM_TOKEN_SECONDS", "0.05"))
RUNNING = int(os.environ.get("FAKE_VLLM_RUNNING", "2"))
TEARDOWN_SECONDS = 1.0
KV_USAGE = 0.00354  # of the cache per running request: two of them were recorded to use 0.7 %
PAGE = (b"text/plain; version=1.0.0; charset=utf-8", b"application/json", b"text/event-stream; charset=utf-8")
REASONS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 500: b"Internal Server Error"}


class Refused(Exception):
    """A request that is answered with an error: the status, and vLLM's words."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        """Write the body in vLLM's form."""
        super().__init__(message)
        self.status = status
        error = {"message": message, "type": kind, "param": None, "code": status}
        self.body = json.dumps({"error": error}).encode()


@dataclass
class Engine:
    """What generates tokens: so many requests at once, the others in the order in which they came."""

    running: int = 0
    waiting: deque[asyncio.Event] = field(default_factory=deque)
    prompt_tokens: int = 0
    generated_tokens: int = 0
    finished: "Counter[str]" = field(default_factory=Counter)
    draining: bool = False
    dead: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a free place, and hold it."""
        mine = asyncio.Event()
        self.waiting.append(mine)
        self._admit()
        try:
            await mine.wait()
            yield
        except asyncio.CancelledError:  # its client has left
            self.finished["abort"] += 1
            raise
        finally:
            if mine.is_set():
                self.running -= 1
            else:
                self.waiting.remove(mine)
            self._admit()

    def _admit(self) -> None:
        while self.waiting and self.running < RUNNING:
            self.waiting.popleft().set()
            self.running += 1
        if self.running or self.waiting:
            self.idle.clear()
        else:
            self.idle.set()

    async def tokens(self, count: int) -> AsyncIterator[str]:
        """The answer, token by token; none comes any more once the engine was killed."""
        for number in range(count):
            await asyncio.sleep(TOKEN_SECONDS)
            if self.dead:
                await asyncio.Event().wait()
            self.generated_tokens += 1
            yield f" {number}"
        self.finished["length"] += 1

    def metrics(self, model: str) -> bytes:
        """The page of ``/metrics``, as far as anybody here reads it; names and labels are as recorded."""
        mine = {"engine": "0", "model_name": model}
        samples: list[tuple[str, dict[str, str], float]] = [
            ("num_requests_running", mine, self.running),
            ("num_requests_waiting", mine, len(self.waiting)),
            ("num_requests_waiting_by_reason", mine | {"reason": "capacity"}, len(self.waiting)),
            ("num_requests_waiting_by_reason", mine | {"reason": "deferred"}, 0),
            ("kv_cache_usage_perc", mine, self.running * KV_USAGE),
            ("num_preemptions_total", mine, 0),
            ("prompt_tokens_total", mine, self.prompt_tokens),
            ("generation_tokens_total", mine, self.generated_tokens),
            *(
                ("request_success_total", mine | {"finished_reason": reason}, self.finished[reason])
                for reason in ("stop", "length", "abort", "error", "repetition")
            ),
            *(
                ("admission_rejections_total", {"model_name": model, "reason": reason}, 0)
                for reason in ("max_num_queued_reqs", "max_num_queued_tokens")
            ),
        ]
        return "".join(_sample(*sample) for sample in samples).encode()


def _sample(name: str, labels: dict[str, str], count: float) -> str:
    """One line of the page, as vLLM writes it: labels by their names, every number with a point."""
    said = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"vllm:{name}{{{said}}} {float(count)!r}\n"


@dataclass
class Server:
    """Speaks HTTP/1.1, as much of it as clients, probes and the preStop hook need."""

    model: str
    engine: Engine = field(default_factory=Engine)
    busy: set[asyncio.StreamWriter] = field(default_factory=set)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until either side ends it."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not self.engine.dead:
                method, path, body = await _request(reader)
                self.busy.add(writer)
                answer = asyncio.create_task(self._answer(method, path, body, writer))
                left = asyncio.create_task(reader.read(1))
                await asyncio.wait({answer, left}, return_when=asyncio.FIRST_COMPLETED)
                gone = left.done()
                for task in (answer, left):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                self.busy.discard(writer)
                if gone:
                    break
        self.busy.discard(writer)
        writer.close()

    async def _answer(self, method: str, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            if (method, path) == ("GET", "/health"):
                _send(writer, 200, PAGE[1], b"")
            elif (method, path) == ("GET", "/metrics"):
                _send(writer, 200, PAGE[0], self.engine.metrics(self.model))
            elif method == "POST" and path in {"/v1/completions", "/v1/chat/completions"}:
                await self._complete(json.loads(body), writer)
            else:
                _send(writer, 404, PAGE[1], b'{"detail":"Not Found"}')
        except Refused as refusal:
            _send(writer, refusal.status, PAGE[1], refusal.body)
        await writer.drain()

    async def _complete(self, asked: dict[str, object], writer: asyncio.StreamWriter) -> None:
        if asked.get("model", self.model) != self.model:
            message = f"The model `{asked['model']}` does not exist. Valid aliases: {self.model}."
            raise Refused(404, "NotFoundError", message)
        count = int(str(asked.get("max_tokens", 16)))
        if self.engine.draining:
            raise Refused(500, "InternalServerError", "cannot schedule new futures after shutdown")
        if asked.get("stream"):
            # The head comes at once, while the request may still wait for its turn.
            writer.write(_head(200, PAGE[2], b"Transfer-Encoding: chunked"))
        name = f"cmpl-{next(self.numbers)}"
        words = []
        async with self.engine.turn():
            self.engine.prompt_tokens += len(str(asked.get("prompt", "")).split())
            async for word in self.engine.tokens(count):
                words.append(word)
                if asked.get("stream"):
                    _chunk(writer, f"data: {self._piece(name, word, None)}\n\n")
                    await writer.drain()
        if asked.get("stream"):
            _chunk(writer, f"data: {self._piece(name, '', 'length')}\n\n")
            _chunk(writer, "data: [DONE]\n\n")
            _chunk(writer, "")
        else:
            _send(writer, 200, PAGE[1], self._piece(name, "".join(words), "length").encode())

    def _piece(self, name: str, text: str, reason: str | None) -> str:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
        return json.dumps({"id": name, "object": "text_completion", "model": self.model, "choices": [choice]})


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    length = next(
        (
            int(line.partition(":")[2])
            for line in head.splitlines()
            if line.lower().startswith("content-length:")
        ),
        0,
    )
    return method, path, await reader.readexactly(length)


def _head(status: int, kind: bytes, *more: bytes) -> bytes:
    first = b"HTTP/1.1 %d %s" % (status, REASONS[status])
    return b"\r\n".join([first, b"Content-Type: " + kind, *more, b"", b""])


def _send(writer: asyncio.StreamWriter, status: int, kind: bytes, body: bytes) -> None:
    writer.write(_head(status, kind, b"Content-Length: %d" % len(body)) + body)


def _chunk(writer: asyncio.StreamWriter, text: str) -> None:
    data = text.encode()
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


async def serve(server: Server, port: int, shutdown_seconds: float) -> None:
    """Serve until SIGTERM, then go down as recorded."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    listener = await asyncio.start_server(server.connection, "0.0.0.0", port)  # noqa: S104  # as vLLM does
    server.engine.idle.set()
    say("Application startup complete.")
    await told.wait()
    mode = "drain" if shutdown_seconds else "abort"
    say("[shutdown] API server: shutdown triggered")
    say(f"stopping engine client mode={mode} timeout={shutdown_seconds:g}s")
    server.engine.draining = True
    try:
        await asyncio.wait_for(server.engine.idle.wait(), shutdown_seconds or 1e-3)
        await asyncio.sleep(TEARDOWN_SECONDS)
    except TimeoutError:
        say("[shutdown] Process manager: force killing remaining process EngineCore")
    server.engine.dead = True
    listener.close()
    say("Waiting for connections to close.")
    while server.busy:
        await asyncio.sleep(0.05)
    say("Application shutdown complete.")


def load() -> None:
    """Start up: nobody listens, and the signal to end is swallowed, as it is by vLLM's handshake."""
    signal.signal(signal.SIGTERM, lambda *_: say("Got Keyboard Interrupt."))
    say("Starting to load model")
    time.sleep(STARTUP_SECONDS)  # goes on after a signal


def say(text: str) -> None:
    """A line of the log; not by print, which refuses a signal's line in the middle of another one."""
    os.write(sys.stderr.fileno(), f"INFO {text}\n".encode())


def main() -> int:
    """Serve as the command line says; flags that only a model needs are taken and forgotten."""
    parser = argparse.ArgumentParser(prog="vllm", allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--served-model-name", default="fake")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--shutdown-timeout", type=float, default=0)
    options, _ = parser.parse_known_args()
    load()
    asyncio.run(serve(Server(options.served_model_name), options.port, options.shutdown_timeout))
    return 0


if __name__ == "__main__":
    sys.exit(main())
