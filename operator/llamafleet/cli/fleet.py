"""What ``llamafleet windows`` and ``llamafleet cost`` ask first: one replica, its price, and how many.

The shape is the one that the operator would take for a fleet that does not run yet. Pure.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.schedule import Schedule
from llamafleet.cli.answer import Question
from llamafleet.cli.chosen import other_choice
from llamafleet.errors import DoesNotFit
from llamafleet.planning.coldstart import expected, lead
from llamafleet.planning.plan import Observation, Shape, plan
from llamafleet.planning.schedule.checks import check_schedule, too_short
from llamafleet.planning.schedule.localtime import zone_of
from llamafleet.planning.sizing.pools import resolve

UTC_NAME: Final = "UTC"
"""The time zone of a fleet without a schedule."""


@dataclass(frozen=True)
class Fleet:
    """A fleet as its resource describes it, before anything runs.

    Attributes:
        question: what was asked.
        shape: one replica; None when nothing fits.
        refusal: why nothing fits, as a sentence; empty when it does.
        low: the fewest replicas outside of windows with a bound of their own.
        high: the most replicas, likewise.
    """

    question: Question
    shape: Shape | None
    refusal: str
    low: int
    high: int

    @property
    def schedule(self) -> Schedule | None:
        """When it is open; None: always."""
        return self.question.llama.spec.schedule

    @property
    def time_zone(self) -> str:
        """The name of the zone in which its days begin."""
        return self.schedule.time_zone if self.schedule else UTC_NAME

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which its days begin."""
        return zone_of(self.time_zone)

    @property
    def hourly_usd(self) -> Decimal | None:
        """What one replica costs per hour, US dollars; None when nothing fits or no price is known."""
        return self.shape.hourly_usd if self.shape else None

    @property
    def lead(self) -> timedelta | None:
        """How long before an opening replicas start, before any start was watched; None when not known."""
        early = self.schedule.pre_warm if self.schedule else timedelta()
        if isinstance(early, timedelta):
            return early
        return lead(early, expected(self.shape)) if self.shape else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences: why it cannot run, cost or open as it stands."""
        found = [self.refusal] if self.refusal else []
        if self.shape and self.shape.price_problem:
            found.append(f"{self.shape.price_problem}.")
        if self.question.llama.spec.suspend:
            found.append("spec.suspend is true: nothing runs and nothing is paid until that is changed.")
        if self.shape and self.schedule:
            found += too_short(self.schedule, expected(self.shape))
        if self.shape:
            found += other_choice(self.question.llama.status.plan, self.shape)
        return tuple(found)


def fleet(question: Question) -> Fleet:
    """The fleet that a resource asks for.

    Raises:
        InvalidSpec: a field must be changed, whatever GPUs there are.
    """
    spec = question.llama.spec
    if spec.schedule:
        check_schedule(spec.schedule)
    low, high = bounds(spec)
    try:
        shape, refusal = _shape(question), ""
    except DoesNotFit as refused:
        shape, refusal = None, f"{refused}."
    return Fleet(question, shape, refusal, low, high)


def bounds(spec: LlamaDeploymentSpec) -> tuple[int, int]:
    """The fewest and the most replicas where no window says others: spec.scaling, spec.replicas, or one."""
    if spec.scaling is not None:
        return spec.scaling.min_replicas, spec.scaling.max_replicas
    count = 1 if spec.replicas is None else spec.replicas
    return count, count


def _shape(question: Question) -> Shape:
    """One replica, as the operator would decide for a fleet that does not run; refused as it would refuse."""
    spec, known = question.llama.spec, question.known
    nothing_runs = Observation(now=question.now, replicas=None)
    return plan(spec, resolve(question.pools, known=known), nothing_runs, known, question.own).shape
