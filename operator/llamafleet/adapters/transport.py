"""Requests to the API server: read, list, watch, apply, create, delete. Nothing but HTTP and its errors.

Every call has a deadline. A refusal carries the API server's own sentence, because that sentence names
the field, the quota or the permission.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
import orjson

from llamafleet.api.names import FIELD_MANAGER
from llamafleet.errors import Conflict, Ending, Forbidden, Rejected, Unavailable

REQUEST_SECONDS: Final = 30.0
"""The deadline of a request that is not a watch."""

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

LINE_LIMIT: Final = 16 * 2**20
"""Bytes of one watch event. An object is at most 3 MiB; more without a line end is not the API server."""


class Transport:
    """One HTTP session to one API server."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        """Keep the session; whoever opened it closes it."""
        self._session = session
        self._server = server

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
        _check(status, body, f"GET {path}")
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
        _check(status, body, f"apply of {path}")
        return body

    async def merge(self, path: str, content: Mapping[str, Any]) -> bool:
        """JSON merge patch: every list in the content replaces the whole list of the object.

        Returns:
            Whether there is such an object.

        Raises:
            Conflict: the object is not the one that the content's uid names.
            Unavailable: the API server cannot be reached or refuses.
        """
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        status, body = await self._send("PATCH", path, query, {"Content-Type": MERGE}, orjson.dumps(content))
        if status == 404:  # noqa: PLR2004 - HTTP's own number
            return False
        _check(status, body, f"merge of {path}")
        return True

    async def create(self, path: str, content: Mapping[str, Any]) -> None:
        """Create an object in a collection.

        Raises:
            Conflict: an object of that name exists.
            Unavailable: the API server cannot be reached or refuses.
        """
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        status, body = await self._send("POST", path, query, {"Content-Type": JSON}, orjson.dumps(content))
        _check(status, body, f"create in {path}")

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
        deadline = aiohttp.ClientTimeout(total=seconds or REQUEST_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._session.request(
                method, self._server + path, params=query, data=data, headers=headers, timeout=deadline
            ) as response:
                return response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"{method} {path}: {type(error).__name__} {error}".rstrip()
            raise Unavailable(message) from error

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch, until the server ends it.

        Raises:
            Unavailable: the stream broke, fell silent, said something that is not an event, or the version
                to go on from is too old (410).
        """
        deadline = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
        try:
            async with self._session.get(self._server + path, params=query, timeout=deadline) as response:
                if response.status != 200:  # noqa: PLR2004 - HTTP's own number
                    _check(response.status, await response.read(), f"watch of {path}")
                async for line in _lines(response.content):
                    yield _event(line)
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"watch of {path}: {type(error).__name__} {error}".rstrip()
            raise Unavailable(message) from error


def _yaml(intent: Mapping[str, Any]) -> bytes:
    """The intent as JSON that is YAML, too: the API server reads every apply as YAML."""
    text = orjson.dumps(intent).decode()
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines of any length up to the limit; aiohttp's own line reader ends at its buffer's size."""
    rest = b""
    async for chunk in stream.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > LINE_LIMIT:
            message = f"a watch event has more than {LINE_LIMIT} bytes"
            raise Unavailable(message)


def _event(line: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(line)
        kind, subject = event["type"], event["object"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        message = f"a watch said something that is not an event: {line[:200]!r}"
        raise Unavailable(message) from error
    if kind == "ERROR":
        _check(int(subject.get("code") or 500), orjson.dumps(subject), "watch")
    return {"type": kind, "object": subject}


def _check(status: int, body: bytes, what: str) -> None:
    """Turn a refusal into one of our errors."""
    if status in {200, 201, 202}:
        return
    message, causes = _said(body)
    message = f"{what}: HTTP {status}: {message}"
    if "NamespaceTerminating" in causes:
        raise Ending(message)
    match status:
        case 401 | 403:
            error: type[Unavailable] = Forbidden
        case 422:
            error = Rejected
        case 409:
            error = Conflict
        case _:
            error = Unavailable
    raise error(message)


def _said(body: bytes) -> tuple[str, set[str]]:
    """The sentence and the causes of a Status object, or the beginning of whatever came instead."""
    try:
        said = orjson.loads(body)
        causes = (said.get("details") or {}).get("causes") or ()
        return said["message"], {cause.get("reason", "") for cause in causes}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return body[:200].decode(errors="replace"), set()
