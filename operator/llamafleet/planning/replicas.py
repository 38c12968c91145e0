"""How many replicas: a chain of rules, each of which maps a count to a count and says why.

The order is the policy: a later rule has the last word. Nothing here reads a queue or a
clock: what the queue asks for was found before.
"""

from collections.abc import Callable

from llamafleet.planning.situation import Reason, Situation
from llamafleet.planning.within_budget import within_budget
from llamafleet.planning.within_window import within_window

Rule = Callable[[Situation, int], Reason | None]
"""A rule says nothing when its field is not used."""


def demand(case: Situation, _count: int) -> Reason:
    """What is asked for."""
    return case.demand.reason


def within_bounds(case: Situation, count: int) -> Reason | None:
    """What spec.scaling allows, or also what a window that holds the fleet open allows beyond that."""
    if case.spec.scaling is None:
        return None
    low, high = case.bounds
    lower, higher = case.opening.bounds.over(low, high)
    name = case.opening.window or case.opening.coming
    more = f", {name} {lower} to {higher}" if lower < low or higher > high else ""
    message = f"spec.scaling allows {low} to {high}{more}."
    return Reason("within_bounds", min(max(count, min(low, lower)), max(high, higher)), message)


def suspended(case: Situation, _count: int) -> Reason | None:
    """Zero while the author suspends the fleet."""
    return Reason("suspended", 0, "spec.suspend is true.") if case.spec.suspend else None


CHAIN: tuple[Rule, ...] = (
    demand,  # what is asked for
    within_bounds,  # what the author insists on
    within_window,  # what the hour allows
    within_budget,  # what the money allows
    suspended,  # zero
)


def decide(case: Situation) -> tuple[Reason, ...]:
    """The reasons of every rule that had something to say; the last one carries the decision."""
    count, reasons = 0, []
    for rule in CHAIN:
        reason = rule(case, count)
        if reason is not None:
            count = reason.replicas
            reasons.append(reason)
    return tuple(reasons)


def ceiling(case: Situation, count: int) -> int:
    """What is left of a count when nobody asks for fewer: what the author, the hour and the money allow."""
    for rule in CHAIN[1:]:
        reason = rule(case, count)
        count = count if reason is None else reason.replicas
    return count
