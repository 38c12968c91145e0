"""The author of the resources: applies, deletes and reads as an admin, under a field manager of its own."""

import asyncio
import contextlib
import copy
import io
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from exploration.mending import Json
from llamafleet.adapters.kinds import Kind
from reach import access_of

MANAGER: Final = "author"
APPLY: Final = "application/apply-patch+yaml"
SECONDS: Final = 60.0

CLOSING_SECONDS: Final = 0.25
"""TLS connections of watches that were cut short end in the background, and nobody tells when. This is what
aiohttp's own page on graceful shutdown waits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server said.

    Attributes:
        status: of HTTP.
        body: the object, or a Status.
    """

    status: int
    body: Json

    @property
    def taken(self) -> bool:
        """Whether it was done."""
        return self.status < 300

    @property
    def message(self) -> str:
        """The sentence of a refusal."""
        return str(self.body.get("message", ""))


class Author:
    """One session to one API server."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        """Keep the session; whoever opened it closes it."""
        self.session = session
        self.server = server

    async def ask(self, method: str, path: str, query: Mapping[str, str], body: Any = None) -> Answer:
        """One request; an apply where it is a PATCH."""
        headers = {"Content-Type": APPLY if method == "PATCH" else "application/json"}
        data = None if body is None else io.BytesIO(orjson.dumps(body))
        deadline = aiohttp.ClientTimeout(total=SECONDS)
        async with self.session.request(
            method, self.server + path, params=query, data=data, headers=headers, timeout=deadline
        ) as response:
            return Answer(response.status, orjson.loads(await response.read()))

    async def apply(self, kind: Kind, raw: Json, *, dry: bool = False) -> Answer:
        """Apply an object as its only author: what it has no more disappears."""
        metadata = raw["metadata"]
        path = kind.path(metadata.get("namespace"), metadata["name"])
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
        return await self.ask("PATCH", path, {**query, **({"dryRun": "All"} if dry else {})}, raw)

    async def create(self, path: str, raw: Json, *, dry: bool = False) -> Answer:
        """Create an object in a collection."""
        return await self.ask(
            "POST", path, {"fieldValidation": "Strict", **({"dryRun": "All"} if dry else {})}, raw
        )

    async def delete(self, kind: Kind, namespace: str | None, name: str) -> Answer:
        """Ask for the deletion of an object."""
        return await self.ask("DELETE", kind.path(namespace, name), {"propagationPolicy": "Background"})


EMPTIED: Final = re.compile(r'(spec\.[A-Za-z.]+) in body must be of type object: "null"')


async def applied(writer: Author, kind: Kind, raw: Json) -> Answer:
    """Apply it; where a map becomes empty, in two steps.

    A server-side apply that takes the last field out of a map and asks for it empty makes a null of it, which
    the schema refuses (reproduced on Kubernetes 1.37.1). Taken out first and put in then, it is empty.
    """
    answer = await writer.apply(kind, raw)
    emptied = EMPTIED.findall(answer.message)
    if answer.taken or not emptied:
        return answer
    without = copy.deepcopy(raw)
    for path in emptied:
        *outer, last = path.split(".")
        holder = without
        for name in outer:
            holder = holder[name]
        holder.pop(last, None)
    first = await writer.apply(kind, without)
    return await writer.apply(kind, raw) if first.taken else first


@contextlib.asynccontextmanager
async def author(kubeconfig: Path) -> AsyncIterator[Author]:
    """A session by this kubeconfig alone: never to a cluster that the environment names."""
    access = await access_of(kubeconfig)
    async with access.open_session() as session:
        yield Author(session, access.server)
    await asyncio.sleep(CLOSING_SECONDS)
