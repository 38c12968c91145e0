"""What ``llamafleet simulate`` answers: what a fleet does while a trace of requests comes in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Final

from llamafleet.api.scalars import format_money
from llamafleet.cli.fleet import Fleet
from llamafleet.cli.windows_hours import usd
from llamafleet.planning.schedule.localtime import day_begin
from llamafleet.planning.sizing.words import usd as usd_text
from llamafleet.simulation import Point, Profile, Result, Starts, Trace, profile_for
from llamafleet.simulation.drive import Progress, course, run
from llamafleet.simulation.operator import Ground

SIMULATED: Final = (
    "Simulated: arrivals, one queue, step times, KV cache, cold starts, draining, windows and money, by the "
    "operator's own rules. Not simulated: prefix caching, preemption, speculative decoding, nodes that are "
    "missing, failures, interrupted spot nodes. GPU-hours begin with the request for a replica, so they "
    "include its start."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked beside the fleet.

    Attributes:
        trace: the file, as messages call it.
        policy: what decides the number of replicas.
        starts: how long replicas take from the request for them to their first answer.
        slo_seconds: how long a request may wait.
        start: when the trace begins, UTC.
    """

    trace: str
    policy: str
    starts: Starts
    slo_seconds: int
    start: datetime


@dataclass(frozen=True, slots=True)
class Waits:
    """How long requests waited, in seconds."""

    p50: float
    p95: float
    p99: float
    longest: float
    mean: float


@dataclass(frozen=True)
class Ran:
    """What a simulation came to.

    Attributes:
        policy: what decided, in words.
        result: what happened.
        profile: how fast one replica was taken to be.
        hourly_usd: what one replica costs per hour; None when no price is known.
        decided_by: how many looks each rule decided, the most first.
        slo_seconds: how long a request may wait.
    """

    policy: str
    result: Result
    profile: Profile
    hourly_usd: Decimal | None
    decided_by: Mapping[str, int]
    slo_seconds: float

    @property
    def usd(self) -> Decimal | None:
        """What was paid, US dollars; None when no price is known."""
        length = timedelta(seconds=round(self.result.replica_seconds))
        return None if self.hourly_usd is None else usd(self.hourly_usd, length)

    @cached_property
    def waits(self) -> Waits | None:
        """How long the requests waited that were not refused; None when all were."""
        result = self.result
        if not result.waits:
            return None
        return Waits(
            p50=result.wait_percentile(50),
            p95=result.wait_percentile(95),
            p99=result.wait_percentile(99),
            longest=result.waits[-1],
            mean=sum(result.waits) / len(result.waits),
        )

    @property
    def attainment(self) -> float | None:
        """The share of the requests that were not refused that waited no longer than they may."""
        return 1 - self.result.share_beyond(self.slo_seconds) if self.result.waits else None

    @property
    def series(self) -> Sequence[Point]:
        """The fleet over time."""
        return self.result.series


@dataclass(frozen=True, slots=True)
class SimulateAnswer:
    """What is answered.

    Attributes:
        fleet: whose simulation it is.
        asked: what was asked.
        ran: what happened; None when nothing fits.
        warnings: sentences: what keeps it from running, costing or opening as it should.
    """

    fleet: Fleet
    asked: Asked
    ran: Ran | None
    warnings: Sequence[str]


def simulate_answer(fleet: Fleet, asked: Asked, trace: Trace, progress: Progress = None) -> SimulateAnswer:
    """Simulate the fleet of a resource, if it fits.

    Raises:
        InvalidSpec: the schedule or the budget makes no sense, or nobody measured how fast its replica is.
    """
    shape = fleet.shape
    if shape is None:
        return SimulateAnswer(fleet, asked, None, fleet.warnings)
    profile = profile_for(shape)
    ground = Ground(fleet.question.llama.spec, shape, asked.start, asked.starts.seconds)
    way = course(trace, profile, ground, asked.starts)
    result, decider, words = run(way, asked.policy, asked.slo_seconds, progress)
    steps = dict(sorted(decider.steps.items(), key=lambda item: -item[1]))
    ran = Ran(words, result, profile, shape.hourly_usd, steps, asked.slo_seconds)
    return SimulateAnswer(fleet, asked, ran, (*fleet.warnings, *_unaffordable(fleet)))


def _unaffordable(fleet: Fleet) -> tuple[str, ...]:
    """A sentence when the limit is below the price of one replica."""
    cost, price = fleet.question.llama.spec.cost, fleet.hourly_usd
    limit = cost.hourly_limit if cost else None
    if limit is None or price is None or price <= limit:
        return ()
    rule = f"must be at least {usd_text(price)}, the price of one replica per hour in USD"
    return (f"spec.cost.hourlyLimit = {format_money(limit)}: {rule}; until then the fleet has none.",)


def begin_of_day(fleet: Fleet) -> datetime:
    """The first instant of the present day in the fleet's time zone, UTC."""
    return day_begin(fleet.question.now.astimezone(fleet.zone).date(), fleet.zone).astimezone(UTC)
