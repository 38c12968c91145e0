"""The cluster as somebody sees it who only looks: our kinds, and the pods of fleets, read when asked for.

Nothing here writes.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import GPU_POOL, LLAMA_DEPLOYMENT, POD, Kind
from llamafleet.adapters.pages import Pages
from llamafleet.adapters.projection import project_pod
from llamafleet.adapters.streams import object_of
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import DEPLOYMENT_LABEL, pod_selector, selector_text
from llamafleet.api.observed import Key, PodSeen

_LLAMAS: Final = dataclasses.replace(LLAMA_DEPLOYMENT, selector="")
_POOLS: Final = dataclasses.replace(GPU_POOL, selector="")
"""Resources that people write carry no label of ours: all of them count."""


@dataclasses.dataclass(frozen=True, slots=True)
class LlamaShown:
    """A LlamaDeployment as the API server shows it.

    Attributes:
        uid: its uid.
        resource_version: its version.
        raw: all of it.
    """

    uid: str
    resource_version: str
    raw: dict[str, Any]


class Onlooker:
    """One cluster, only looked at.

    Args:
        transport: how to reach the API server.
    """

    def __init__(self, transport: Transport) -> None:
        """Read nothing yet."""
        self._transport = transport

    async def llama(self, key: Key) -> dict[str, Any] | None:
        """One LlamaDeployment; None when there is none.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        body = await self._transport.read(LLAMA_DEPLOYMENT.path(*key))
        return None if body is None else object_of(body)

    async def llamas(self, namespace: str | None) -> list[dict[str, Any]]:
        """Every LlamaDeployment of a namespace, or of all, by namespace and name.

        Raises:
            Unavailable: the API server cannot be reached or refuses, or does not know the kind.
        """
        return await self._list(_LLAMAS, namespace)

    async def pools(self) -> list[dict[str, Any]]:
        """Every GpuPool, by name.

        Raises:
            Unavailable: likewise.
        """
        return await self._list(_POOLS, None)

    async def pods(self, namespace: str | None, llama: str | None = None) -> list[tuple[Key, PodSeen]]:
        """The pods of fleets, or of one fleet, each with the LlamaDeployment that it belongs to.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        kind = dataclasses.replace(POD, selector=selector_text(pod_selector(llama))) if llama else POD
        return [(_owner(raw), project_pod(raw)) for raw in await self._list(kind, namespace)]

    def watched(self, namespace: str | None, changed: Callable[[Key], None]) -> Informer[LlamaShown]:
        """The LlamaDeployments, kept up to date while it runs."""
        return Informer(self._transport, _LLAMAS, _shown, changed, namespace=namespace)

    async def _list(self, kind: Kind, namespace: str | None) -> list[dict[str, Any]]:
        pages = Pages(self._transport, kind, kind.path(namespace))
        items = [item async for _, page in pages.read(0) for item in page]
        return sorted(items, key=lambda raw: (raw["metadata"].get("namespace", ""), raw["metadata"]["name"]))


def _shown(raw: dict[str, Any]) -> LlamaShown:
    metadata = raw["metadata"]
    return LlamaShown(metadata["uid"], metadata["resourceVersion"], raw)


def _owner(raw: dict[str, Any]) -> Key:
    metadata = raw["metadata"]
    return Key(metadata["namespace"], metadata["labels"].get(DEPLOYMENT_LABEL, ""))
