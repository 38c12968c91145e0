"""What the waker knows of the cluster: two watches, kept as small values; and who waits for news."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import LLAMA_DEPLOYMENT, Kind
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import View as Several
from llamafleet.api.observed import Key
from llamafleet.waker.ports import Ports
from llamafleet.waker.slices import Pod, read, ready_pods
from llamafleet.waker.standing import Standing, standing

SLICES: Final = Kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
"""Of our Services: ours, and those of Kubernetes' controller, which carry the labels of their Service."""

LLAMAS: Final = replace(LLAMA_DEPLOYMENT, selector="")
"""All of them: their labels are their authors'."""


class View:
    """The fleets, as the API server shows them.

    Args:
        transport: how to reach the API server.
        moved: called when the ports may have changed.
        namespaces: the only ones to look at; empty: all.
    """

    def __init__(
        self, transport: Transport, moved: Callable[[], None], namespaces: tuple[str, ...] = ()
    ) -> None:
        """Nothing is known yet; :meth:`run` fills it."""
        self.ports = Ports()
        self._moved = moved
        self._news: dict[Key, asyncio.Event] = {}
        self._slices = Several(
            lambda one: Informer(transport, SLICES, read, self._slice_changed, namespace=one), namespaces
        )
        self._llamas = Several(
            lambda one: Informer(transport, LLAMAS, standing, self._tell, namespace=one), namespaces
        )

    async def run(self) -> None:
        """Watch for ever; only cancellation ends it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._slices.run())
            group.create_task(self._llamas.run())

    async def synced(self) -> None:
        """Wait for the first list of each kind."""
        await asyncio.gather(self._slices.synced(), self._llamas.synced())

    def pods(self, fleet: Key) -> tuple[Pod, ...]:
        """The ready replicas of a fleet."""
        return ready_pods(self._slices.of(fleet), fleet.name)

    def standing(self, fleet: Key) -> Standing | None:
        """What its LlamaDeployment says; None: there is none."""
        return self._llamas.of(fleet).get(fleet.name)

    async def news(self, fleet: Key) -> None:
        """Wait until anything changes about a fleet."""
        await self._news.setdefault(fleet, asyncio.Event()).wait()

    def _slice_changed(self, fleet: Key) -> None:
        own = (one for one in self._slices.of(fleet).values() if one.service == fleet.name)
        port = next((one.door for one in own if one.door), None)
        if self.ports.name(fleet, port, time.monotonic()):
            self._moved()
        self._tell(fleet)

    def _tell(self, fleet: Key) -> None:
        """Wake everybody who waits for news; whoever goes on waiting waits for the next."""
        told = self._news.pop(fleet, None)
        if told is not None:
            told.set()
