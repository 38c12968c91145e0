"""Schedules, instants and decisions for the tests of hours and money."""

from datetime import UTC, datetime
from typing import Any

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.coldstart import ColdStarts
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Pool

MINUTE_STARTS = ColdStarts((240,))
"""One start of four minutes was watched: with the minute of being under way, five minutes ahead."""

Json = dict[str, Any]


def utc(text: str) -> datetime:
    """An instant from ``2026-11-21 06:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(name: str = "nightly", start: str = "0 1 * * *", duration: str = "4h", **bounds: int) -> Json:
    """A window; the usual one is open from midnight to four, UTC, in a winter of Berlin."""
    return {"name": name, "start": start, "duration": duration, **bounds}


def schedule(*windows: Json, **fields: Any) -> Json:
    """A schedule of Berlin, of the usual window where none is given."""
    return {"timeZone": "Europe/Berlin", "windows": list(windows or (window(),)), **fields}


def decided(
    asked: LlamaDeploymentSpec, now: str, *pools: Pool, replicas: int | None = None, **seen: Any
) -> Plan:
    """The plan at an instant, on these pools or on the built-in one."""
    observation = Observation(now=utc(now), replicas=replicas, **seen)
    return plan(asked, pools or resolve(()), observation)


def told(found: Plan) -> list[tuple[str, int, str]]:
    """Each step of the chain."""
    return [(reason.step, reason.replicas, reason.message) for reason in found.reasons]


def counts(found: Plan) -> list[tuple[str, int]]:
    """Each step of the chain without its words."""
    return [(reason.step, reason.replicas) for reason in found.reasons]
