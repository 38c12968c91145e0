"""What the wakers hold: asked each second, by the addresses that their own Service shows.

A waker is ours, and yet what it says goes through the network: there is a deadline, a limit of bytes, no
redirect, no proxy and no credential, and what is not plainly a reading is none. No reading is never zero.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import aiohttp
import orjson

from llamafleet.adapters.asking import host, open_session, read
from llamafleet.adapters.exposition import MOST_REQUESTS
from llamafleet.api.names import WAKER_HELD_PATH, WAKER_MANAGEMENT_PORT
from llamafleet.api.observed import Key

SECONDS: Final = 1.0
"""How often the wakers are asked, and how long all of them together may take."""

BODY_BYTES: Final = 2**22
"""A fleet is named by at most 64 + 253 bytes: enough for as many fleets as a waker has ports."""

_FLEET: Final = re.compile(r"([a-z0-9-]{1,63})/([a-z0-9.-]{1,253})", re.ASCII)


class Waker:
    """Asks every waker what it holds.

    Args:
        addresses: gives the addresses of the ready wakers.
        changed: called with the key of a fleet for which requests are held when none were before.
        port: where the wakers answer.
    """

    def __init__(
        self,
        addresses: Callable[[], Iterable[str]],
        changed: Callable[[Key], None],
        port: int = WAKER_MANAGEMENT_PORT,
    ) -> None:
        """Know nothing yet; :meth:`run` asks."""
        self._addresses = addresses
        self._changed = changed
        self._port = port
        self._sums: dict[Key, int] = {}
        self._answered = 0
        self._asked = 0

    def held(self, key: Key) -> int | None:
        """How many requests of a fleet the wakers held at the last look; None when that is not known.

        Where only some of them answered, their sum is what is held at least: enough to wake a fleet, too
        little to say that nothing is held. So a sum of zero counts only when every waker has answered.
        """
        known = self._sums.get(key, 0)
        return known if known or 0 < self._answered == self._asked else None

    async def run(self) -> None:
        """Ask for ever."""
        loop = asyncio.get_running_loop()
        async with open_session("application/json") as session:
            while True:
                began = loop.time()
                await self.look(session)
                await asyncio.sleep(max(0.0, began + SECONDS - loop.time()))

    async def look(self, session: aiohttp.ClientSession) -> None:
        """Ask every waker once."""
        addresses = tuple(self._addresses())
        deadline = asyncio.get_running_loop().time() + SECONDS
        answers = await asyncio.gather(*(self._within(deadline, session, one) for one in addresses))
        readings = [answer for answer in answers if answer is not None]
        before, self._sums = self._sums, _sums(readings)
        self._asked, self._answered = len(addresses), len(readings)
        for key in self._sums:
            if not before.get(key):
                self._changed(key)

    async def _within(
        self, deadline: float, session: aiohttp.ClientSession, address: str
    ) -> Mapping[Key, int] | None:
        try:
            async with asyncio.timeout_at(deadline):
                return parse(await self._read(session, address))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return None

    async def _read(self, session: aiohttp.ClientSession, address: str) -> bytes:
        """The whole body; empty when it is none of ours to read."""
        url = f"http://{host(address)}:{self._port}{WAKER_HELD_PATH}"
        async with session.get(url, allow_redirects=False) as response:
            return await read(response, BODY_BYTES) if response.status == 200 else b""  # noqa: PLR2004


def parse(body: bytes) -> Mapping[Key, int] | None:
    """The counts by fleet; None when a part of the answer is no count or no fleet."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict):
        return None
    found: dict[Key, int] = {}
    for name, count in said.items():
        fleet = _FLEET.fullmatch(name)
        if fleet is None or not _is_count(count):
            return None
        found[Key(fleet[1], fleet[2])] = count
    return found


def _is_count(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_REQUESTS


def _sums(readings: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    """What is held of each fleet; a fleet of which nothing is held is missing."""
    sums: dict[Key, int] = {}
    for reading in readings:
        for key, count in reading.items():
            if count:
                sums[key] = sums.get(key, 0) + count
    return sums
