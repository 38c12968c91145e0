"""Requests to the API server: read, list, watch, apply, create, delete. Nothing but HTTP and its errors.

Every call has a deadline. A refusal carries the API server's own sentence, because that sentence names
the field, the quota or the permission.
"""

import contextlib
import math
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
import orjson

from llamafleet.adapters.fence import READS, Fence
from llamafleet.adapters.gate import PATIENCE_SECONDS, Gate
from llamafleet.adapters.refusals import check, check_watch
from llamafleet.adapters.streams import Lost, event_of, lines, whole
from llamafleet.api.names import FIELD_MANAGER
from llamafleet.errors import Unreachable

REQUEST_SECONDS: Final = 30.0
"""The deadline of a request that is no watch and changes nothing."""

WRITE_SECONDS: Final = 15.0
"""The deadline of a write. Kubernetes gives an admission webhook 10 s unless its owner says otherwise."""

APPLY: Final = "application/apply-patch+yaml"
MERGE: Final = "application/merge-patch+json"
JSON: Final = "application/json"

_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\ufffe\uffff]")
"""Characters that JSON takes as they are and YAML does not: the API server makes a space of U+0085, and any
other is refused with the whole apply. They come with the words of others, such as the last line of a log."""

CONNECT_SECONDS: Final = 10.0
"""How long a connection to the API server may take to be made."""

SILENCE_SECONDS: Final = 90.0
"""A watch that says nothing for so long is dead: the API server sends a bookmark about every minute."""


class Transport:
    """One HTTP session to one API server.

    Args:
        session: whoever opened it closes it.
        server: the base address, without a slash at its end.
        fence: asked before each write; None: every write may go.
    """

    def __init__(self, session: aiohttp.ClientSession, server: str, fence: Fence | None = None) -> None:
        """Keep the parts."""
        self._session = session
        self._server = server
        self._gate = Gate()
        self._fence = fence

    async def read(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        seconds: float | None = None,
        accept: str | None = None,
    ) -> bytes | None:
        """The body of a GET, or None when there is no such thing.

        Args:
            path: of an object or a collection.
            query: what else the request says.
            seconds: its deadline, when it is not the usual one.
            accept: the form of the answer, when it is not the whole object.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        headers = {"Accept": accept} if accept else {}
        status, body = await self._send("GET", path, query or {}, headers, seconds=seconds)
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            return None
        check(status, body, f"GET {path}")
        return body

    async def apply(self, path: str, intent: Mapping[str, Any]) -> bytes:
        """Server-side apply of the whole intent under our field manager; the object as it is afterwards.

        Fields that others own are taken over: we only ever apply to objects that are ours, which the uid or
        the version in the intent makes sure of.

        Raises:
            Conflict: the object is not the one that the intent's uid or version names.
            Unavailable: the API server cannot be reached or refuses.
        """
        query = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"}
        status, body = await self._send("PATCH", path, query, {"Content-Type": APPLY}, _yaml(intent))
        check(status, body, f"apply of {path}")
        return body

    async def merge(
        self, path: str, content: Mapping[str, Any], seconds: float | None = None
    ) -> bytes | None:
        """JSON merge patch: every list in the content replaces the whole list of the object.

        Returns:
            The object as it is afterwards; None when there is no such object.

        Raises:
            Conflict: the object is not the one that the content's uid or version names.
            Unavailable: the API server cannot be reached or refuses.
        """
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        kind = {"Content-Type": MERGE}
        status, body = await self._send("PATCH", path, query, kind, orjson.dumps(content), seconds=seconds)
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            return None
        check(status, body, f"merge of {path}")
        return body

    async def create(self, path: str, content: Mapping[str, Any], seconds: float | None = None) -> bytes:
        """Create an object in a collection; the object as it is afterwards.

        Raises:
            Conflict: an object of that name exists.
            Unavailable: the API server cannot be reached or refuses.
        """
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        kind = {"Content-Type": JSON}
        status, body = await self._send("POST", path, query, kind, orjson.dumps(content), seconds=seconds)
        check(status, body, f"create in {path}")
        return body

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        data: bytes | None = None,
        *,
        seconds: float | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of the answer.

        A write that we give up, the API server gives up, too: it must not happen long after we have ended.
        """
        is_write = method not in READS
        what, total = f"{method} {path}", seconds or (WRITE_SECONDS if is_write else REQUEST_SECONDS)
        left = total - await self._gate.passed(what, min(PATIENCE_SECONDS, total / 2))
        try:
            with self._fence.write() if self._fence is not None and is_write else contextlib.nullcontext():
                async with self._session.request(
                    method,
                    self._server + path,
                    params={**query, "timeout": f"{left:.3f}s"} if is_write else query,
                    data=data,
                    headers=headers,
                    timeout=aiohttp.ClientTimeout(total=left, sock_connect=CONNECT_SECONDS),
                ) as response:
                    body = await whole(response.content)
                    self._gate.heed(response.status, response.headers, body, what)
                    return response.status, body
        except (aiohttp.ClientError, OSError) as error:  # a timeout is one of the latter
            message = f"{what}: {type(error).__name__} {error}".rstrip()
            raise Unreachable(message) from error

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch, until the server ends it.

        Raises:
            Lost: it cannot go on from this version: the version is too old, the stream fell silent, or it
                said something that is not an event.
            Unavailable: the stream broke, or the API server refuses for now: the same watch may do later.
        """
        what = f"watch of {path}"
        await self._gate.passed(what, math.inf)
        deadline = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        try:
            async with self._session.get(self._server + path, params=query, timeout=deadline) as response:
                if response.status != 200:  # noqa: PLR2004 - HTTP's own number
                    await self._refused(response, what)
                async for line in lines(response.content):
                    yield event_of(line)
        except (aiohttp.ClientError, OSError) as error:  # a timeout is one of the latter
            message = f"{what}: {type(error).__name__} {error}".rstrip()
            if isinstance(error, aiohttp.SocketTimeoutError):
                raise Lost(message, "silent") from error
            raise Unreachable(message) from error

    async def _refused(self, response: aiohttp.ClientResponse, what: str) -> None:
        """Raise what a watch was refused with."""
        body = await whole(response.content)
        self._gate.heed(response.status, response.headers, body, what)
        check_watch(response.status, body, what)


def _yaml(intent: Mapping[str, Any]) -> bytes:
    """The intent as JSON that is YAML, too: the API server reads every apply as YAML."""
    text = orjson.dumps(intent).decode()
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
