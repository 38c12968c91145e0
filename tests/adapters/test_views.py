"""One kind in some namespaces, or in all: what one of them lacks holds up no other."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import pytest

from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import POD
from llamafleet.adapters.projection import project_child
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope, View
from llamafleet.api.observed import ChildSeen, Key
from llamafleet.errors import Forbidden, LlamafleetError, Unavailable, Unreachable

A, B, C = "team-a", "team-b", "team-c"


def pod(namespace: str) -> dict[str, Any]:
    labels = {"llamafleet.io/deployment": "scout"}
    metadata = {"namespace": namespace, "name": "one", "uid": "u", "resourceVersion": "5", "labels": labels}
    return {"metadata": metadata, "spec": {}}


class Api(Transport):
    """Lists one pod wherever it is allowed, and has nothing new to say after that."""

    def __init__(self, refused: dict[str, LlamafleetError]) -> None:
        """By a part of the path, what is refused."""
        self.refused = refused
        self.paths: set[str] = set()

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, *_: Any, **__: Any
    ) -> bytes | None:
        del query
        self.paths.add(path)
        for part, error in self.refused.items():
            if part in path:
                raise error
        where = [path.split("/")[4]] if "/namespaces/" in path else [A, B]
        return orjson.dumps({"metadata": {"resourceVersion": "7"}, "items": [pod(one) for one in where]})

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        del path, query
        await asyncio.Event().wait()
        yield {}


def view_of(api: Api, *namespaces: str) -> View[ChildSeen]:
    return View(
        lambda one: Informer(api, POD, project_child, lambda _key: None, namespace=one), tuple(namespaces)
    )


async def seen(view: View[ChildSeen]) -> None:
    """Let it look once."""
    task = asyncio.create_task(view.run())
    try:
        await asyncio.wait_for(view.synced(), 60)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_few_namespaces_are_asked_for_one_by_one_and_nothing_else_is() -> None:
    async def story() -> None:
        api = Api({})
        view = view_of(api, A, B)
        await seen(view)
        assert api.paths == {f"/api/v1/namespaces/{one}/pods" for one in (A, B)}
        assert set(view.owners()) == {Key(A, "scout"), Key(B, "scout")}
        assert set(view.of(Key(A, "scout"))) == {"one"}
        assert (view.shows(A), view.shows(C)) == (True, False)
        assert view.of(Key(C, "scout")) == {}
        view.absorb(pod(C))
        assert view.of(Key(C, "scout")) == {}, "what is not ours to look at is not kept"

    asyncio.run(story())


def test_all_namespaces_are_one_question() -> None:
    async def story() -> None:
        api = Api({})
        view = view_of(api)
        await seen(view)
        assert api.paths == {"/api/v1/pods"}
        assert set(view.owners()) == {Key(A, "scout"), Key(B, "scout")}
        assert view.shows("anywhere")

    asyncio.run(story())


def test_a_namespace_that_refuses_us_holds_up_no_other_and_is_not_taken_for_empty() -> None:
    async def story() -> None:
        view = view_of(Api({f"/{B}/": Forbidden("no right")}), A, B)
        asked = asyncio.get_running_loop().time()
        await seen(view)
        assert (view.shows(A), view.shows(B)) == (True, False)
        assert view.heard_at >= asked, "a refusal is a word"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("namespaces", "error"),
    [
        pytest.param((), Forbidden("no right"), id="no right anywhere"),
        pytest.param((A, B), Unreachable("no answer"), id="no answer from one"),
    ],
)
def test_what_was_never_seen_is_waited_for(namespaces: tuple[str, ...], error: LlamafleetError) -> None:
    async def story() -> None:
        view = view_of(Api({"/": error}), *namespaces)
        task = asyncio.create_task(view.run())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(view.synced(), 0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())


def test_nothing_is_decided_where_not_everything_was_seen() -> None:
    """A fleet whose pods are not known would be made again, and its money forgotten."""

    async def story() -> None:
        api = Api({f"/{B}/deployments": Forbidden("no right")})
        cluster = Cluster(api, Scope("llamafleet-system", (A, B)), lambda _key: None)
        task = asyncio.create_task(cluster.run())
        await asyncio.wait_for(cluster.synced(), 60)
        with pytest.raises(Unavailable, match="not everything in namespace team-b was seen yet"):
            await cluster.resource(Key(B, "scout"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())
