"""Pods of the checkpoint that are gone, and nobody saw them go: the operator was down.

A ReplicaSet makes the replacement of a pod when the deletion of the pod is asked for. So a pod without a
trace is taken to have lived until the next newborn was created, oldest first; that also covers pods that came
and went unseen in between. What cannot be known is stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import Final

from llamafleet.api.ledger import Ledger, Meter
from llamafleet.planning.money.bill import usd
from llamafleet.planning.money.lifetime import Lifetime

AT_ONCE: Final = timedelta(minutes=1)
"""How long a ReplicaSet takes to replace a pod at the most; a second when nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Guess:
    """When a pod ended that vanished unseen.

    Attributes:
        meter: the pod.
        end: until when it is counted.
        uncertain_usd: by how much that may be wrong, US dollars.
    """

    meter: Meter
    end: datetime
    uncertain_usd: Decimal


def guesses(
    before: Ledger, lives: Sequence[Lifetime], now: datetime, grace: timedelta, *, is_late: bool
) -> tuple[tuple[Guess, ...], tuple[Meter, ...]]:
    """The ends of the pods that vanished, and the meters that have to wait.

    Args:
        before: the checkpoint.
        lives: the pods that exist, and those whose removal was seen.
        now: the instant, UTC.
        grace: how long a pod of the fleet may take from the request to delete it until it is gone.
        is_late: whether the pods were seen as they were before the checkpoint: then nobody has vanished.
    """
    there = {life.uid for life in lives}
    lost = sorted(
        (meter for meter in before.meters if meter.uid not in there),
        key=lambda meter: (meter.since, meter.uid),
    )
    if is_late or now <= before.at:
        # Or the clock was stepped back. When all has caught up, the time that nobody saw is known again.
        return (), tuple(lost)
    born, between = _births(before, lives)
    asked = [_asked(meter, meter.until, before.at, now) for meter in lost if meter.until]
    silent = [meter for meter in lost if meter.until is None]
    pairs = zip_longest(silent, born[: len(silent)])
    return (
        *between,
        *asked,
        *(
            _replaced(meter, birth, now, grace) if birth else _unknown(meter, before.at, now)
            for meter, birth in pairs
        ),
    ), ()


def _births(before: Ledger, lives: Sequence[Lifetime]) -> tuple[list[datetime], list[Guess]]:
    """When pods were created in the unseen time, but for the replacements of pods whose end is known.

    Where such a replacement came late, another one must have come and gone in between: a guess as well.
    """
    known = {meter.uid for meter in before.meters}
    born = sorted(life.created for life in lives if life.created > before.at and life.uid not in known)
    left = sorted((end, life.uid, life) for life in lives if (end := _left(life)) and end > before.at)
    between = []
    for end, uid, life in left:
        birth = next((birth for birth in born if birth >= end), None)
        if birth is not None:
            born.remove(birth)
            if birth - end > AT_ONCE:
                amount = usd(life.hourly_usd, birth - end)
                between.append(Guess(Meter(uid=uid, since=end, hourly_usd=life.hourly_usd), birth, amount))
    return born, between


def _left(life: Lifetime) -> datetime | None:
    """When a ReplicaSet began to replace a pod that is still there; None when it did not."""
    instants = [instant for instant in (life.requested, life.finished) if instant]
    return None if life.heard else min(instants, default=None)


def _asked(meter: Meter, until: datetime, seen: datetime, now: datetime) -> Guess:
    """Its deletion had been asked for: it is counted until its deadline, and may have ended before."""
    end = max(min(until, now), meter.since)
    return Guess(meter, end, usd(meter.hourly_usd, max(end - max(seen, meter.since), timedelta())))


def _replaced(meter: Meter, birth: datetime, now: datetime, grace: timedelta) -> Guess:
    """It is counted until its replacement was made, and may have drained after that."""
    end = min(birth, now)
    return Guess(meter, end, usd(meter.hourly_usd, min(grace, now - end)))


def _unknown(meter: Meter, seen: datetime, now: datetime) -> Guess:
    """Nothing is known but that it ended: it is counted for half of the time that nobody saw."""
    half = (now - seen) // 2
    half -= timedelta(microseconds=half.microseconds)
    return Guess(meter, max(seen + half, meter.since), usd(meter.hourly_usd, now - seen - half))
