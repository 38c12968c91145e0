"""What becomes of a fleet whose spec is refused: it keeps its last safe state.

Closed stays closed; open stays open until its end, which the last decision wrote down, or until its money is
spent. A fleet that its author suspends, or a person closes, sleeps, whatever else the spec says.
"""

from datetime import datetime
from decimal import Decimal

from llamafleet.api.cost import OnExhausted
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.status import StatusSchedule
from llamafleet.errors import InvalidSpec


def is_over(last: StatusSchedule | None, now: datetime) -> bool:
    """Whether the hour says that it sleeps.

    Args:
        last: what the last decision said of the schedule; None: it was always open.
        now: the instant, UTC.
    """
    if last is None:
        return False
    return not last.open or (last.next_transition is not None and last.next_transition <= now)


def is_spent(llama: LlamaDeployment | InvalidSpec, spent_usd: Decimal) -> bool:
    """Whether the money says that it sleeps, where the spec can be read so far.

    Args:
        llama: the resource, or why its spec cannot be read.
        spent_usd: what was spent this month, US dollars.
    """
    cost = None if isinstance(llama, InvalidSpec) else llama.spec.cost
    if cost is None or cost.monthly_budget is None or cost.on_exhausted is not OnExhausted.SHUTDOWN:
        return False
    return spent_usd >= cost.monthly_budget
