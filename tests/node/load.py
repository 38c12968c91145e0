"""A load on a fleet: clients that ask again and again, or so many requests a second, and what became of each.

Half of the requests are streamed, half are not. The prompt counts from 0 on and the servers give it back, so
that a client sees when one token is missing. Everything is bounded: requests, those at once, and their time.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

from node.clients import MODEL, counting

PATIENCE_SECONDS = 200.0
"""For one whole answer; longer than any test lets one wait that still comes."""

MOST_AT_ONCE = 64
MOST = 20_000
"""Requests of one load; a loop that fails at once would otherwise fill the memory."""

TICK_SECONDS = 0.02


@dataclass
class Outcome:
    """What became of one request.

    Attributes:
        streamed: whether it was asked to be.
        begun: when it was sent; this and the others by the monotonic clock.
        first: when the first token came, if it was streamed.
        ended: when it was over, one way or another.
        status: of the response; None when there was none.
        pod: who answered, if the server says so.
        error: what went wrong, in words; empty when every token came.
    """

    streamed: bool
    begun: float
    first: float | None = None
    ended: float | None = None
    status: int | None = None
    pod: str = ""
    error: str = ""

    @property
    def whole(self) -> bool:
        """Whether every token came, and the end that the server marks."""
        return self.ended is not None and not self.error

    def __str__(self) -> str:
        """What a failed test shows of it."""
        kind = "streamed" if self.streamed else "plain"
        return f"{kind}, status {self.status}, of {self.pod or 'nobody'}: {self.error}"


@dataclass
class Load:
    """A load that is under way; a test changes it as it goes.

    Attributes:
        address: of the fleet's Service.
        tokens: how many each request asks for.
        clients: so many ask again as soon as they have their answer.
        rate: so many requests a second come beside these, however long the answers take.
        keep_alive: whether a connection serves for more than one request.
        model: as the fleet is called.
        outcomes: of every request that was sent, in that order.
    """

    address: str
    tokens: int
    clients: int = 0
    rate: float = 0.0
    keep_alive: bool = False
    model: str = MODEL
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def whole(self) -> int:
        """How many requests were answered in full."""
        return sum(one.whole for one in list(self.outcomes))

    @property
    def under_way(self) -> int:
        """How many requests wait or run, as their clients see it."""
        return sum(one.ended is None for one in list(self.outcomes))

    def lost(self) -> list[str]:
        """The requests that failed or were cut, in words."""
        return [str(one) for one in list(self.outcomes) if one.error]


@contextlib.contextmanager
def load_on(address: str, tokens: int, **how: float | str) -> Iterator[Load]:
    """A load for the length of a block; afterwards every request has come to its end.

    Args:
        address: of the fleet's Service.
        tokens: how many each request asks for.
        how: the other attributes of :class:`Load`.
    """
    load = Load(address, tokens, **how)  # type: ignore[arg-type]  # the caller names them
    over = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_drive(load, over)), daemon=True)
    thread.start()
    try:
        yield load
    finally:
        over.set()
        thread.join()


async def _drive(load: Load, over: threading.Event) -> None:
    """Keep the load as large as it should be."""
    connector = aiohttp.TCPConnector(limit=MOST_AT_ONCE, force_close=not load.keep_alive)
    patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    clients: set[asyncio.Task[None]] = set()
    others: set[asyncio.Task[None]] = set()
    due = 0.0
    async with aiohttp.ClientSession(connector=connector, timeout=patience, trust_env=False) as session:
        while not over.is_set() and len(load.outcomes) < MOST:
            clients = {task for task in clients if not task.done()}
            others = {task for task in others if not task.done()}
            missing = max(0, load.clients - len(clients))
            clients |= {asyncio.create_task(_ask(session, load)) for _ in range(missing)}
            due = min(due + load.rate * TICK_SECONDS, MOST_AT_ONCE)
            while due >= 1 and len(others) < MOST_AT_ONCE - load.clients:
                due -= 1
                others.add(asyncio.create_task(_ask(session, load)))
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.gather(*clients, *others)


async def _ask(session: aiohttp.ClientSession, load: Load) -> None:
    streamed = len(load.outcomes) % 2 == 0
    outcome = Outcome(streamed, time.monotonic())
    load.outcomes.append(outcome)
    prompt = counting(load.tokens)
    body = {"model": load.model, "prompt": prompt, "max_tokens": load.tokens, "stream": streamed}
    try:
        async with session.post(f"http://{load.address}/v1/completions", json=body) as answer:
            outcome.status = answer.status
            outcome.pod = answer.headers.get("x-inference-pod", "")
            if answer.status != HTTPStatus.OK:
                outcome.error = (await answer.text())[:200]
                return
            text = await (_streamed(answer, outcome) if streamed else _plain(answer))
        if text.split() != prompt.split():
            outcome.error = f"cut after {len(text.split())} of {load.tokens} tokens"
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        outcome.error = f"{type(error).__name__}: {error}"
    finally:
        outcome.ended = time.monotonic()


async def _plain(answer: aiohttp.ClientResponse) -> str:
    text: str = (await answer.json())["choices"][0]["text"]
    return text


async def _streamed(answer: aiohttp.ClientResponse, outcome: Outcome) -> str:
    """The text, token by token; without the mark of its end it counts for nothing."""
    text = ""
    async for line in answer.content:
        content = line.strip().removeprefix(b"data: ")
        if content == b"[DONE]":
            return text
        if content:
            text += json.loads(content)["choices"][0]["text"]
            outcome.first = outcome.first or time.monotonic()
    return text if not text else f"{text.rsplit(maxsplit=1)[0]} (no end)"
