"""What a fleet of a cluster really cost, by the ledger in its status: by what its GPUs did for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from llamafleet.api.ledger import LastMonth, Ledger, Phases
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.money.days import Today, last_month, this_month, today
from llamafleet.planning.money.freshness import counted_until
from llamafleet.planning.money.months import CalendarMonth, month_of
from llamafleet.planning.schedule.localtime import zone_of

WORDS: Final[Mapping[str, str]] = {
    "loading": "loading: from the node until ready",
    "serving": "serving",
    "idle": "idle: ready, and without a request",
    "draining": "draining: from the request to delete a pod until it was gone",
    "failed_start": "failed starts: pods that ended before they were ready",
}
"""What the GPUs did, in words."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent.

    Attributes:
        ledger: the account.
        month: the present month, in the zone of the ledger.
        phases: what was spent in it, by what the GPUs did.
        today: what was spent today.
        last: what the month before came to; None: it was not watched.
        until: until when that is counted, UTC.
    """

    ledger: Ledger
    month: CalendarMonth
    phases: Phases
    today: Today
    last: LastMonth | None
    until: datetime


def spent(status: LlamaDeploymentStatus, now: datetime) -> Spent | None:
    """What was spent until now; None where no status says: a resource of a file, or one that never ran.

    Raises:
        InvalidSpec: the zone of the ledger is unknown here.
    """
    ledger = status.cost.ledger if status.cost else None
    if ledger is None:
        return None
    until = counted_until(ledger, now)
    return Spent(
        ledger=ledger,
        month=month_of(now, zone_of(ledger.time_zone)),
        phases=this_month(ledger, now, until),
        today=today(ledger, now, until),
        last=last_month(ledger, now),
        until=until,
    )
