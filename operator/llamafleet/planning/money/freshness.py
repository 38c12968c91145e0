"""How long a ledger speaks for the pods in it. Pure.

The operator writes a ledger with pods in it at the first look after a quarter of an hour, and looks at least
every quarter of an hour. For so long the money of pods that exist is counted on to the present second; after
it nobody knows whether they still exist.
"""

from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.ledger import Ledger
from llamafleet.planning.money.ledger import REFRESH

LONGEST: Final = REFRESH + timedelta(minutes=17)
"""How old a ledger with pods in it becomes while the operator works: what makes it due, a quarter of an hour
at the most until the next look, and two minutes for a busy queue."""


def counted_until(ledger: Ledger, now: datetime) -> datetime:
    """Until when the pods of a ledger are known to cost: now, unless it should have been written since."""
    return min(max(now, ledger.at), ledger.at + LONGEST) if ledger.meters else max(now, ledger.at)
