"""Whether a node is a spot node: read once, of the labels alone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from llamafleet.adapters import nodes
from llamafleet.adapters.nodes import Nodes
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Forbidden, Unavailable

LABELS: dict[str, dict[str, str]] = {
    "karpenter-spot": {"karpenter.sh/capacity-type": "spot"},
    "karpenter-on-demand": {"karpenter.sh/capacity-type": "on-demand"},
    "eks-spot": {"eks.amazonaws.com/capacityType": "SPOT"},
    "gke-spot": {"cloud.google.com/gke-spot": "true"},
    "aks-spot": {"kubernetes.azure.com/scalesetpriority": "spot"},
    "own": {},
}


@dataclass
class Server:
    """Nodes over real HTTP; ``asked`` are the names that were asked for, with the form."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append((name, request.headers["Accept"]))
        if self.status != 200 or name not in LABELS:
            return web.json_response({"message": "no"}, status=404 if self.status == 200 else self.status)
        metadata = {"name": name, **({"labels": LABELS[name]} if LABELS[name] else {})}
        return web.json_response({"kind": "PartialObjectMetadata", "metadata": metadata})


def told(server: Server, story: Callable[[Nodes], Awaitable[None]]) -> None:
    async def run() -> None:
        app = web.Application()
        app.router.add_get("/api/v1/nodes/{name}", server.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            async with aiohttp.ClientSession() as session:
                await story(Nodes(Transport(session, f"http://{host}:{port}")))
        finally:
            await runner.cleanup()

    asyncio.run(run())


def test_the_labels_of_each_cloud() -> None:
    async def story(known: Nodes) -> None:
        assert {name: await known.is_spot(name) for name in LABELS} == {
            "karpenter-spot": True,
            "karpenter-on-demand": False,
            "eks-spot": True,
            "gke-spot": True,
            "aks-spot": True,
            "own": False,
        }

    told(Server(), story)


def test_a_node_is_read_once_and_without_its_status() -> None:
    server = Server()

    async def story(known: Nodes) -> None:
        for _ in range(3):
            assert await known.is_spot("own") is False
            assert await known.is_spot("gke-spot") is True

    told(server, story)
    form = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert server.asked == [("own", form), ("gke-spot", form)]


def test_a_node_that_is_gone_is_none_and_is_asked_for_again() -> None:
    server = Server()

    async def story(known: Nodes) -> None:
        assert await known.is_spot("gone") is None
        assert await known.is_spot("gone") is None

    told(server, story)
    assert [name for name, _ in server.asked] == ["gone", "gone"]


def test_what_was_read_stays_known_when_the_node_is_gone() -> None:
    async def story(known: Nodes) -> None:
        assert await known.is_spot("eks-spot") is True
        with without("eks-spot"):
            assert await known.is_spot("eks-spot") is True

    told(Server(), story)


@contextmanager
def without(name: str) -> Iterator[None]:
    labels = LABELS.pop(name)
    try:
        yield
    finally:
        LABELS[name] = labels


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (500, Unavailable)])
def test_a_refusal_is_our_error_and_is_not_remembered(status: int, error: type[Unavailable]) -> None:
    server = Server()

    async def story(known: Nodes) -> None:
        server.status = status
        with pytest.raises(error):
            await known.is_spot("own")
        server.status = 200
        assert await known.is_spot("own") is False

    told(server, story)


def test_only_so_many_are_remembered_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MOST", 2)
    server = Server()

    async def story(known: Nodes) -> None:
        for name in ("own", "eks-spot", "gke-spot", "eks-spot", "own"):
            await known.is_spot(name)

    told(server, story)
    assert [name for name, _ in server.asked] == ["own", "eks-spot", "gke-spot", "own"]
