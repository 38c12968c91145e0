"""What a fleet costs in which nothing happens."""

import time
from dataclasses import dataclass
from typing import Final

from bench.usage import cpu_seconds
from fleet_operator import OperatorProcess

COUNTED: Final = (
    "writes_total",
    'writes_total{kind="LlamaDeployment",reason="checkpoint"}',
    "reconciles_total",
    "lease_renewals_total",
)

CALM_SECONDS: Final = 5.0
"""The last pods' events are worked off before the measurement starts."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """What was counted in that time.

    Attributes:
        seconds: how long it was.
        writes: writes of every kind but those that hang on the clock: renewals of the lease and checkpoints.
        checkpoints: of accounts that became a quarter of an hour old.
        reconciles: looks at a resource that found nothing to do.
        renewals: renewals of the lease.
        core: the share of one core, between 0 and 1, with everything in it.
    """

    seconds: float
    writes: float
    checkpoints: float
    reconciles: float
    renewals: float
    core: float


class Rest:
    """A time in which nobody touches the fleet. The machine may work on something else meanwhile.

    Args:
        operator: whose fleet it is.
    """

    def __init__(self, operator: OperatorProcess) -> None:
        """It begins, once the last pods' events are worked off."""
        time.sleep(CALM_SECONDS)
        self._operator = operator
        self._before = _counts(operator)
        self._cpu, self._started = cpu_seconds(operator.pid), time.monotonic()

    def end(self, seconds: float) -> Quiet:
        """What was counted after so many seconds, or more. Passing time is what is measured: this sleeps."""
        time.sleep(max(0.0, self._started + seconds - time.monotonic()))
        used, passed = cpu_seconds(self._operator.pid) - self._cpu, time.monotonic() - self._started
        pairs = zip(_counts(self._operator), self._before, strict=True)
        writes, checkpoints, reconciles, renewals = (after - before for after, before in pairs)
        return Quiet(passed, writes - checkpoints, checkpoints, reconciles, renewals, used / passed)


def _counts(operator: OperatorProcess) -> list[float]:
    return [operator.count(f"llamafleet_{what}") for what in COUNTED]
