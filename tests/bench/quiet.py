"""What a fleet costs in which nothing happens."""

import time
from dataclasses import dataclass
from typing import Final

from bench.usage import cpu_seconds
from fleet_operator import OperatorProcess

CALM_SECONDS: Final = 5.0
"""The last pods' events are worked off before the measurement starts."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """What was counted in that time.

    Attributes:
        seconds: how long it was.
        writes: writes of every kind but one: renewals of the lease, one a second.
        reconciles: looks at a resource that found nothing to do.
        renewals: renewals of the lease.
        core: the share of one core, between 0 and 1, with everything in it.
    """

    seconds: float
    writes: float
    reconciles: float
    renewals: float
    core: float


def measure(operator: OperatorProcess, seconds: float) -> Quiet:
    """Let the operator be for so long. Here the passing of time is what is measured, so this sleeps."""
    time.sleep(CALM_SECONDS)
    before = _counts(operator)
    cpu, started = cpu_seconds(operator.pid), time.monotonic()
    time.sleep(seconds)
    used, passed = cpu_seconds(operator.pid) - cpu, time.monotonic() - started
    counted = (after - then for after, then in zip(_counts(operator), before, strict=True))
    writes, reconciles, renewals = counted
    return Quiet(passed, writes, reconciles, renewals, used / passed)


def _counts(operator: OperatorProcess) -> list[float]:
    return [operator.count(f"llamafleet_{what}_total") for what in ("writes", "reconciles", "lease_renewals")]
