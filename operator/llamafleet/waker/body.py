"""The body of one request: streamed to a replica that is ready, or kept until one is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import aiohttp
from aiohttp import HttpVersion11, hdrs, web

from llamafleet.api.observed import Key
from llamafleet.waker import refusals
from llamafleet.waker.book import Book, Room
from llamafleet.waker.settings import Settings

ARRIVAL_SECONDS: Final = 60.0
"""How long a body that is to be held may take to arrive: as nginx waits for a client's next bytes by default
(client_body_timeout), and a prompt is sent at once."""


class Body:
    """The body of one request."""

    def __init__(self, request: web.BaseRequest) -> None:
        """Nothing was read yet."""
        self._request = request
        self._chunks: list[bytes] | None = None
        self._forgotten: Callable[[], None] = lambda: None

    @property
    def is_kept(self) -> bool:
        """Whether it was read to its end, and is kept."""
        return self._chunks is not None

    @property
    def exists(self) -> bool:
        """Whether the request has a body at all."""
        return self._request.body_exists

    @property
    def length(self) -> int | None:
        """Its bytes as the next server is told; None: not known before the end."""
        return self._request.content_length if self._chunks is None else sum(map(len, self._chunks))

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it; only what was kept can be read again."""
        if self._chunks is not None:
            for chunk in self._chunks:
                yield chunk
            return
        await self._ask_for_it()
        async for chunk in self._request.content.iter_any():
            yield chunk

    async def keep(self, book: Book, room: Room, fleet: Key, settings: Settings) -> None:
        """Read it to its end, within the bounds; what is kept already is not counted again.

        Raises:
            Refused: it is too large, it is too slow, or there is no room for it.
        """
        if self.is_kept:
            return
        most = settings.max_body_bytes
        if (self._request.content_length or 0) > most:
            raise refusals.too_large(most)
        kept: list[bytes] = []
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS) as patience:
                async for chunk in self.chunks():
                    kept.append(chunk)
                    if room.taken + len(chunk) > most:
                        raise refusals.too_large(most)
                    if not book.take(room, len(chunk)):
                        raise refusals.full(fleet, book.retry_seconds(fleet, None))
        except TimeoutError:
            if patience.expired():
                raise refusals.too_slow(ARRIVAL_SECONDS) from None
            raise
        except (web.RequestPayloadError, aiohttp.ClientPayloadError) as error:
            raise refusals.bad_body() from error
        self._chunks = kept
        self._forgotten = lambda: book.give_back(room)

    def forget(self) -> None:
        """It was sent: its answer may take minutes, in which others need the room."""
        if self.is_kept:
            self._chunks = []
            self._forgotten()

    async def _ask_for_it(self) -> None:
        """Answer ``Expect: 100-continue``, without which a client may not send its body."""
        expected = self._request.headers.get(hdrs.EXPECT, "").lower()
        if expected == "100-continue" and self._request.version >= HttpVersion11:
            await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._request.writer.output_size = 0  # the answer itself has not begun
