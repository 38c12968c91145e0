"""What one meter comes to until an instant, told apart by what the pod did meanwhile."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from llamafleet.api.ledger import ZERO, Meter, Phases

DECIMALS: Final = Decimal("1e-9")
"""To what settled sums are rounded, US dollars: a million roundings come to less than a tenth of a cent."""

_TICK: Final = timedelta(microseconds=1)
_TICKS_PER_HOUR: Final = timedelta(hours=1) // _TICK


def usd(hourly_usd: Decimal | None, length: timedelta) -> Decimal:
    """US dollars for a length of time; nothing without a price. Multiplied first: cents stay whole."""
    if hourly_usd is None:
        return ZERO
    return (hourly_usd * (length // _TICK) / _TICKS_PER_HOUR).quantize(DECIMALS).normalize()


def bill(meter: Meter, end: datetime) -> Phases:
    """What a meter comes to from its beginning until an end; nothing when that is earlier."""
    if end <= meter.since:
        return Phases()
    if meter.ready is None and meter.crashed:
        return Phases(failed_start=usd(meter.hourly_usd, end - meter.since))
    asked = _within(meter.requested, meter.since, end)
    ready = _within(meter.ready, meter.since, asked)
    idle = min(asked - ready, _idle(meter, ready, asked))
    return Phases(
        loading=usd(meter.hourly_usd, ready - meter.since),
        serving=usd(meter.hourly_usd, asked - ready - idle),
        idle=usd(meter.hourly_usd, idle),
        draining=usd(meter.hourly_usd, end - asked),
    )


def ahead_usd(meter: Meter, length: timedelta) -> Decimal:
    """What was billed for time that a pod did not live, because the clock was ahead: at its former price."""
    return usd(meter.hourly_usd if meter.earlier_usd is None else meter.earlier_usd, length)


def total(parts: Iterable[Phases]) -> Phases:
    """All of them together."""
    listed = list(parts)
    return Phases(
        loading=sum((part.loading for part in listed), ZERO),
        serving=sum((part.serving for part in listed), ZERO),
        idle=sum((part.idle for part in listed), ZERO),
        draining=sum((part.draining for part in listed), ZERO),
        failed_start=sum((part.failed_start for part in listed), ZERO),
    )


def less(phases: Phases, amount: Decimal) -> Phases:
    """The same without an amount that was billed for time that a pod did not live; never below nothing."""
    left = {}
    for phase in ("draining", "serving", "idle", "loading", "failed_start"):
        there = getattr(phases, phase)
        taken = min(there, amount)
        left[phase], amount = there - taken, amount - taken
    return Phases(**left)


def _within(instant: datetime | None, start: datetime, end: datetime) -> datetime:
    """An instant, moved into a time; its end without one."""
    return end if instant is None else max(start, min(instant, end))


def _idle(meter: Meter, ready: datetime, asked: datetime) -> timedelta:
    before = timedelta(seconds=meter.idle_seconds)
    if meter.idle_since is None:
        return before
    return before + max(timedelta(), asked - max(meter.idle_since, ready))
