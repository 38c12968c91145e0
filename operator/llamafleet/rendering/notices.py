"""The events of one decision: what is news beside the last status."""

from collections.abc import Iterator

from llamafleet.api.ledger import Ledger
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.plan import Plan
from llamafleet.rendering import hours, money
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.notice import Notice


def notices(
    fleet: Fleet, before: LlamaDeploymentStatus, ledger: Ledger | None, *, deployed: bool = True
) -> Iterator[Notice]:
    """What people should hear of.

    Args:
        fleet: what there is to say now.
        before: the last status.
        ledger: the account as it stood then; None: there was none.
        deployed: whether the Deployment follows the decision; else it has neither opened nor closed yet.
    """
    if isinstance(fleet.plan, Plan):
        if deployed:
            yield from hours.notices(fleet.plan.case, before)
        yield from money.notices(fleet.plan, fleet, before, ledger)
    elif fleet.asleep:
        yield from hours.asleep(before)
