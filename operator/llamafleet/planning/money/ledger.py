"""The ledger: what the pods of a fleet have cost this month, from their lifetimes and a checkpoint.

A pod that exists is never added up look by look: its bill is computed from its own instants each time. The
checkpoint only says from when on, and keeps the sums of what cannot be seen again. So a second look at the
same pods changes nothing, and two operators that start from the same checkpoint write the same.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from llamafleet.api.ledger import MAX_METERS, ZERO, LastMonth, Ledger, Phases
from llamafleet.planning.money.bill import ahead_usd, bill, less, total, usd
from llamafleet.planning.money.days import day_after
from llamafleet.planning.money.lifetime import Lifetime
from llamafleet.planning.money.meters import Charge, Look, begun, follow
from llamafleet.planning.money.months import CalendarMonth, month_before, month_called, month_of
from llamafleet.planning.money.vanished import Guess, guesses
from llamafleet.planning.schedule.localtime import zone_of

REFRESH: Final = timedelta(minutes=15)
"""How old a checkpoint with meters may become before it is written again though nothing happened. It bounds
what is not known of a pod that vanishes while the operator is down: half of the downtime and of this."""


def settle(
    before: Ledger | None,
    pods: Sequence[Lifetime],
    now: datetime,
    zone_name: str,
    grace: timedelta,
    version: int | None = None,
) -> Ledger:
    """The checkpoint after a look at the pods.

    It is the checkpoint before, the same object, when nothing happened but that time went by; then there is
    nothing to write until :data:`REFRESH`.

    Args:
        before: the last checkpoint; None: there is none yet.
        pods: every pod that exists, and those whose removal was seen since, until they are settled.
        now: the instant, UTC. When the clock was stepped back nothing is taken back.
        zone_name: the zone in which the month turns.
        grace: how long a pod may take from the request to delete it until it is gone.
        version: up to which resource version everything about pods was known; None: nobody says.

    Raises:
        InvalidSpec: the zone is unknown.
    """
    now, zone = now.replace(microsecond=0), zone_of(zone_name)
    month = month_of(now, zone)
    if before and before.month > month.label:
        month = month_called(before.month, zone)
    last = month_before(month, zone)
    is_late = _is_late(before, version, now)
    look = _look(before, _distinct(pods, before), now, grace, month.begin, is_late=is_late)
    after = _entered(_turned(before, now, month, last), look, now, (month, last), zone_name)
    known = before.pods_version if before and is_late else version
    after = after.model_copy(update={"time_zone": zone_name, "pods_version": known})
    return before if before and _is_no_news(before, after, now) else after


def phases(ledger: Ledger, now: datetime) -> Phases:
    """What was spent this month until an instant, by phase, in USD."""
    return total([ledger.spent, *(bill(meter, min(now, meter.until or now)) for meter in ledger.meters)])


def spent(ledger: Ledger, now: datetime) -> Decimal:
    """What was spent this month until an instant, in USD."""
    return phases(ledger, now).usd


def _distinct(pods: Iterable[Lifetime], before: Ledger | None) -> list[Lifetime]:
    """Each pod once, without those that are over and in the sums already, oldest first."""
    known = {meter.uid for meter in before.meters} if before else set()
    found: dict[str, Lifetime] = {}
    for life in pods:
        # Whoever was known at the last look, but has no meter, was settled at that look. A view that is
        # behind may still show it.
        is_settled = before and life.uid not in known and _is_covered(before, life)
        if not is_settled and (life.over or life.uid not in found):
            found[life.uid] = life
    return sorted(found.values(), key=lambda life: (life.created, life.uid))


def _is_covered(before: Ledger, life: Lifetime) -> bool:
    """Whether a pod without a meter is in the sums."""
    if life.over:
        return before.covers(life.bound or life.created, life.version)
    knows = before.pods_version is not None and life.version is not None
    return knows and life.bound is not None and before.covers(life.bound, life.version)


def _is_late(before: Ledger | None, version: int | None, now: datetime) -> bool:
    """Whether the view of the pods is behind the checkpoint, which another process has written.

    A silent watch is noticed after 90 s; what lasts for longer is a cluster whose versions began anew.
    """
    if before is None or before.pods_version is None or version is None:
        return False
    return version < before.pods_version and now - before.at < REFRESH


def _look(
    before: Ledger | None,
    lives: Sequence[Lifetime],
    now: datetime,
    grace: timedelta,
    begin: datetime,
    *,
    is_late: bool,
) -> Look:
    """Every pod followed to the present."""
    old = {meter.uid: meter for meter in before.meters} if before else {}
    lost, waiting = guesses(before, lives, now, grace, is_late=is_late) if before else ((), ())
    # A view that is behind may show a pod without the node that it has.
    paid = [life for life in lives if life.bound or life.uid in old]
    followed = [follow(old.get(life.uid), life, now, begin) for life in paid]
    return Look(
        meters=(*(meter for one in followed for meter in one.meters), *waiting),
        charges=(
            *(charge for one in followed for charge in one.charges),
            *((guess.meter, guess.end) for guess in lost),
        ),
        tokens=sum(one.tokens for one in followed),
        uncertain_usd=_doubt(lost) + _doubt(followed),
        instant=max((life.latest_instant for life in lives), default=None),
    )


def _doubt(found: Iterable[Guess | Look]) -> Decimal:
    return sum((one.uncertain_usd for one in found), ZERO)


def _entered(
    before: Ledger, look: Look, now: datetime, months: tuple[CalendarMonth, CalendarMonth], zone_name: str
) -> Ledger:
    """The checkpoint with what a look found; before is already of this month, the first of the two."""
    month, last = months
    charges = (*look.charges, *((meter, month.begin) for meter in look.meters if meter.since < month.begin))
    metered = (*look.meters, *(meter for meter, _ in charges))
    meters = sorted(
        (begun(meter, month.begin) for meter in look.meters), key=lambda meter: (meter.since, meter.uid)
    )
    return before.model_copy(
        update={
            "at": max(now, before.at, look.instant or now),
            "spent": _this_month(before.spent, charges, month),
            "uncertain_usd": before.uncertain_usd + look.uncertain_usd,
            "last_month": before.last_month and _last_month(before.last_month, charges, last),
            "tokens": before.tokens + look.tokens,
            "day": day_after(before, charges, now, zone_name),
            "unpriced": before.unpriced or any(meter.hourly_usd is None for meter in metered),
            "meters": tuple(meters[:MAX_METERS]),
        }
    )


def _this_month(spent: Phases, charges: Sequence[Charge], month: CalendarMonth) -> Phases:
    """The sums of the month with the part of the charges that lies in it."""
    if not charges:
        return spent
    after = total([spent, *(bill(begun(meter, month.begin), end) for meter, end in charges)])
    return less(after, _ahead(charge for charge in charges if charge[0].since > month.begin))


def _last_month(last: LastMonth, charges: Sequence[Charge], month: CalendarMonth) -> LastMonth:
    """The sum of the month before with the part of the charges that lies in it."""
    more = sum(
        (
            usd(meter.hourly_usd, max(timedelta(), min(end, month.end) - max(meter.since, month.begin)))
            for meter, end in charges
        ),
        ZERO,
    )
    less_usd = _ahead(charge for charge in charges if charge[0].since <= month.end)
    return LastMonth(month=last.month, usd=max(ZERO, last.usd + more - less_usd))


def _ahead(charges: Iterable[Charge]) -> Decimal:
    """What was billed for time after the end of a pod, because the clock was ahead when a sum was closed."""
    ended = [(meter, meter.since - end) for meter, end in charges if end < meter.since]
    return sum((ahead_usd(meter, length) for meter, length in ended), ZERO)


def _turned(before: Ledger | None, now: datetime, month: CalendarMonth, last: CalendarMonth) -> Ledger:
    """The checkpoint at the beginning of a look, with the sums of its month."""
    if before is None:
        return Ledger(month=month.label, at=now)
    if before.month == month.label:
        return before
    usd_before = before.spent.usd if before.month == last.label else ZERO
    return Ledger(
        month=month.label,
        at=before.at,
        last_month=LastMonth(month=last.label, usd=usd_before),
        meters=before.meters,
    )


def _is_no_news(before: Ledger, after: Ledger, now: datetime) -> bool:
    """Whether only time went by, and not yet too much of it."""
    if _still(before) != _still(after):
        return False
    return not after.meters or now - before.at < REFRESH


def _still(ledger: Ledger) -> Ledger:
    """A checkpoint without what every look changes."""
    meters = tuple(meter.model_copy(update={"tokens": None}) for meter in ledger.meters)
    passing = {"at": None, "pods_version": None, "tokens": 0, "day": None, "meters": meters}
    return ledger.model_copy(update=passing)
