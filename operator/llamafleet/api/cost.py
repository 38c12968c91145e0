"""``spec.cost``: what the fleet may cost, and what happens at the limit."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from llamafleet.api.base import Obeys, Record, Rule
from llamafleet.api.scalars import Money


class OnExhausted(StrEnum):
    """What happens when the money is spent."""

    SHUTDOWN = "Shutdown"
    FLOOR = "Floor"
    WARN = "Warn"


def _more_than_zero(name: str) -> Rule:
    """A limit under which nothing could ever run is a mistake."""
    return Rule(
        "self.matches('[1-9]')",
        f"spec.cost.{name} must be more than zero; spec.suspend puts a fleet to sleep",
        lambda amount: amount > 0,
    )


class Cost(Record):
    """What the fleet may cost, in USD, and what happens at the limit."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.hourlyLimit) || has(self.monthlyBudget)",
            "spec.cost must have at least one of hourlyLimit and monthlyBudget",
            lambda cost: cost.hourly_limit is not None or cost.monthly_budget is not None,
        ),
    )

    hourly_limit: Annotated[Money, Obeys((_more_than_zero("hourlyLimit"),))] | None = None
    """The most that all replicas together may cost per hour, in USD, as a decimal string.
    Absent: no hourly limit."""

    monthly_budget: Annotated[Money, Obeys((_more_than_zero("monthlyBudget"),))] | None = None
    """The most that all replicas together may cost per calendar month, in USD, as a decimal string; the
    month turns in the schedule's time zone. Absent: no monthly budget."""

    on_exhausted: OnExhausted = OnExhausted.SHUTDOWN
    """What happens when the money is spent: Shutdown (zero replicas), Floor (spec.scaling.minReplicas stay)
    or Warn (only a condition says so). Default Shutdown."""

    compare_with: Annotated[str, Field(max_length=128, pattern=r"^[a-z0-9][a-z0-9./-]*$")] | None = None
    """The API price of the catalogue that the fleet's price per token is compared with. Absent: none."""
