"""What a price depends on: whether a node is a spot node. Of a node nothing but its labels is read."""

from typing import Final

import orjson

from llamafleet.adapters.kinds import NODE
from llamafleet.adapters.transport import Transport
from llamafleet.api.spot import selects_spot

METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""A whole Node is tens of KiB, most of it names of images."""

SECONDS: Final = 5.0

MOST: Final = 5_000
"""How many nodes are remembered, as many as Kubernetes supports in one cluster; the oldest goes first."""


class Nodes:
    """Remembers what was read: a machine does not turn into a spot machine under the same name.

    Args:
        transport: how to reach the API server.
    """

    def __init__(self, transport: Transport) -> None:
        """Nothing is known yet."""
        self._transport = transport
        self._known: dict[str, bool] = {}

    async def is_spot(self, name: str) -> bool | None:
        """Whether the node is a spot node; None when it is gone and was never looked at.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        if name not in self._known:
            body = await self._transport.read(NODE.path(name=name), seconds=SECONDS, accept=METADATA_ONLY)
            if body is None:
                return None
            while len(self._known) >= MOST:
                del self._known[next(iter(self._known))]
            self._known[name] = selects_spot(orjson.loads(body)["metadata"].get("labels", {}))
        return self._known[name]
