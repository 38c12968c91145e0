"""What was spent on one day, as a clock on the wall of the ledger's zone shows it.

Of pods that exist it is computed from their own instants. Of those that are gone the ledger keeps what of the
month's sums is of the day of their last change. At midnight nothing has to be written: the day says itself
which one it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from llamafleet.api.ledger import ZERO, DaySpent, LastMonth, Ledger, Phases
from llamafleet.planning.money.bill import ahead_usd, bill, total
from llamafleet.planning.money.meters import Charge, begun
from llamafleet.planning.money.months import month_before, month_of
from llamafleet.planning.schedule.localtime import day_begin, zone_of


@dataclass(frozen=True, slots=True)
class Today:
    """What was spent on the present day.

    Attributes:
        date: the day, in the ledger's zone.
        usd: US dollars.
        since: from when on pods that are gone are in it, UTC; None: all of the day.
    """

    date: date
    usd: Decimal
    since: datetime | None


def today(ledger: Ledger, now: datetime, until: datetime | None = None) -> Today:
    """What was spent since the last midnight of the ledger's zone.

    Args:
        ledger: the account.
        now: the instant that says which day it is, UTC.
        until: until when the pods that exist are counted; None: until now.

    Raises:
        InvalidSpec: the zone is unknown.
    """
    zone = zone_of(ledger.time_zone)
    day = now.astimezone(zone).date()
    begin = day_begin(day, zone)
    known = _known(ledger, zone)
    if known is None or known.date != day.isoformat():
        known = DaySpent(date=day.isoformat())
    return Today(day, known.usd + _running(ledger, begin, until or now).usd, known.since)


def this_month(ledger: Ledger, now: datetime, until: datetime | None = None) -> Phases:
    """What was spent this month, though it may have turned since the last look.

    Args:
        ledger: the account.
        now: the instant that says which month it is, UTC.
        until: until when the pods that exist are counted; None: until now.

    Raises:
        InvalidSpec: the zone is unknown.
    """
    month = month_of(now, zone_of(ledger.time_zone))
    settled = ledger.spent if ledger.month >= month.label else Phases()
    return total([settled, _running(ledger, month.begin, until or now)])


def last_month(ledger: Ledger, now: datetime) -> LastMonth | None:
    """What the month before came to; None when it was not watched.

    Raises:
        InvalidSpec: the zone is unknown.
    """
    zone = zone_of(ledger.time_zone)
    month = month_of(now, zone)
    if ledger.month >= month.label:
        return ledger.last_month
    if ledger.month != month_before(month, zone).label:
        return None
    ran = _running(ledger, month_before(month, zone).begin, month.begin)
    return LastMonth(month=ledger.month, usd=ledger.spent.usd + ran.usd)


def day_after(before: Ledger, charges: Sequence[Charge], now: datetime, zone_name: str) -> DaySpent | None:
    """What is known of the day after charges went into the sums; before is already of this month.

    Raises:
        InvalidSpec: the zone is unknown.
    """
    zone = zone_of(zone_name)
    known = _known(before, zone)
    if not charges:
        return known
    day = max(now.astimezone(zone).date().isoformat(), known.date if known else "")
    if known is None or known.date != day:
        known = DaySpent(date=day)
    more = _of_day(charges, day_begin(date.fromisoformat(day), zone))
    return known.model_copy(update={"usd": max(ZERO, known.usd + more)})


def _known(ledger: Ledger, zone: ZoneInfo) -> DaySpent | None:
    """What a checkpoint says of its day, by this zone.

    One that another release or for another zone wrote does not say what of its sums is of which day: they
    end at its last look.
    """
    if not ledger.spent.usd:
        return None
    if ledger.day is not None and ledger.time_zone == zone.key:
        return ledger.day
    return DaySpent(date=ledger.at.astimezone(zone).date().isoformat(), since=ledger.at)


def _running(ledger: Ledger, begin: datetime, until: datetime) -> Phases:
    """What the pods that exist have cost since an instant."""
    return total([bill(begun(meter, begin), min(until, meter.until or until)) for meter in ledger.meters])


def _of_day(charges: Iterable[Charge], begin: datetime) -> Decimal:
    """What of charges is of the time since an instant, US dollars; less what was billed ahead of it."""
    return sum((_part(charge, begin) for charge in charges), ZERO)


def _part(charge: Charge, begin: datetime) -> Decimal:
    meter, end = charge
    if end >= meter.since:
        return bill(begun(meter, begin), end).usd
    return -ahead_usd(meter, max(timedelta(), meter.since - max(end, begin)))
