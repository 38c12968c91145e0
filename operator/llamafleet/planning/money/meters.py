"""One pod followed to the present: what its meter says after a look, and what of it goes into the sums."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from llamafleet.api.ledger import ZERO, Meter
from llamafleet.planning.money.bill import usd
from llamafleet.planning.money.lifetime import Lifetime, end_of

Charge = tuple[Meter, datetime]
"""A meter, and until when it goes into the sums."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at one pod found, or at all of them.

    Attributes:
        meters: the pods that go on to cost.
        charges: what has to go into the sums.
        tokens: the tokens that were worked through since the last reading.
        uncertain_usd: by how much the charges may be wrong, US dollars.
        instant: the latest instant that anybody's clock has shown.
    """

    meters: tuple[Meter, ...]
    charges: tuple[Charge, ...]
    tokens: int = 0
    uncertain_usd: Decimal = ZERO
    instant: datetime | None = None


def follow(old: Meter | None, life: Lifetime, now: datetime, begin: datetime) -> Look:
    """One pod, which has a node; begin is that of the month."""
    meter = old or Meter(uid=life.uid, since=life.bound or life.created, hourly_usd=life.hourly_usd)
    # What a pod did before a ledger was begun may belong to another month, as its time does.
    tokens = _tokens(meter, life) if old or meter.since >= begin else 0
    meter = _updated(meter, life, now)
    if life.over:
        end = end_of(life, meter, old.requested if old else None, now)
        return Look((), ((meter, end.at),), tokens, usd(meter.hourly_usd, end.doubt))
    if life.hourly_usd is None or life.hourly_usd == meter.hourly_usd:
        # A price that is not known any more is no reading: what there was goes on.
        return Look((meter,), (), tokens)
    turn = max(now, meter.since)
    earlier = meter.earlier_usd if turn == meter.since else None
    prices = {
        "hourly_usd": life.hourly_usd,
        "earlier_usd": (meter.hourly_usd or ZERO) if earlier is None else earlier,
    }
    return Look((begun(meter, turn).model_copy(update=prices),), ((meter, turn),), tokens)


def _updated(meter: Meter, life: Lifetime, now: datetime) -> Meter:
    """What the pod's last state adds to what is known of it."""
    instants = [instant for instant in (meter.requested, life.requested) if instant]
    untils = [instant for instant in (meter.until, life.until) if instant]
    news: dict[str, Any] = {
        "ready": meter.ready or life.ready,
        "requested": min(instants, default=None),
        # A last deletion moves the deadline; only the end of the server is better than the first deadline.
        "until": life.until if life.finished else max(untils, default=None),
        "crashed": meter.crashed or life.crashed,
        "tokens": meter.tokens if life.tokens is None else life.tokens,
        **_idleness(meter, life, now),
    }
    changed = {field: value for field, value in news.items() if value != getattr(meter, field)}
    return meter.model_copy(update=changed) if changed else meter


def _idleness(meter: Meter, life: Lifetime, now: datetime) -> dict[str, Any]:
    """Whether the pod is idle now, and for how long it was before; nothing once it is on its way out."""
    if life.over or life.requested:
        return {}
    if life.idle and (meter.ready or life.ready):
        return {"idle_since": meter.idle_since or now}
    if meter.idle_since is None:
        return {}
    length = max(timedelta(), now - meter.idle_since)
    return {"idle_since": None, "idle_seconds": meter.idle_seconds + length // timedelta(seconds=1)}


def _tokens(meter: Meter, life: Lifetime) -> int:
    """How many tokens are new; a counter that fell began at zero again."""
    if life.tokens is None:
        return 0
    before = meter.tokens or 0
    return life.tokens - before if life.tokens >= before else life.tokens


def begun(meter: Meter, instant: datetime) -> Meter:
    """The meter from an instant on, when what was before is in the sums."""
    if meter.since >= instant:
        return meter
    idle_since = meter.idle_since and max(meter.idle_since, instant)
    return meter.model_copy(
        update={"since": instant, "earlier_usd": None, "idle_since": idle_since, "idle_seconds": 0}
    )
