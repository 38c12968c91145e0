"""Clients of a fleet: each asks for a streamed answer through the Service and notes what became of it."""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PATIENCE_SECONDS = 200.0
"""How long a client waits for the next token; longer than any test lets one wait that still comes."""

MODEL = "fleet"
"""What a fleet of these tests is called, and so its model, unless there are several."""

JSON = {"Content-Type": "application/json"}


@dataclass
class Answer:
    """What one client has got so far.

    Attributes:
        wanted: how many tokens it asked for.
        arrivals: when each token came, by the monotonic clock.
        status: of the response; None before there is one.
        refused: nobody took the connection, so nothing was lost.
        error: what went wrong after that, in words.
        ended: when it was over, one way or another.
    """

    wanted: int
    arrivals: list[float] = field(default_factory=list)
    text: str = ""
    status: int | None = None
    refused: bool = False
    error: str = ""
    done: bool = False
    ended: float | None = None

    @property
    def complete(self) -> bool:
        """Whether every token came, and the end that the server marks."""
        return self.done and self.text.split() == counting(self.wanted).split()

    @property
    def begun(self) -> bool:
        """Whether the server has taken the request: it runs, or waits for its turn."""
        return self.status == http.client.OK

    def __str__(self) -> str:
        """What a failed test shows of it."""
        return (
            f"{len(self.arrivals)} of {self.wanted} tokens, status {self.status}, "
            f"{'refused, ' * self.refused}{self.error or 'no error'}"
        )


def counting(tokens: int) -> str:
    """A prompt of so many tokens. Both servers answer with it, so that a client sees when one is missing."""
    return " ".join(map(str, range(tokens)))


def ask(
    address: str,
    tokens: int,
    *,
    port: int = 80,
    patience: float = PATIENCE_SECONDS,
    model: str = MODEL,
    answer: Answer | None = None,
) -> Answer:
    """Ask for a streamed answer of so many tokens on a connection of its own, and read it to its end."""
    answer = answer or Answer(tokens)
    connection = http.client.HTTPConnection(address, port, timeout=patience)
    try:
        try:
            connection.connect()
        except ConnectionRefusedError:
            answer.refused = True
            return answer
        asked = {"model": model, "prompt": counting(tokens), "max_tokens": tokens, "stream": True}
        connection.request("POST", "/v1/completions", json.dumps(asked), JSON)
        _read(connection.getresponse(), answer)
    except (OSError, http.client.HTTPException) as error:
        answer.error = f"{type(error).__name__}: {error}"
    finally:
        answer.ended = time.monotonic()
        connection.close()
    return answer


def _read(response: http.client.HTTPResponse, answer: Answer) -> None:
    answer.status = response.status
    if not answer.begun:
        answer.error = response.read().decode()
        return
    for line in response:
        content = line.strip().removeprefix(b"data: ")
        if content == b"[DONE]":
            answer.done = True
        elif content:
            (choice,) = json.loads(content)["choices"]
            if choice["text"]:
                answer.text += choice["text"]
                answer.arrivals.append(time.monotonic())


@contextlib.contextmanager
def asking(address: str, clients: int, tokens: int, *, port: int = 80) -> Iterator[list[Answer]]:
    """So many clients with one request each, at the same time; afterwards each has come to its end."""
    answers = [Answer(tokens) for _ in range(clients)]
    with _threads(clients, lambda number: ask(address, tokens, port=port, answer=answers[number])):
        yield answers


@contextlib.contextmanager
def asking_on(address: str, clients: int, tokens: int) -> Iterator[list[Answer]]:
    """So many clients who ask again as soon as they have their answer, until the block ends."""
    answers: list[Answer] = []
    over = threading.Event()

    def client(_number: int) -> None:
        while not over.is_set():
            answers.append(ask(address, tokens))

    with _threads(clients, client):
        try:
            yield answers
        finally:
            over.set()


@contextlib.contextmanager
def _threads(count: int, work: Callable[[int], object]) -> Iterator[None]:
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()
