"""What must hold of money at the end of a seeded run: each account says what the fleet's pods have cost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from faults.seeded_witnesses import Witnesses
from faults.story import STEADY
from faults.story_seen import Seen
from faults.story_truth import SECOND, Truth
from llamafleet.api.ledger import Ledger
from llamafleet.api.observed import Key
from llamafleet.planning.money.ledger import spent

SHARE = Decimal("0.001")
"""Of what its pods cost, by which an account may be wrong."""


def owing(truth: Truth, known: Witnesses, seen: Seen, fleet: Key) -> Iterator[str]:
    """Whether the account of a fleet is wrong; of one whose prices change nothing is said.

    A pod that is there has one beginning, which the API server says, in whole seconds, to us and to the
    operator alike: nothing is allowed for it. One that is gone ended somewhere between the whole second that
    the API server gave it last and when we heard of it. So the account may say anything between the sums of
    the two, 0.1 % less or more, and what it admits itself not to know (``uncertainUsd``).

    It may lack pods that no operator can know of: those from before a deletion with which the account was
    lost, because nobody who saw it lived on, and those that were never written down, likewise.
    """
    lives = truth.lives(fleet)
    if not seen.ledger or any(one.pool != STEADY for one in lives):
        return
    ledger, now = Ledger.model_validate(seen.ledger), datetime.now(UTC)
    said = spent(ledger, now)
    most = sum((one.seconds(now) * SECOND for one in lives), Decimal(0))
    lost = known.forgotten(fleet)
    sure = [one for one in lives if not (lost and one.bound <= lost) and not known.unseen(one)]
    least = sum(((one.seconds(now) - one.rounding()) * SECOND for one in sure), Decimal(0))
    slack = SHARE * most + ledger.uncertain_usd
    if not least - slack <= said <= most + slack:
        told = [f"{one.bound:%T} to {one.gone:%T.%f}" if one.gone else f"{one.bound:%T}" for one in lives]
        yield (
            f"{fleet}: the account says {said:.2f} USD, in doubt by {ledger.uncertain_usd:.2f}, and "
            f"{len(lives)} pods cost {least:.2f} to {most:.2f} until {now:%T}: {told}; "
            f"the ledger is {seen.ledger}"
        )
