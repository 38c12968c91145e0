"""Requests about one Lease: read it, take it, renew it, release it. When to do so is not decided here.

The Lease is only ever written with the version that was read, so of two that write, one fails.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

import orjson

from llamafleet.adapters.kinds import LEASE
from llamafleet.adapters.leaserecord import (
    LeaseRecord,
    mark,
    new_lease,
    read_lease,
    releasing,
    renewing,
    taking,
)
from llamafleet.adapters.transport import Transport
from llamafleet.errors import Conflict, Unavailable

REQUEST: Final = 1 / 4
"""Of the lease's duration: how long one request may take."""

RELEASES: Final = 3
"""How often the release of a lease is tried: each may find that a renewal was written, unknown to us."""

log = logging.getLogger(__name__)


class Lost(Exception):
    """Somebody else may have the lease by now."""


@dataclass(frozen=True, slots=True)
class Candidacy:
    """Who wants which lease.

    Attributes:
        namespace: where the lease is: the operator's own.
        name: of the lease.
        identity: of this process; a container that is started again in the same pod keeps it.
        seconds: how long the lease lasts without a renewal.
        namespaces: where this operator works; empty: everywhere.
    """

    namespace: str
    name: str
    identity: str
    seconds: int
    namespaces: tuple[str, ...] = ()


class LeaseClient:
    """One lease at the API server, in the name of one candidate.

    Args:
        transport: how to reach the API server; its requests wait for no others.
        candidacy: who wants which lease.
    """

    def __init__(self, transport: Transport, candidacy: Candidacy) -> None:
        """Keep the parts."""
        self.path = LEASE.path(candidacy.namespace, candidacy.name)
        self._transport = transport
        self._wish = candidacy
        self._seconds = candidacy.seconds * REQUEST

    async def read(self) -> LeaseRecord | None:
        """The lease as it is, or None.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        body = await self._transport.read(self.path, seconds=self._seconds)
        return None if body is None else read_lease(body)

    async def take(self, found: LeaseRecord | None) -> LeaseRecord:
        """Write our name into the lease that was found, or into a new one.

        Raises:
            Conflict: somebody else has written to it meanwhile.
            Unavailable: the API server cannot be reached or refuses.
        """
        spec = taking(self._wish.identity, self._wish.seconds, found)
        marked = mark(self._wish.namespaces)
        if found is not None:
            return await self._write(found, {"metadata": marked, "spec": spec})
        content = new_lease(self._wish.name, self._wish.namespace)
        content = {**content, "metadata": {**content["metadata"], **marked}, "spec": spec}
        path = LEASE.path(self._wish.namespace)
        return read_lease(await self._transport.create(path, content, self._seconds))

    async def renew(self, held: LeaseRecord) -> LeaseRecord:
        """Renew what we hold, also when the answer to our own last renewal was lost.

        Raises:
            Lost: somebody has had it since, or it was deleted.
            Unavailable: the API server cannot be reached or refuses.
        """
        try:
            return await self._write(held, {"spec": renewing()})
        except Conflict:
            return await self._write(await self._still_held(held), {"spec": renewing()})

    async def release(self, held: LeaseRecord) -> None:
        """Leave to nobody what we hold. No failure is raised: then it runs out."""
        try:
            for _ in range(RELEASES):
                try:
                    await self._write(held, {"spec": releasing()})
                except Conflict:
                    held = await self._still_held(held)
                else:
                    return
        except (Unavailable, Lost) as error:
            log.warning("the lease was not released: %s", error)

    async def rivals(self) -> list[LeaseRecord]:
        """The other leases in our namespace that somebody holds who works where we do.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        query = {"labelSelector": LEASE.selector}
        body = await self._transport.read(LEASE.path(self._wish.namespace), query, self._seconds)
        found = [read_lease(raw) for raw in orjson.loads(body or b'{"items": []}')["items"]]
        others = (one for one in found if one.name != self._wish.name and one.holder)
        return [one for one in others if one.overlaps(self._wish.namespaces)]

    async def _still_held(self, held: LeaseRecord) -> LeaseRecord:
        """The lease as it is, if nobody has had it since.

        Raises:
            Lost: somebody has, or it was deleted.
        """
        found = await self.read()
        if found is None:
            message = f"the lease {self.path} was deleted"
            raise Lost(message)
        if found.tenure != held.tenure:
            message = f"the lease {self.path} is held by {found.holder or 'nobody'}"
            raise Lost(message)
        return found

    async def _write(self, before: LeaseRecord, content: dict[str, Any]) -> LeaseRecord:
        """Change the lease, if nobody else has changed it.

        Raises:
            Conflict: somebody has, or it was deleted.
        """
        metadata = {**content.get("metadata", {}), "resourceVersion": before.version}
        body = await self._transport.merge(self.path, {**content, "metadata": metadata}, self._seconds)
        if body is None:
            message = f"the lease {self.path} was deleted"
            raise Conflict(message)
        return read_lease(body)
