"""Which headers go on from one connection to the next.

What is about one connection stays there (RFC 9110, section 7.6.1); everything else goes on as it came.
Nothing is added: a replica trusts no ``X-Forwarded-For``, so it gets none of ours.
"""

from typing import Final

from aiohttp import hdrs
from multidict import CIMultiDict, CIMultiDictProxy

ONE_CONNECTION: Final = frozenset(
    name.lower()
    for name in (
        hdrs.CONNECTION,
        hdrs.KEEP_ALIVE,
        hdrs.PROXY_AUTHENTICATE,
        hdrs.PROXY_AUTHORIZATION,
        "Proxy-Connection",
        hdrs.TE,
        hdrs.TRAILER,
        hdrs.TRANSFER_ENCODING,
        hdrs.UPGRADE,
    )
)


def onward(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """The headers of a request that go on to a replica.

    The waker itself has met an ``Expect``, and says how long the body is.
    """
    kept = _kept(headers)
    kept.popall(hdrs.EXPECT, None)
    kept.popall(hdrs.CONTENT_LENGTH, None)
    return kept


def back(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """The headers of an answer that go back to the client."""
    return _kept(headers)


def _kept(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for line in headers.getall(hdrs.CONNECTION, ()) for name in line.split(",")}
    dropped = ONE_CONNECTION | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
