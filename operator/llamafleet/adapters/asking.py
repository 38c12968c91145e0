"""Asking processes of the cluster over plain HTTP: what nobody of them may do to us."""

from typing import Final

import aiohttp

CONNECT_SECONDS: Final = 1.5
"""The deadline of one connection. The kernel accepts it, however busy the server is; so this long without an
answer is a dead node, which must not take the place of pods that live. Linux repeats a lost SYN after 1 s."""


def host(address: str) -> str:
    """An IP address as a URL has it."""
    return f"[{address}]" if ":" in address else address


async def read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body; empty when it is longer than this many bytes."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            return b""
    return bytes(body)


def open_session(accept: str = "text/plain") -> aiohttp.ClientSession:
    """A session that carries nothing of ours: no credential, no cookie, no proxy of the environment.

    Compressed bodies stay as they are, and so give no reading: a few bytes could become gigabytes. The
    session counts no connections: its own queue of those that wait for one slows down with their number.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "llamafleet", "Accept": accept, "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS),
        auto_decompress=False,
        trust_env=False,
    )
