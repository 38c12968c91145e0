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
    """Writes in all, reconciles in all, and the share of one core, between 0 and 1."""

    writes: float
    reconciles: float
    core: float


def measure(operator: OperatorProcess, seconds: float) -> Quiet:
    """Let the operator be for so long. Here the passing of time is what is measured, so this sleeps."""
    time.sleep(CALM_SECONDS)
    before = _counts(operator)
    cpu, started = cpu_seconds(operator.pid), time.monotonic()
    time.sleep(seconds)
    used, passed = cpu_seconds(operator.pid) - cpu, time.monotonic() - started
    writes, reconciles = (after - then for after, then in zip(_counts(operator), before, strict=True))
    return Quiet(writes, reconciles, used / passed)


def _counts(operator: OperatorProcess) -> tuple[float, float]:
    return operator.count("llamafleet_writes_total"), operator.count("llamafleet_reconciles_total")
