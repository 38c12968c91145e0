"""Stories in simulated time: the clock is set, everybody looks, and the cluster follows in its own time."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cluster.simulated import SimulatedOperator
from llamafleet.api.observed import Key
from llamas import Llama

DEADLINE = 90.0
"""Seconds of the test in which whatever is waited for must come; a second or two is usual, and many fleets at
once on a busy machine need longer."""


def look(operator: SimulatedOperator, *fleets: Llama) -> None:
    """Have the operator look at these fleets: nothing tells it of an edit or of another time."""
    for fleet in fleets:
        operator.look(Key(fleet.namespace, fleet.name))


def at(operator: SimulatedOperator, instant: datetime, *fleets: Llama) -> None:
    """Set the clock to an instant, and have these fleets looked at."""
    operator.clock.set(instant)
    look(operator, *fleets)


async def until(llama: Llama, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """Wait until a fleet has a status that is so, and return it."""
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while True:
        found: dict[str, Any] = await asyncio.to_thread(llama.status)
        if _is_so(found, holds):
            return found
        assert asyncio.get_running_loop().time() < deadline, f"{what} of {llama.name}: {found}"
        await asyncio.sleep(0.05)


async def until_all(
    fleets: Mapping[str, Llama], holds: Callable[[dict[str, Any]], bool], what: str
) -> dict[str, dict[str, Any]]:
    """Wait until each of these fleets of one namespace has a status that is so; the statuses, by name."""
    one, names = next(iter(fleets.values())), {fleet.name for fleet in fleets.values()}
    deadline = asyncio.get_running_loop().time() + DEADLINE
    while True:
        found = await asyncio.to_thread(one.cluster.get, "llama", f"--namespace={one.namespace}")
        statuses = {item["metadata"]["name"]: item.get("status", {}) for item in found["items"]}
        late = [name for name in names if not _is_so(statuses[name], holds)]
        if not late:
            return {name: statuses[name] for name in names}
        assert asyncio.get_running_loop().time() < deadline, f"{what} of {late}: {statuses[late[0]]}"
        await asyncio.sleep(0.05)


def _is_so(status: dict[str, Any], holds: Callable[[dict[str, Any]], bool]) -> bool:
    return status.get("observedGeneration", -1) > 0 and holds(status)


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    """One condition of a status; empty while there is none."""
    return next((one for one in status.get("conditions", ()) if one["type"] == kind), {})


def text(instant: datetime) -> str:
    """An instant as the API writes it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
