"""A proxy between operators and the real API server that does to their requests what a test asks for.

It runs in a thread of its own, so that a test is written as a plain story. Each operator comes through a door
of its own and is told from others by it. Towards an operator it speaks HTTP without TLS: what is tested is
what the operator does with answers, and the token in its kubeconfig is passed on.
"""

import asyncio
import base64
import contextlib
import json
import ssl
import threading
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import web
from yarl import URL

from faults.faults import Exchange
from faults.proxy_handling import Handling
from faults.proxy_requests import Memory, subject
from faults.proxy_watches import Watches
from faults.rules import Handle, Rule, Rulebook
from fleet_operator import ACCOUNT, NAMESPACE
from testbed.cluster import Cluster

MOST_BYTES = 16 * 2**20  # of a request; the API server itself takes 3 MiB
CLOSE_SECONDS = 10.0
T = TypeVar("T")


class Door:
    """A listener of its own.

    Attributes:
        name: by which rules and exchanges know it.
        address: where it listens, as ``http://host:port``.
    """

    def __init__(self, cluster: Cluster, name: str, address: str) -> None:
        """Take what :meth:`FaultProxy.door` has opened."""
        self.name = name
        self.address = address
        self._cluster = cluster

    def kubeconfig(self, folder: Path, namespace: str = NAMESPACE, account: str = ACCOUNT) -> Path:
        """Write ``config`` into a folder: the operator's service account, through this door; its path."""
        path = folder / "config"
        self._cluster.kubeconfig_for_service_account(namespace, account, path)
        config = json.loads(path.read_text("utf-8"))
        for one in config["clusters"]:
            one["cluster"] = {"server": self.address}
        path.write_text(json.dumps(config), "utf-8")
        return path


class FaultProxy:
    """Between operators and the API server of a cluster, as a context manager; harmless without a rule.

    Attributes:
        exchanges: every request so far, in the order in which they came.
    """

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster; nothing runs before it is entered."""
        self.exchanges: list[Exchange] = []
        self._cluster = cluster
        self._rules = Rulebook()
        self._watches = Watches(self._rules)
        self._handling = Handling(self._rules, self._watches, Memory())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._runners: list[web.AppRunner] = []

    def __enter__(self) -> Self:
        """Start the thread."""
        server, tls = _upstream(self._cluster)
        self._server = server
        self._thread.start()
        self._do(self._handling.open(tls))
        return self

    def __exit__(self, *_: object) -> None:
        """Close every door and every connection."""
        self.clear()
        try:
            self._do(self._close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_SECONDS)
            self._loop.close()

    def door(self, name: str = "operator") -> Door:
        """Open a listener."""
        return Door(self._cluster, name, self._do(self._listen(name)))

    def add(self, rule: Rule) -> Handle:
        """Put a rule into force. Watches that run already are struck at once."""
        handle = self._rules.add(rule)
        self._loop.call_soon_threadsafe(self._watches.look)
        return handle

    def remove(self, handle: Handle) -> None:
        """Take a rule out of force. What it did to a watch stays done."""
        self._rules.remove(handle)

    def clear(self) -> None:
        """Take every rule out of force."""
        self._rules.clear()

    @contextlib.contextmanager
    def during(self, *rules: Rule) -> Iterator[list[Handle]]:
        """Rules that are in force for the length of a block."""
        handles = [self.add(rule) for rule in rules]
        try:
            yield handles
        finally:
            for handle in handles:
                self.remove(handle)

    def of(
        self, *verbs: str, kind: str | None = None, door: str | None = None, namespace: str | None = None
    ) -> list[Exchange]:
        """The exchanges of these verbs, or of any, about this kind, through this door, in this namespace.

        What the test before has left is still on its way out: who asks about one fleet names its namespace.
        """
        return [
            one
            for one in tuple(self.exchanges)
            if (not verbs or one.verb in verbs)
            and kind in (None, one.kind)
            and door in (None, one.door)
            and namespace in (None, one.namespace)
        ]

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CLOSE_SECONDS)

    async def _listen(self, name: str) -> str:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handling.handle(request, await self._meet(name, request), URL(self._server))

        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _meet(self, door: str, request: web.Request) -> Exchange:
        about = subject(request.method, request.path, request.query, request.content_type)
        body = await request.read()
        exchange = Exchange(
            number=len(self.exchanges) + 1,
            at=time.monotonic(),
            door=door,
            verb=about.verb,
            kind=about.kind,
            namespace=about.namespace,
            name=about.name,
            path=request.raw_path,
            body=body,
        )
        self.exchanges.append(exchange)
        return exchange

    async def _close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        await self._handling.close()
        await self._loop.shutdown_default_executor()


def _upstream(cluster: Cluster) -> tuple[str, ssl.SSLContext]:
    """The address of the real API server, and what its certificate is checked against."""
    arguments = ("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
    (entry,) = json.loads(cluster.kubectl(*arguments))["clusters"]
    authority = base64.b64decode(entry["cluster"]["certificate-authority-data"]).decode("ascii")
    return entry["cluster"]["server"].rstrip("/"), ssl.create_default_context(cadata=authority)
