"""Everything that the exploration looks at, mirrored by watches of its own, and what woke whom."""

import asyncio
from typing import Any, Final

import orjson

from exploration.author import Author
from exploration.mending import Json
from llamafleet.adapters.kinds import CHILDREN, GPU_POOL, LLAMA_DEPLOYMENT, POD, WAKER_SLICE, Kind
from llamafleet.api.names import DEPLOYMENT_LABEL
from llamafleet.api.observed import Key

EVERYTHING: Final = (LLAMA_DEPLOYMENT, GPU_POOL, POD, *CHILDREN, WAKER_SLICE)
AGAIN_SECONDS: Final = 0.05


class Mirror:
    """The objects of every kind that matters, as the API server last told.

    Attributes:
        objects: by kind, then by namespace and name.
    """

    def __init__(self, author: Author) -> None:
        """Start empty; :meth:`fill` lists, :meth:`run` follows."""
        self._author = author
        self.objects: dict[str, dict[tuple[str, str], Json]] = {kind.name: {} for kind in EVERYTHING}
        self._versions: dict[str, str] = {}
        self._woken: dict[Key, asyncio.Event] = {}

    async def fill(self) -> None:
        """List everything once."""
        await asyncio.gather(*(self._list(kind) for kind in EVERYTHING))

    async def run(self) -> None:
        """Follow for ever."""
        async with asyncio.TaskGroup() as group:
            for kind in EVERYTHING:
                group.create_task(self._follow(kind))

    def resource(self, key: Key) -> Json | None:
        """A LlamaDeployment."""
        return self.objects[LLAMA_DEPLOYMENT.name].get(key)

    def pools(self) -> list[Json]:
        """Every GpuPool."""
        return [*self.objects[GPU_POOL.name].values()]

    def children(self, key: Key) -> dict[str, Json]:
        """The children of a resource, by kind."""
        found = {kind.name: self.objects[kind.name].get(key) for kind in CHILDREN}
        return {name: child for name, child in found.items() if child is not None}

    def pods(self, key: Key) -> list[Json]:
        """The pods of a resource, those on their way out and those that ended included."""
        return [
            pod for (namespace, _), pod in self.objects[POD.name].items() if (namespace, _label(pod)) == key
        ]

    def left(self, key: Key) -> list[str]:
        """What there is of a resource, as ``Kind name``, its own EndpointSlices and ReplicaSets aside."""
        return [
            f"{kind} {name}"
            for kind, objects in self.objects.items()
            for (namespace, name), raw in objects.items()
            if namespace == key.namespace and _label(raw) == key.name
        ]

    async def woken(self, key: Key, seconds: float) -> bool:
        """Wait until something of a resource changed; whether it did in time."""
        event = self._woken.setdefault(key, asyncio.Event())
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
        event.clear()
        return True

    async def _list(self, kind: Kind) -> None:
        query = {} if kind in {LLAMA_DEPLOYMENT, GPU_POOL} else {"labelSelector": kind.selector}
        answer = await self._author.ask("GET", kind.path(), query)
        items = answer.body["items"]
        self.objects[kind.name] = {_place(raw): raw for raw in items}
        self._versions[kind.name] = answer.body["metadata"]["resourceVersion"]

    async def _follow(self, kind: Kind) -> None:
        while True:
            query = {
                "watch": "1",
                "resourceVersion": self._versions[kind.name],
                "allowWatchBookmarks": "true",
            }
            if kind not in {LLAMA_DEPLOYMENT, GPU_POOL}:
                query["labelSelector"] = kind.selector
            async with self._author.session.get(
                self._author.server + kind.path(), params=query, timeout=None, read_bufsize=2**22
            ) as response:
                async for line in response.content:
                    if not self._take(kind, orjson.loads(line)):
                        await self._list(kind)
                        break
            await asyncio.sleep(AGAIN_SECONDS)

    def _take(self, kind: Kind, event: Json) -> bool:
        raw = event["object"]
        if event["type"] == "ERROR":
            return False
        self._versions[kind.name] = raw["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            return True
        if event["type"] == "DELETED":
            self.objects[kind.name].pop(_place(raw), None)
        else:
            self.objects[kind.name][_place(raw)] = raw
        self._wake(kind, raw)
        return True

    def _wake(self, kind: Kind, raw: Json) -> None:
        if kind is GPU_POOL:
            for event in self._woken.values():
                event.set()
            return
        name = raw["metadata"]["name"] if kind is LLAMA_DEPLOYMENT else _label(raw)
        self._woken.setdefault(Key(raw["metadata"]["namespace"], name), asyncio.Event()).set()


def _place(raw: Json) -> tuple[str, str]:
    metadata = raw["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _label(raw: Json) -> str:
    """The name of the LlamaDeployment that an object belongs to; empty for a LlamaDeployment itself."""
    labels: dict[str, Any] = raw["metadata"].get("labels", {})
    return str(labels.get(DEPLOYMENT_LABEL, ""))
