"""The account that a deleted resource leaves to a namesake."""

from datetime import datetime, timedelta

from llamafleet.api.ledger import Ledger
from llamafleet.planning.money.lifetime import TEARDOWN


def left_behind(ledger: Ledger, now: datetime, grace: timedelta) -> Ledger:
    """The account as it stands when the resource is gone: the garbage collector deletes its pods.

    Nobody watches how they end. So it is written down when they will be gone at the latest.

    Args:
        ledger: the account of the last status.
        now: when the resource was found to be gone, UTC.
        grace: how long a pod may take from the request to delete it until it is gone.
    """
    meters = tuple(
        meter.model_copy(
            update={
                "requested": meter.requested or now,
                "until": meter.until or now + grace + TEARDOWN,
            }
        )
        for meter in ledger.meters
    )
    return ledger.model_copy(update={"meters": meters})
