"""The bare client: the product's own transport with an admin's rights, and nothing between.

Its time is the floor: no operator can be quicker than the requests that it cannot do without.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from bench.fleet import Written, owned
from llamafleet.adapters.kinds import CHILD_BY_NAME, LLAMA_DEPLOYMENT, Kind
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from llamafleet.reconcile.queue import WORKERS
from reach import access_of

IN_FLIGHT: Final = WORKERS
"""Resources that are worked on at the same time: as many as the operator has workers."""

Events = AsyncIterator[dict[str, Any]]


@contextlib.asynccontextmanager
async def connected(kubeconfig: Path) -> AsyncIterator[Transport]:
    """A transport of its own, by this kubeconfig alone: never to a cluster that the environment names."""
    access = await access_of(kubeconfig)
    async with access.open_session() as session:
        yield Transport(session, access.server)


async def in_flight(work: Sequence[Coroutine[Any, Any, Any]]) -> None:
    """Do all of it, a few at a time."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(item: Coroutine[Any, Any, Any]) -> None:
        async with gate:
            await item

    await asyncio.gather(*map(one, work))


async def create(transport: Transport, raw: dict[str, Any]) -> str:
    """Apply one LlamaDeployment; its uid."""
    body = await transport.apply(LLAMA_DEPLOYMENT.path(*_key(raw)), raw)
    return str(orjson.loads(body)["metadata"]["uid"])


async def apply_child(transport: Transport, intent: dict[str, Any]) -> None:
    """Apply one child, by its kind."""
    await transport.apply(CHILD_BY_NAME[intent["kind"]].path(*_key(intent)), intent)


async def write(transport: Transport, raw: dict[str, Any], expected: Written) -> str:
    """Create one resource and write all that an operator would write for it, in seven requests; its uid."""
    uid = await create(transport, raw)
    for child in expected.children:
        await apply_child(transport, owned(child, uid))
    intent = {**{key: raw[key] for key in ("apiVersion", "kind", "metadata")}, "status": expected.status}
    await transport.apply(f"{LLAMA_DEPLOYMENT.path(*_key(raw))}/status", intent)
    return uid


async def items(transport: Transport, kind: Kind) -> list[dict[str, Any]]:
    """Every object of a kind."""
    found: list[dict[str, Any]] = orjson.loads(await transport.read(kind.path()) or b"{}")["items"]
    return found


async def events(transport: Transport, kind: Kind) -> Events:
    """A watch on a kind that misses nothing from now on, even when it is read later."""
    body = await transport.read(kind.path(), {"limit": "1"})
    return _from(transport, kind.path(), orjson.loads(body or b"{}")["metadata"]["resourceVersion"])


async def first(stream: Events, holds: Callable[[dict[str, Any]], bool]) -> None:
    """Read a watch until it shows an object for which this holds."""
    async for event in stream:
        if holds(event["object"]):
            return


async def _from(transport: Transport, path: str, version: str) -> Events:
    """Events without end: a busy API server ends the watch of whoever does not read for a while."""
    while True:
        async for event in transport.watch(path, {"watch": "1", "resourceVersion": version}):
            version = event["object"]["metadata"]["resourceVersion"]
            yield event


def _key(raw: dict[str, Any]) -> Key:
    return Key(raw["metadata"]["namespace"], raw["metadata"]["name"])
