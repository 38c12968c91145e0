"""The last words of containers that have ended, each read from its kubelet once."""

from typing import Final

from llamafleet.adapters.kinds import POD
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import SERVING_CONTAINER
from llamafleet.api.observed import PodSeen

LINES: Final = 200
"""The cause of a failed start stands within the last 200 lines of vLLM's log."""

BYTES: Final = 64 * 1024

SECONDS: Final = 5.0
"""The kubelet of a dead node does not answer, and a worker must not wait for it."""

MOST: Final = 100
"""How many logs are remembered; the oldest goes first."""


class Logs:
    """Remembers what was read: the log of a container that has ended does not change.

    Args:
        transport: how to reach the API server.
    """

    def __init__(self, transport: Transport) -> None:
        """Nothing is known yet."""
        self._transport = transport
        self._known: dict[str, tuple[int, str]] = {}

    async def of(self, namespace: str, pod: PodSeen) -> str:
        """The end of the log of the container that ended last; empty when the kubelet has none."""
        known = self._known.get(pod.uid)
        if known is not None and known[0] == pod.restarts:
            return known[1]
        text = await self._read(namespace, pod)
        while len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[pod.uid] = pod.restarts, text
        return text

    async def _read(self, namespace: str, pod: PodSeen) -> str:
        query = {
            "container": SERVING_CONTAINER,
            "tailLines": str(LINES),
            "limitBytes": str(BYTES),
            "previous": str(pod.restarts > 0).lower(),
        }
        body = await self._transport.read(f"{POD.path(namespace, pod.name)}/log", query, SECONDS)
        return (body or b"").decode(errors="replace")
