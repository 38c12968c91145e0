"""The operator's own decisions as a policy of the simulator: the very chain of rules, look by look.

What stands around the chain in a cluster is stood in for here: the account is kept from the simulated
replicas, and what an earlier decision left to remember stays in this object instead of the status.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.memory import NO_MEMORY, Memory
from llamafleet.planning.assess import assess
from llamafleet.planning.coldstart import ColdStarts, kind
from llamafleet.planning.demand import STEP as DEMAND
from llamafleet.planning.earlyclosing import NOTHING, EarlyClosing
from llamafleet.planning.money.months import month_of
from llamafleet.planning.replicas import decide
from llamafleet.planning.scaling.signals import QUEUE_LOOK, QUEUED, Signals
from llamafleet.planning.schedule.localtime import zone_of
from llamafleet.planning.situation import Observation, Reason, Situation
from llamafleet.planning.sizing.shape import Shape
from llamafleet.planning.within_budget import STEP as BUDGET
from llamafleet.simulation.policy import Policy
from llamafleet.simulation.view import NOTHING as NO_FLEET
from llamafleet.simulation.view import View

_HOUR: Final = Decimal(3600)
_NEVER_LOOKED: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a simulated fleet stands on.

    Attributes:
        spec: what the author wants.
        shape: one replica.
        start: the instant at which the trace begins, UTC.
        cold_start_seconds: what earlier starts have taught.
    """

    spec: LlamaDeploymentSpec
    shape: Shape
    start: datetime
    cold_start_seconds: float

    @property
    def taught(self) -> ColdStarts:
        """The cold starts that the operator has watched before."""
        seconds = max(1, round(self.cold_start_seconds))
        return ColdStarts((seconds,), kind(self.shape.checkpoint, self.shape.pool.gpu.key))


class Operator(Policy):
    """The operator, with a waker: windows, money, suspension and the queue decide as they do in a cluster.

    Attributes:
        steps: how many looks each rule decided: the last one that changed the count.
    """

    interval_seconds: ClassVar[float] = QUEUE_LOOK.total_seconds()
    wake_seconds: ClassVar[float | None] = 1.0
    """The operator asks the wakers every second whether they hold requests."""

    def __init__(self, ground: Ground) -> None:
        """Nothing was decided yet."""
        self.steps: dict[str, int] = {}
        self._ground = ground
        self._starts = ground.taught
        self._zone = zone_of(ground.spec.schedule.time_zone if ground.spec.schedule else "UTC")
        self._account = _Account(ground.shape)
        self._kept = _Kept()
        self._looked_s: float | None = None

    def look(self, view: View) -> int:
        """What the chain decides."""
        now = self._ground.start + timedelta(seconds=round(view.now_s))
        self._account.turn(now, view, self._month_end)
        self._starts = self._starts.with_more([round(seconds) for seconds in view.cold_starts])
        if self._sleeps(view, now):
            return 0
        case = assess(self.wish(view), self._ground.shape, self._observation(view, now))
        reasons = decide(case)
        self._looked_s = view.now_s
        return self._keep(case, reasons, view)

    def first(self) -> int:
        """What the chain decides for a fleet that does not run, at the beginning of the trace."""
        seen = Observation(now=self._ground.start, replicas=None, cold_starts=self._starts, can_wake=True)
        return decide(assess(self.wish(NO_FLEET), self._ground.shape, seen))[-1].replicas

    def wish(self, _view: View) -> LlamaDeploymentSpec:
        """The spec at a look."""
        return self._ground.spec

    def _month_end(self, now: datetime) -> datetime:
        return month_of(now, self._zone).end

    def _sleeps(self, view: View, now: datetime) -> bool:
        """Whether nothing runs and nothing can have changed: then the operator does not look either."""
        quiet = not (view.ready or view.coming or view.draining or view.waiting)
        return quiet and self._kept.replicas == 0 and now < self._kept.wake

    def _observation(self, view: View, now: datetime) -> Observation:
        kept = self._kept
        return Observation(
            now=now,
            replicas=kept.replicas if kept.replicas is not None else view.ready or None,
            cold_starts=self._starts,
            spent_usd=self._account.spent_usd(view),
            paid=view.ready + view.coming + view.draining,
            warming_for=kept.warming_for,
            idle=None if view.coming or not view.ready else not view.active,
            early=kept.early,
            was_closed=kept.closed,
            signals=self._signals(view),
            memory=kept.memory,
            can_wake=True,
        )

    def _signals(self, view: View) -> Signals:
        crowded = view.waiting >= QUEUED * view.ready
        return Signals(
            ready=view.ready,
            coming=view.coming,
            waiting=view.waiting,
            running=view.running,
            seconds=None if self._looked_s is None else view.now_s - self._looked_s,
            finished=view.finished,
            prompt_tokens=view.prompt_tokens,
            generation_tokens=view.generation_tokens,
            kv_usage=view.kv_usage,
            crowded=view.ready if crowded else 0,  # one queue for all: nobody rests while requests wait
            crowded_running=view.running if crowded else 0,
        )

    def _keep(self, case: Situation, reasons: tuple[Reason, ...], view: View) -> int:
        """Remember what the status would; the count."""
        count, step = reasons[-1].replicas, _decisive(reasons)
        self.steps[step] = self.steps.get(step, 0) + 1
        is_open = case.opening.open and case.early.until is None
        by_hand = case.spec.suspend or (self._ground.spec is case.spec and case.spec.replicas == 0)
        ruled_out = not count and (step != DEMAND or by_hand)
        self.refusing = ruled_out or not (is_open or view.ready)
        spent = step == BUDGET
        self._kept = _Kept(
            replicas=count,
            memory=case.demand.memory,
            early=case.early,
            closed=not is_open,
            warming_for=case.opening.next_open if count and not is_open else None,
            wake=case.seen.now if spent else min(case.opening.wake, case.outlook.month.end),
        )
        return count


class Driven(Operator):
    """Another autoscaler that writes ``spec.replicas``, inside the windows and the money of the operator."""

    def __init__(self, ground: Ground, driver: Policy, most: int) -> None:
        """Nothing was decided yet.

        Args:
            ground: what the fleet stands on.
            driver: decides; the rhythm of looks is its own.
            most: more replicas it may not ask for.
        """
        super().__init__(ground)
        self._driver = driver
        self._most = most
        self._asked: int | None = None
        self._specs: dict[int, LlamaDeploymentSpec] = {}
        self.interval_seconds = driver.interval_seconds  # type: ignore[misc]  # one object serves one run
        self.wake_seconds = driver.wake_seconds  # type: ignore[misc]

    def wish(self, view: View) -> LlamaDeploymentSpec:
        """The spec with what the driver asks for.

        It sees as wanted what it asked for itself, as in the scale subresource, not what hours and money left
        of that. Before it has asked, that is one replica at least, the default of ``spec.replicas``.
        """
        asked = max(view.wanted, 1) if self._asked is None else self._asked
        self._asked = count = min(self._driver.look(replace(view, wanted=asked)), self._most)
        if count not in self._specs:
            changed = {"replicas": count, "scaling": None}
            self._specs[count] = self._ground.spec.model_copy(update=changed)
        return self._specs[count]

    def _sleeps(self, _view: View, _now: datetime) -> bool:
        """Its driver looks all the time."""
        return False


@dataclass(frozen=True, slots=True)
class _Kept:
    """What one decision leaves for the next, as the status does."""

    replicas: int | None = None
    memory: Memory = NO_MEMORY
    early: EarlyClosing = NOTHING
    closed: bool = False
    warming_for: datetime | None = None
    wake: datetime = _NEVER_LOOKED


class _Account:
    """What the present month has cost; it begins with nothing spent."""

    def __init__(self, shape: Shape) -> None:
        self._hourly_usd = shape.hourly_usd or Decimal(0)
        self._begun_s = 0.0
        self._end: datetime | None = None

    def turn(self, now: datetime, view: View, end_of: Callable[[datetime], datetime]) -> None:
        """Begin anew with the month."""
        if self._end is None or now >= self._end:
            self._begun_s = view.billed_s if self._end is not None else 0.0
            self._end = end_of(now)

    def spent_usd(self, view: View) -> Decimal:
        """US dollars, to the second."""
        return round(view.billed_s - self._begun_s) * self._hourly_usd / _HOUR


def _decisive(reasons: tuple[Reason, ...]) -> str:
    """The last rule that changed the count; the demand where none did."""
    before = None
    step = reasons[0].step
    for reason in reasons:
        if before is not None and reason.replicas != before:
            step = reason.step
        before = reason.replicas
    return step
