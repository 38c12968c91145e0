"""What a fleet has cost until now, by its status. Pure: the arithmetic is the ledger's own."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from llamafleet.api.ledger import Ledger
from llamafleet.api.scalars import parse_money
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.money.days import this_month, today
from llamafleet.planning.money.freshness import counted_until


@dataclass(frozen=True, slots=True)
class Account:
    """What a fleet has cost, in US dollars; None where nobody knows.

    Attributes:
        today: since midnight in the zone of its schedule.
        month: since the month turned there.
        projected: what the month will have cost, by the operator.
        hourly: what the wanted replicas cost per hour.
        partial_since: today's figure lacks pods that were gone before this instant; None: it lacks none.
        until: the money is counted until this instant, because the operator has not written since; None: it
            is counted until now.
        unpriced: whether pods ran this month without a known price.
    """

    today: Decimal | None = None
    month: Decimal | None = None
    projected: Decimal | None = None
    hourly: Decimal | None = None
    partial_since: datetime | None = None
    until: datetime | None = None
    unpriced: bool = False


NO_ACCOUNT: Final = Account()


def account(status: LlamaDeploymentStatus, now: datetime) -> Account:
    """The account as of now."""
    cost = status.cost
    if cost is None:
        return NO_ACCOUNT
    told = Account(projected=_money(cost.projected_month), hourly=_money(cost.hourly_rate))
    return told if cost.ledger is None else _counted(told, cost.ledger, now)


def _counted(told: Account, ledger: Ledger, now: datetime) -> Account:
    until = counted_until(ledger, now)
    try:
        day, month = today(ledger, now, until), this_month(ledger, now, until).usd
    except InvalidSpec:  # a zone that this machine does not know
        return told
    return Account(
        today=day.usd,
        month=month,
        projected=told.projected,
        hourly=told.hourly,
        partial_since=day.since,
        until=until if until < now else None,
        unpriced=ledger.unpriced,
    )


def _money(text: str | None) -> Decimal | None:
    return None if text is None else parse_money(text)
