"""The wakers as the reconciler sees them: where they are, which port a fleet has there, what they hold."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Literal

import orjson

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import WAKER_SLICE, slices_of
from llamafleet.adapters.projection import project_child, project_waker_slice
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope, View
from llamafleet.adapters.waker import Waker
from llamafleet.adapters.wakerports import WakerPorts
from llamafleet.api.names import waker_slice_name
from llamafleet.api.observed import ChildSeen, Key, WakerSeen, WakerSliceSeen

Family = Literal["IPv4", "IPv6"]


class WakerView:
    """The wakers, and our slices that lead to them.

    Our slices are watched also where no waker was chosen: a slice that an earlier choice has left would lead
    requests to nobody.

    Args:
        transport: how to reach the API server.
        scope: where the operator and the wakers run, and where our slices are.
        service: the name of the wakers' headless Service; None: there are none.
        changed: called with the key of a fleet whose slice changed, or for which requests begin to wait.
        fleets: gives every fleet, for the case that the wakers themselves change.
    """

    def __init__(
        self,
        transport: Transport,
        scope: Scope,
        service: str | None,
        changed: Callable[[Key], None],
        fleets: Callable[[], Iterable[Key]],
    ) -> None:
        """Build the views; :meth:`run` starts them."""
        self.slices = View(
            lambda one: Informer(transport, WAKER_SLICE, project_child, self._slice_changed, namespace=one),
            scope.namespaces,
        )
        self._pods: View[WakerSliceSeen] | None = None
        if service is not None:
            kind = slices_of(service)
            self._pods = View(
                lambda one: Informer(
                    transport, kind, project_waker_slice, self._wakers_changed, namespace=one
                ),
                (scope.home,),
            )
        self._changed = changed
        self._fleets = fleets
        self._ports = WakerPorts()
        self._known: tuple[str, ...] = ()
        self._waker = Waker(self._asked, changed)

    async def run(self) -> None:
        """Keep the views warm and ask the wakers, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.slices.run(), name="our slices")
            if self._pods is not None:
                group.create_task(self._pods.run(), name="the wakers' addresses")
                group.create_task(self._waker.run(), name="asking the wakers")

    @property
    def needed(self) -> tuple[View[Any], ...]:
        """The views without which nothing can be decided: none where no waker was chosen.

        An operator with the rights of an older release may not watch slices. It made none either.
        """
        return () if self._pods is None else (self.slices, self._pods)

    def held(self, key: Key) -> int | None:
        """How many requests of a fleet wait at the wakers; None when that is not known."""
        return None if self._pods is None else self._waker.held(key)

    def slice_of(self, key: Key) -> ChildSeen | None:
        """The slice of a fleet that leads to the wakers, if there is one."""
        return self.slices.of(key).get(waker_slice_name(key.name))

    def of(self, key: Key) -> WakerSeen | None:
        """Where the requests of a fleet may go; None while there is neither a waker nor a slice."""
        known = self.slice_of(key)
        if known is None and not self._known:
            return None
        family = _family(known, self._known)
        port = self._ports.of(key)
        chosen = self._pods is not None
        return None if port is None else WakerSeen(port, _of_family(self._known, family), family, chosen)

    def forget(self, key: Key) -> None:
        """The fleet is gone, and its port is free once its slice is gone, too."""
        if self.slice_of(key) is None:
            self._ports.note(key, None)

    def _asked(self) -> tuple[str, ...]:
        """Each waker by one address: one that has two would be counted twice."""
        return _of_family(self._known, _family(None, self._known))

    def _slice_changed(self, key: Key) -> None:
        known = self.slice_of(key)
        self._ports.note(key, None if known is None else _port(known))
        self._changed(key)

    def _wakers_changed(self, _slice: Key) -> None:
        """Another set of wakers concerns every fleet that leads to them, or waits to do so."""
        known = tuple(sorted(self._ready()))
        if known != self._known:
            self._known = known
            for fleet in self._fleets():
                self._changed(fleet)

    def _ready(self) -> set[str]:
        """The addresses of the ready wakers."""
        pods = self._pods
        if pods is None:
            return set()
        return {
            address for owner in pods.owners() for one in pods.of(owner).values() for address in one.addresses
        }


def _port(child: ChildSeen) -> int | None:
    """The port in a slice; None when somebody took it out."""
    ports = orjson.loads(child.body).get("ports") or ()
    return next((one["port"] for one in ports if one.get("port")), None)


def _family(known: ChildSeen | None, addresses: Iterable[str]) -> Family:
    """The family of the slice that there is, else IPv4 where the wakers have it."""
    if known is not None:
        given = orjson.loads(known.body)["addressType"]
        return "IPv6" if given == "IPv6" else "IPv4"
    return "IPv4" if any(":" not in one for one in addresses) else "IPv6"


def _of_family(addresses: Iterable[str], family: Family) -> tuple[str, ...]:
    return tuple(one for one in addresses if (":" in one) == (family == "IPv6"))
