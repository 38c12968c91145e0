"""Passing a request on to a replica, and its answer back, piece by piece as it comes."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
from aiohttp import HttpVersion11, hdrs, web
from yarl import URL

from llamafleet.api.observed import Key
from llamafleet.waker import refusals
from llamafleet.waker.body import Body
from llamafleet.waker.headers import back, onward
from llamafleet.waker.slices import Pod

CONNECT_SECONDS: Final = 5.0
"""How long a connection to a pod may take: within a cluster it takes a millisecond, or the pod is gone."""

OURS: Final = (hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE)
"""Headers that aiohttp's client would add where the request has none."""

log = logging.getLogger(__name__)


class NotSent(Exception):
    """No connection to the pod came about, so nothing of the request has reached it: another one may try."""


async def _at_most_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET or DELETE again that broke off: it does so after some errors alone."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


class Upstream:
    """The way to the replicas. A context manager; its connections end with it."""

    def __init__(self) -> None:
        """Open nothing yet. Of the environment's proxies and of cookies nothing is used."""
        self._busy: Counter[Pod] = Counter()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            skip_auto_headers=OURS,
            auto_decompress=False,
            trust_env=False,
            middlewares=(_at_most_once,),
        )

    async def close(self) -> None:
        """End every connection."""
        await self._session.close()

    @property
    def passing(self) -> int:
        """How many requests are with a replica now."""
        return self._busy.total()

    def least_busy(self, pods: Iterable[Pod]) -> Pod:
        """The pod that has the fewest requests of ours now."""
        return min(pods, key=lambda pod: (self._busy[pod], pod))

    async def pass_on(self, request: web.BaseRequest, body: Body, fleet: Key, pod: Pod) -> web.StreamResponse:
        """Send the request to a pod, and its answer to the client.

        Raises:
            NotSent: no connection came about.
            Refused: the pod ended the connection before it answered.
        """
        headers = onward(request.headers)
        if body.exists and body.length is not None:
            headers[hdrs.CONTENT_LENGTH] = str(body.length)
        with self._one_more(pod):
            try:
                answer = await self._session.request(
                    request.method,
                    _url(request, pod),
                    headers=headers,
                    data=body.chunks() if body.exists else None,
                    allow_redirects=False,
                )
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                log.info("%s: no connection to a ready replica: %s", fleet, error)
                raise NotSent from error
            except (aiohttp.ClientError, TimeoutError) as error:
                log.warning("%s: the replica at %s gave no answer: %r", fleet, pod.address, error)
                raise refusals.cut_off(fleet) from error
            body.forget()
            async with answer:
                return await _send_back(request, answer, pod)

    @contextmanager
    def _one_more(self, pod: Pod) -> Iterator[None]:
        self._busy[pod] += 1
        try:
            yield
        finally:
            self._busy[pod] -= 1
            if not self._busy[pod]:
                del self._busy[pod]


def _url(request: web.BaseRequest, pod: Pod) -> URL:
    """The same path and query at the pod, letter for letter; host and port are never the client's."""
    target = request.rel_url
    return URL.build(
        scheme="http",
        host=f"[{pod.address}]"
        if ":" in pod.address
        else pod.address,  # as yarl wants it when it encodes nothing
        port=pod.port,
        path=target.raw_path,
        query_string=target.raw_query_string,
        encoded=True,
    )


async def _send_back(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, pod: Pod
) -> web.StreamResponse:
    """The answer to the client, each piece when it comes.

    One that breaks off is broken off for the client as well: its end must not look like one.
    """
    copy = web.StreamResponse(status=answer.status, reason=answer.reason, headers=back(answer.headers))
    copy.force_close()
    try:
        await copy.prepare(request)
        async for chunk in answer.content.iter_any():
            await copy.write(chunk)
        await copy.write_eof()
    except aiohttp.ClientConnectionResetError:
        pass  # it is the client that is gone
    except aiohttp.ClientError as error:
        log.warning("an answer of the replica at %s broke off: %r", pod.address, error)
        _break_off(request)
    return copy


def _break_off(request: web.BaseRequest) -> None:
    if request.transport is None:
        return
    if request.version >= HttpVersion11:
        request.transport.close()  # what was received is still sent; the last chunk never comes
    else:
        request.transport.abort()  # an old client takes any orderly end for the end of the answer
