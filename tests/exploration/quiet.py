"""Once nothing happens to a fleet any more, it is not written to."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from exploration.place import Fault, Place
from llamafleet.api.observed import Key

SETTLE_SECONDS: Final = 1.0
"""How long a fleet that has converged must not be written to, while nothing happens to it."""

RESTLESS: Final = 5
"""How often a pod or a pool may change before there was a quiet span; then the fleet counts as restless."""


async def quiet(place: Place, key: Key) -> None:
    """Once nothing happens to it any more, a fleet is not written to.

    A write may answer what happened before: two spans in a row that are written to answer nothing, unless the
    operator is busy, and some step has taken longer than that to converge.
    """
    unasked: list[str] = []
    restless = 0
    while restless < RESTLESS:
        before, wrote, said = _traffic(place, key), place.writes.of(key), _said(place, key)
        await asyncio.sleep(SETTLE_SECONDS)
        is_calm, more = _traffic(place, key) == before, place.writes.of(key) - wrote
        if is_calm and not more:
            place.record.quiet += 1
            return
        if is_calm:
            unasked.append(f"{', '.join(more)}: {said ^ _said(place, key)}")
        else:
            restless, unasked = restless + 1, []
        if len(unasked) * SETTLE_SECONDS > max(SETTLE_SECONDS, *place.record.seconds):
            spans = f"spans of {SETTLE_SECONDS:g} s in which nothing happens"
            message = f"it is written to in {spans}: {'; '.join(unasked)}"
            raise Fault(message)
    place.record.restless += 1


def _traffic(place: Place, key: Key) -> list[str]:
    """The versions of everything that others write: pods, the Deployment's status, the pools it may use."""
    mirror = place.mirror
    named = (mirror.resource(key) or {}).get("spec", {}).get("gpu", {}).get("pools")
    pools = [one["metadata"] for one in mirror.pools() if not named or one["metadata"]["name"] in named]
    status = mirror.children(key).get("Deployment", {}).get("status")
    pods = [pod["metadata"]["resourceVersion"] for pod in mirror.pods(key)]
    return [
        repr(status),
        repr(sorted(pods)),
        repr(sorted(pool["resourceVersion"] for pool in pools)),
    ]


def _said(place: Place, key: Key) -> set[str]:
    """What the status says, field by field."""
    raw = place.mirror.resource(key) or {}
    return {f"{name} = {value}" for name, value in _fields(raw.get("status", {}), "")}


def _fields(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in below:
        yield from _fields(inner, f"{path}.{name}")
    if not below:
        yield path, value
