"""What a Lease says, and what we write into it. Nothing is sent here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from llamafleet.adapters import clock
from llamafleet.adapters.kinds import LEASE
from llamafleet.api.names import LEASE_NAMESPACES_ANNOTATION, NAME_LABEL, OPERATOR_NAME

EVERY_NAMESPACE = "*"


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A Lease as the API server holds it.

    Attributes:
        name: of the Lease.
        version: its resource version, by which a write knows that nobody else came in between.
        holder: who has it; empty: nobody.
        seconds: for how long a holder has it after a renewal.
        acquired: when the holder took it, as written by the holder's clock: to tell processes apart.
        transitions: how often it was taken.
        namespaces: where its holder works; empty: everywhere.
    """

    name: str
    version: str
    holder: str
    seconds: float
    acquired: str
    transitions: int
    namespaces: tuple[str, ...]

    @property
    def tenure(self) -> tuple[str, str, int]:
        """Who has it, since when, and the how-manieth that is: the same while nobody else has had it."""
        return self.holder, self.acquired, self.transitions

    def overlaps(self, namespaces: tuple[str, ...]) -> bool:
        """Whether its holder works in one of these namespaces; none stand for all of them."""
        if not self.namespaces or not namespaces:
            return True
        return not set(self.namespaces).isdisjoint(namespaces)


def read_lease(body: bytes | Mapping[str, Any]) -> LeaseRecord:
    """A Lease as it came; what is missing there is empty or zero."""
    raw: Mapping[str, Any] = orjson.loads(body) if isinstance(body, bytes) else body
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    where = (metadata.get("annotations") or {}).get(LEASE_NAMESPACES_ANNOTATION, EVERY_NAMESPACE)
    return LeaseRecord(
        name=metadata["name"],
        version=metadata["resourceVersion"],
        holder=spec.get("holderIdentity") or "",
        seconds=float(spec.get("leaseDurationSeconds") or 0),
        acquired=spec.get("acquireTime") or "",
        transitions=int(spec.get("leaseTransitions") or 0),
        namespaces=() if EVERY_NAMESPACE in where.split(",") else tuple(where.split(",")),
    )


def new_lease(name: str, namespace: str) -> dict[str, Any]:
    """What every Lease of ours has, to be created."""
    labels = {NAME_LABEL: OPERATOR_NAME}
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.name,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
    }


def taking(identity: str, seconds: int, before: LeaseRecord | None) -> dict[str, Any]:
    """The spec of a Lease that we take from whoever had it."""
    instant = _instant()
    return {
        "holderIdentity": identity,
        "leaseDurationSeconds": seconds,
        "acquireTime": instant,
        "renewTime": instant,
        "leaseTransitions": 0 if before is None else before.transitions + 1,
    }


def renewing() -> dict[str, Any]:
    """What a renewal changes in the spec."""
    return {"renewTime": _instant()}


def releasing() -> dict[str, Any]:
    """What leaves a Lease to nobody."""
    return {"holderIdentity": None, "renewTime": _instant()}


def mark(namespaces: tuple[str, ...]) -> dict[str, Any]:
    """The metadata by which other operators see where this one works."""
    where = ",".join(namespaces) or EVERY_NAMESPACE
    return {"labels": {NAME_LABEL: OPERATOR_NAME}, "annotations": {LEASE_NAMESPACES_ANNOTATION: where}}


def _instant() -> str:
    """For people who read the Lease; no process goes by the clock of another."""
    return clock.precisely().isoformat(timespec="microseconds").replace("+00:00", "Z")
