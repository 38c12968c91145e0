"""The rule of money: what the hourly limit and the monthly budget still allow."""

from llamafleet.planning.money.budget import Allowance, Counts, allow
from llamafleet.planning.situation import Reason, Situation

STEP = "within_budget"


def within_budget(case: Situation, count: int) -> Reason | None:
    """What the money allows; nothing to say without spec.cost, or where nothing is asked for."""
    if case.spec.cost is None or not count:
        return None
    allowance = allowed(case, count)
    return Reason(STEP, allowance.replicas, allowance.message) if allowance.message else None


def allowed(case: Situation, wanted: int) -> Allowance:
    """What the money allows of so many replicas."""
    scaling, seen = case.spec.scaling, case.seen
    counts = Counts(
        wanted=wanted,
        decided=seen.replicas or 0,
        paid=seen.paid,
        floor=scaling.min_replicas if scaling else 1,
    )
    return allow(case.spec.cost, case.outlook.purse, counts, seen.now)
