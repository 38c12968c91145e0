"""What comes over a connection to the API server, in bounded memory: bodies, objects, lists, watch events."""

from collections.abc import AsyncIterator
from typing import Any, Final, Literal

import aiohttp
import orjson

from llamafleet.errors import Unavailable

LINE_LIMIT: Final = 16 * 2**20
"""Bytes of one watch event. An object is at most 3 MiB; more without a line end is not the API server."""

BODY_LIMIT: Final = 64 * 2**20
"""Bytes of one answer. The API server takes no object beyond 3 MiB, and of a list we ask for few enough."""

EVENTS: Final = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK"})
EXPIRED: Final = 410

NOT_SO: Final = (AttributeError, KeyError, TypeError, ValueError)
"""What is raised where something is taken for an object and is none, or for JSON."""


class Lost(Unavailable):
    """A watch cannot go on from where it stood: what there is must be listed again.

    Args:
        message: why.
        reason: the same in one word, for the metric of restarts.
    """

    def __init__(self, message: str, reason: Literal["expired", "silent", "failed"] = "failed") -> None:
        """Keep the word beside the sentence."""
        super().__init__(message)
        self.reason = reason


class TooLarge(Unavailable):
    """An answer is larger than we take: ask for less at a time."""


async def whole(stream: aiohttp.StreamReader) -> bytes:
    """A body, to its end.

    Raises:
        TooLarge: it is longer than the limit.
    """
    parts: list[bytes] = []
    size = 0
    async for chunk in stream.iter_any():
        parts.append(chunk)
        size += len(chunk)
        if size > BODY_LIMIT:
            message = f"an answer has more than {BODY_LIMIT} bytes"
            raise TooLarge(message)
    return b"".join(parts)


def object_of(body: bytes) -> dict[str, Any]:
    """An object with metadata that name its version.

    Raises:
        Unavailable: it is none.
    """
    try:
        found: dict[str, Any] = orjson.loads(body)
        int(found["metadata"]["resourceVersion"])
    except NOT_SO as error:
        message = f"an answer that is no object: {body[:200]!r}"
        raise Unavailable(message) from error
    return found


def page_of(body: bytes) -> tuple[int, str, list[Any]]:
    """The version of a list, what to ask for its next page with, and its items.

    Raises:
        Lost: it is no list.
    """
    try:
        page = orjson.loads(body)
        metadata = page["metadata"]
        return int(metadata["resourceVersion"]), metadata.get("continue") or "", list(page["items"] or ())
    except NOT_SO as error:
        message = f"an answer that is no list: {body[:200]!r}"
        raise Lost(message) from error


async def lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines of any length up to the limit; aiohttp's own line reader ends at its buffer's size.

    Raises:
        Lost: a line is longer than the limit.
    """
    parts: list[bytes] = []  # of the line that has begun; joined once, for a long one comes in many chunks
    size = 0
    async for chunk in stream.iter_any():
        head, *others = chunk.split(b"\n")
        parts.append(head)
        size += len(head)
        if size > LINE_LIMIT:
            message = f"a watch event has more than {LINE_LIMIT} bytes"
            raise Lost(message)
        if others:
            yield b"".join(parts)
            for line in others[:-1]:
                yield line
            parts, size = [others[-1]], len(others[-1])


def event_of(line: bytes) -> dict[str, Any]:
    """An event: ``type`` is one of ``EVENTS``; ``object`` has metadata with a version that is a number.

    Raises:
        Lost: it is an ERROR event, or no event at all.
    """
    try:
        event: dict[str, Any] = orjson.loads(line)
        kind, subject = event["type"], event["object"]
        if kind in EVENTS:
            int(subject["metadata"]["resourceVersion"])
            return event
    except NOT_SO as error:
        message = f"a watch said something that is not an event: {line[:200]!r}"
        raise Lost(message) from error
    if kind == "ERROR" and isinstance(subject, dict):
        words = subject.get("message") or line[:200].decode(errors="replace")
        message = f"watch: HTTP {subject.get('code')}: {words}"
        raise Lost(message, "expired" if subject.get("code") == EXPIRED else "failed")
    message = f"a watch said something that is not an event: {line[:200]!r}"
    raise Lost(message)
