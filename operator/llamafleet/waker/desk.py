"""What happens to a request: passed on, held until it can be, or refused with a reason."""

import asyncio
import time
from typing import Final

import orjson
from aiohttp import web

from llamafleet.adapters import clock
from llamafleet.api.observed import Key
from llamafleet.waker import refusals
from llamafleet.waker.body import Body
from llamafleet.waker.book import Book, Room
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.refusals import Refused
from llamafleet.waker.settings import Settings
from llamafleet.waker.slices import Pod
from llamafleet.waker.upstream import NotSent, Upstream
from llamafleet.waker.view import View

QUIET: Final = frozenset({"/health", "/metrics", "/ping", "/version", "/load"})
"""Paths of vLLM that monitors ask. They wake nothing: else a monitor would keep every fleet awake."""

MODELS: Final = "/v1/models"
"""What a chat page asks to fill its menu. It is answered here, so that a menu alone wakes nothing."""

AGAIN_SECONDS: Final = 0.5
"""After how long a pod is tried again that is ready and refuses connections: it has just come, or gone."""


class Desk:
    """Takes every request that comes in at a fleet's port."""

    def __init__(
        self, settings: Settings, view: View, book: Book, upstream: Upstream, metrics: Metrics
    ) -> None:
        """Keep the parts; whoever made them ends them."""
        self._settings = settings
        self._view = view
        self._book = book
        self._upstream = upstream
        self._metrics = metrics

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request. Every one ends its connection: the next shall go to a replica itself."""
        try:
            return await self._answer(request)
        except Refused as refusal:
            self._metrics.refused.labels(refusal.code).inc()
            return refusal.answer()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        fleet = self._fleet(request)
        if not request.rel_url.raw_path.startswith("/") or request.method == "CONNECT":
            raise refusals.bad_target()
        body, started = Body(request), time.monotonic()
        pods = self._view.pods(fleet)
        if pods:
            try:
                return await self._pass_on(request, body, fleet, self._upstream.least_busy(pods), started)
            except NotSent:
                pass
        if quiet := self._quiet(request, fleet):
            return quiet
        self._check(fleet)
        self._book.admit(fleet, self._cold_start(fleet))
        with self._book.room() as room:
            return await self._hold(request, body, fleet, room, started)

    def _fleet(self, request: web.BaseRequest) -> Key:
        """Whose port it came in at."""
        place = None if request.transport is None else request.transport.get_extra_info("sockname")
        fleet = place and self._view.ports.fleet(place[1], time.monotonic())
        if not fleet:
            raise refusals.no_fleet()
        return fleet

    def _quiet(self, request: web.BaseRequest, fleet: Key) -> web.StreamResponse | None:
        """The answer to a question that wakes nothing; None for every other request."""
        path = request.rel_url.raw_path
        if path in QUIET:
            raise refusals.asleep(fleet, self._book.retry_seconds(fleet, self._cold_start(fleet)))
        standing = self._view.standing(fleet)
        if path != MODELS or request.method != "GET" or standing is None:
            return None
        model = {"id": fleet.name, "object": "model", "created": standing.created, "owned_by": "llamafleet"}
        answer = web.Response(
            body=orjson.dumps({"object": "list", "data": [model]}), content_type="application/json"
        )
        answer.force_close()
        return answer

    def _check(self, fleet: Key) -> None:
        """Raises Refused when no replica will come."""
        standing, now = self._view.standing(fleet), clock.now()
        if standing is None:
            raise refusals.gone(fleet)
        shut = standing.shut
        if shut is not None and shut.holds(now, self._settings.hold_seconds):
            raise Refused(503, shut.code, f"{fleet} {shut.why}", shut.wait_seconds(now))

    def _cold_start(self, fleet: Key) -> int | None:
        standing = self._view.standing(fleet)
        return None if standing is None else standing.cold_start_seconds

    async def _hold(
        self, request: web.BaseRequest, body: Body, fleet: Key, room: Room, started: float
    ) -> web.StreamResponse:
        """Wait for a replica, and pass the request on; as long as nothing was sent, wait on."""
        deadline = asyncio.get_running_loop().time() + self._settings.hold_seconds
        refusing: set[Pod] = set()
        while True:
            try:
                async with self._book.hold(fleet, deadline):
                    await body.keep(self._book, room, fleet, self._settings)
                    pod = await self._ready(fleet, refusing)
            except TimeoutError:
                raise self._given_up(fleet) from None
            try:
                return await self._pass_on(request, body, fleet, pod, started)
            except NotSent:
                refusing.add(pod)

    def _given_up(self, fleet: Key) -> Refused:
        if self._book.leaving:
            return refusals.leaving(fleet)
        retry = self._book.retry_seconds(fleet, self._cold_start(fleet))
        return refusals.too_late(fleet, self._settings.hold_seconds, retry)

    async def _ready(self, fleet: Key, refusing: set[Pod]) -> Pod:
        """The least busy replica, as soon as there is one that does not refuse connections."""
        while True:
            pods = [pod for pod in self._view.pods(fleet) if pod not in refusing]
            if pods:
                return self._upstream.least_busy(pods)
            self._check(fleet)
            try:
                async with asyncio.timeout(AGAIN_SECONDS if refusing else None):
                    await self._view.news(fleet)
            except TimeoutError:
                refusing.clear()

    async def _pass_on(
        self, request: web.BaseRequest, body: Body, fleet: Key, pod: Pod, started: float
    ) -> web.StreamResponse:
        waited = time.monotonic() - started
        answer = await self._upstream.pass_on(request, body, fleet, pod)
        self._metrics.passed_on.inc()
        self._metrics.wait_seconds.observe(waited)
        return answer
