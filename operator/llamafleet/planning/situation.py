"""What one decision about the number of replicas looks at: the wish, what was seen, the hour, the price."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.memory import NO_MEMORY, Memory
from llamafleet.api.scaling import MAX_REPLICAS
from llamafleet.planning.coldstart import NO_STARTS, ColdStarts
from llamafleet.planning.earlyclosing import NOTHING, EarlyClosing
from llamafleet.planning.money.outlook import Outlook
from llamafleet.planning.scaling.capacity import Cap
from llamafleet.planning.scaling.signals import Signals
from llamafleet.planning.schedule.opening import NO_OVERRIDES, Opening, Overrides
from llamafleet.planning.sizing.shape import RunningShape


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule of the chain decided.

    Attributes:
        step: the rule's name.
        replicas: the count after it.
        message: why, in plain words.
    """

    step: str
    replicas: int
    message: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for.

    Attributes:
        reason: how many replicas, and why.
        memory: what the autoscaler remembers from now on.
    """

    reason: Reason
    memory: Memory


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen when the decision was made, and what earlier decisions left to remember.

    Attributes:
        now: the instant, UTC.
        replicas: how many replicas were wanted last; None when there is no Deployment yet.
        running: the shape of the replicas that run; None when none were wanted last.
        overrides: what the annotations of the resource ask for.
        cold_starts: how long our own pods took to become ready.
        spent_usd: what the fleet has cost in the present month, US dollars.
        paid: how many pods are paid for right now, also those on their way out.
        warming_for: the opening for which replicas were started early; None when none were.
        idle: whether every replica is ready and has nothing to do; None without a reading of each.
        early: since when nothing was to do, and until when the fleet is closed because of that.
        was_closed: whether the schedule was closed at the last decision.
        signals: what the queue looks like; None where it is not read, and where no reading was to be had.
        memory: what the autoscaler remembered.
        can_wake: whether a request would bring the fleet back from zero.
        slept: whether it was the queue that asked for nothing last, where a waker stood by.
        room: what the cluster has GPUs for; None while it has shown no lack of them.
    """

    now: datetime
    replicas: int | None
    running: RunningShape | None = None
    overrides: Overrides = NO_OVERRIDES
    cold_starts: ColdStarts = NO_STARTS
    spent_usd: Decimal = Decimal(0)
    paid: int = 0
    warming_for: datetime | None = None
    idle: bool | None = None
    early: EarlyClosing = NOTHING
    was_closed: bool = False
    signals: Signals | None = None
    memory: Memory = NO_MEMORY
    can_wake: bool = False
    slept: bool = False
    room: Cap | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the chain of rules may ask about.

    Attributes:
        spec: what the author wants.
        seen: what was observed.
        opening: whether the schedule is open now, and what comes next.
        early: whether an open window was closed because nothing was to do.
        starts: the cold starts that teach about this shape.
        cold_start: how long a replica takes from its node to its first answer, learned or expected.
        lead: how long before a window its replicas start.
        outlook: the price of a replica, and what the rest of the month will cost.
        demand: what is asked for, before any bound.
    """

    spec: LlamaDeploymentSpec
    seen: Observation
    opening: Opening
    early: EarlyClosing
    starts: ColdStarts
    cold_start: timedelta
    lead: timedelta
    outlook: Outlook
    demand: Demand

    @property
    def bounds(self) -> tuple[int, int]:
        """The fewest and the most replicas by spec.scaling; without it nothing below the wish or above it."""
        scaling = self.spec.scaling
        return (scaling.min_replicas, scaling.max_replicas) if scaling else (0, MAX_REPLICAS)
