"""An API server that has nothing but pods: any number of copies of one, as a list in pages and as a watch.

Only where more pods are wanted than a control plane on this machine could make. It speaks HTTPS to a process
that knows no difference: ``python -m bench.podserver TEMPLATE PODS EVENTS FOLDER`` prints its port.
"""

import asyncio
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from llamafleet.api.names import DEPLOYMENT_LABEL

PODS_EACH: Final = 10
"""Pods of one fleet."""

FIRST_VERSION: Final = 1_000_000
BATCH: Final = 64
"""Events that are written at a time, as a busy API server does."""


class Pods:
    """Copies of one pod, each with names, addresses and versions of its own.

    Args:
        template: a pod as an API server sends it.
        count: how many copies.
        events: how many times one of them changes, once somebody has asked for ``/go``.
    """

    def __init__(self, template: dict[str, Any], count: int, events: int) -> None:
        """Nothing is made before it is asked for."""
        self._template = orjson.dumps(template)
        self._count = count
        self._events = events
        self._go = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A list, or a watch."""
        if "watch" in request.query:
            return await self._watch(request)
        first, limit = int(request.query.get("continue", 0)), int(request.query["limit"])
        last = min(self._count, first + limit)
        items = b",".join(orjson.dumps(self._pod(number, number)) for number in range(first, last))
        proceed = str(last) if last < self._count else ""
        head = orjson.dumps({"resourceVersion": str(FIRST_VERSION + self._count), "continue": proceed})
        body = b'{"kind":"PodList","apiVersion":"v1","metadata":' + head + b',"items":[' + items + b"]}"
        return web.Response(body=body, content_type="application/json")

    async def go(self, _request: web.Request) -> web.Response:
        """Let the events begin."""
        self._go.set()
        return web.Response()

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        events = [*self._lines()]
        await self._go.wait()
        for batch in (events[first : first + BATCH] for first in range(0, len(events), BATCH)):
            await response.write(b"".join(batch))
        await asyncio.Event().wait()
        return response

    def _lines(self) -> Iterator[bytes]:
        """Pods of all fleets in turn become ready, or not ready."""
        for step in range(self._events):
            pod = self._pod(step % self._count, self._count + 1 + step)
            ready = next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")
            ready["status"] = str(step // self._count % 2 == 1)  # the template is ready
            yield orjson.dumps({"type": "MODIFIED", "object": pod}) + b"\n"

    def _pod(self, number: int, version: int) -> dict[str, Any]:
        pod: dict[str, Any] = orjson.loads(self._template)
        fleet, one = divmod(number, PODS_EACH)
        metadata = pod["metadata"]
        metadata["namespace"] = f"team-{fleet % 100}"
        metadata["name"] = f"llama-{fleet}-6c9f7d5b8d-{one:05}"
        metadata["uid"] = f"{number:08x}-7bb0-4b52-89e8-1fbeba57b017"
        metadata["resourceVersion"] = str(FIRST_VERSION + version)
        metadata["labels"][DEPLOYMENT_LABEL] = f"llama-{fleet}"
        metadata["ownerReferences"][0]["name"] = f"llama-{fleet}-6c9f7d5b8d"
        pod["spec"]["nodeName"] = f"a100-{number % 1000}"
        pod["status"]["podIP"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return pod


async def serve(pods: Pods, folder: Path) -> None:
    """Serve until somebody ends the process."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(folder / "server.crt", folder / "server.key")
    app = web.Application()
    app.router.add_get("/api/v1/pods", pods.answer)
    app.router.add_get("/go", pods.go)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    template, pods, events, folder = sys.argv[1:]
    asyncio.run(serve(Pods(orjson.loads(Path(template).read_bytes()), int(pods), int(events)), Path(folder)))
