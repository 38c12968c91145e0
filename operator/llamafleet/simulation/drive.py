"""A fleet of a resource over a trace: by the operator alone, or by what users could have in its place.

Whatever drives it, windows, budget and suspension are the operator's, and the fleet begins with the same
replicas, so that two runs differ by their policy only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from llamafleet.api.scaling import Scaling
from llamafleet.planning.schedule.opening import NO_OVERRIDES, opening
from llamafleet.simulation.operator import Driven, Ground, Operator
from llamafleet.simulation.policies import Hpa, Keda, KubeAI, Static, active, waiting
from llamafleet.simulation.policy import Policy
from llamafleet.simulation.profile import Profile
from llamafleet.simulation.result import Result
from llamafleet.simulation.rightsize import fewest
from llamafleet.simulation.run import simulate
from llamafleet.simulation.settings import Settings, Starts
from llamafleet.simulation.trace import Trace
from llamafleet.simulation.work import lab

WAITING_PER_REPLICA: Final = 5
"""The recipe of vLLM's production stack (``docs/source/use_cases/autoscaling-keda.rst``)."""

ACTIVE_SHARE: Final = 0.8
"""Of the requests that a replica works on at once, waiting and running together. Of the shares from 0.3 to
0.9 it is the cheapest with which published autoscalers meet 10 s on bursty traces at 60 and 180 s."""

PERCENT: Final = 95
"""Of the requests that must not wait too long, where the fleet of a constant size is sized."""

MOST_LOOKS: Final = 50_000
"""Looks that the series has: a week of them, every 15 seconds, is 40,320."""

OURS: Final = "llamafleet"
STATIC: Final = "static"

Progress = Callable[[float], None] | None


@dataclass(frozen=True, slots=True)
class Course:
    """A fleet, its trace and its circumstances.

    Attributes:
        trace: the requests.
        profile: how fast one replica is.
        ground: the spec, its shape, and when the trace begins.
        settings: the rest; see ``course``.
    """

    trace: Trace
    profile: Profile
    ground: Ground
    settings: Settings

    @property
    def bounds(self) -> tuple[int, int]:
        """The fewest and the most replicas of an autoscaler: those of spec.scaling, or its defaults."""
        scaling = self.ground.spec.scaling or Scaling()
        return scaling.min_replicas, scaling.max_replicas


@dataclass(frozen=True, slots=True)
class Driver:
    """What users could have instead of the operator's own autoscaler.

    Attributes:
        words: what it is.
        made: makes one for a run.
    """

    words: str
    made: Callable[[Course], Policy]


def _waiting(_course: Course) -> float:
    return WAITING_PER_REPLICA


def _active(course: Course) -> float:
    return ACTIVE_SHARE * course.profile.max_num_seqs


def _hpa(course: Course, target: float, metric: Callable[..., float]) -> Policy:
    low, high = course.bounds
    return Hpa(metric, target, max(1, low), high)


def _keda(course: Course, target: float, metric: Callable[..., float]) -> Policy:
    low, high = course.bounds
    return Keda(metric, target, high, low)


_BY_WAITING: Final = f"{WAITING_PER_REPLICA} waiting requests per replica"
_BY_ACTIVE: Final = f"waiting and running requests at {ACTIVE_SHARE} of max_num_seqs per replica"

DRIVERS: Final[Mapping[str, Driver]] = MappingProxyType(
    {
        "hpa": Driver(
            f"HorizontalPodAutoscaler, {_BY_WAITING}",
            lambda course: _hpa(course, _waiting(course), waiting),
        ),
        "hpa-active": Driver(
            f"HorizontalPodAutoscaler, {_BY_ACTIVE}",
            lambda course: _hpa(course, _active(course), active),
        ),
        "keda": Driver(
            f"KEDA, {_BY_WAITING}",
            lambda course: _keda(course, _waiting(course), waiting),
        ),
        "keda-active": Driver(
            f"KEDA, {_BY_ACTIVE}",
            lambda course: _keda(course, _active(course), active),
        ),
        "kubeai": Driver(
            f"KubeAI, {_BY_ACTIVE}",
            lambda course: KubeAI(_active(course), course.bounds[0]),
        ),
    }
)
"""By the name that ``--policy`` has for it."""


def course(trace: Trace, profile: Profile, ground: Ground, starts: Starts) -> Course:
    """A fleet that runs when the trace begins: with 1.2 times the replicas that its first ten minutes need.

    As far as its bounds, its windows and its money allow so many; it keeps them for ten minutes, whatever is
    decided, because nobody has seen a request yet.
    """
    found = lab(trace, profile, starts.seconds)
    scaling = ground.spec.scaling
    wanted = found.initial
    if scaling is not None:
        wanted = min(max(wanted, scaling.min_replicas), scaling.max_replicas)
    elif ground.spec.replicas is not None:
        wanted = ground.spec.replicas
    initial = Driven(ground, Static(wanted), wanted).first()
    until = opening(ground.spec.schedule, NO_OVERRIDES, ground.start).until
    left = found.floor_seconds if until is None else (until - ground.start) / timedelta(seconds=1)
    settings = Settings(
        cold_start_seconds=starts.seconds,
        cold_start_spread=starts.spread,
        seed=starts.seed,
        initial=initial,
        floor_seconds=min(found.floor_seconds, left) if initial else 0.0,
        points=MOST_LOOKS,
    )
    return Course(trace, profile, ground, settings)


def run(
    course: Course, policy: str, slo_seconds: float, progress: Progress = None
) -> tuple[Result, Operator, str]:
    """What happens, the operator that decided, and the policy in words.

    Args:
        course: the fleet and its trace.
        policy: ``llamafleet``, ``static``, or one of :data:`DRIVERS`.
        slo_seconds: how long a request may wait; a static fleet is sized by it.
        progress: is told the share that is done, 0 to 1.
    """
    if policy == STATIC:
        return _static(course, slo_seconds, progress)
    if policy == OURS:
        decider, words = Operator(course.ground), "llamafleet"
        if course.ground.spec.scaling is None:  # nothing scales it: it has what it always has
            course = replace(course, settings=replace(course.settings, initial=decider.first()))
    else:
        driver = DRIVERS[policy]
        decider, words = Driven(course.ground, driver.made(course), course.bounds[1]), driver.words
    return _simulated(course, decider, progress), decider, words


def _simulated(course: Course, decider: Operator, progress: Progress) -> Result:
    return simulate(course.trace, course.profile, decider, course.settings, progress)


def _static(course: Course, slo_seconds: float, progress: Progress) -> tuple[Result, Operator, str]:
    """As many as spec.replicas says, or the fewest whose p95 is within the time; at most maxReplicas."""
    runs: dict[int, tuple[Result, Operator]] = {}

    def tried(replicas: int) -> Result:
        decider = Driven(course.ground, Static(replicas), replicas)
        initial = decider.first()
        settings = replace(course.settings, initial=initial)
        result = simulate(course.trace, course.profile, decider, settings, progress)
        runs[replicas] = result, decider
        return result

    given = course.ground.spec.replicas
    if given is not None:
        tried(given)
        count, why = given, "spec.replicas"
    else:
        count, _ = fewest(tried, lambda one: one.wait_percentile(PERCENT) <= slo_seconds, course.bounds[1])
        why = f"the fewest whose p{PERCENT} is within {slo_seconds:g} s, at most maxReplicas"
    return *runs[count], f"static, {count} replicas: {why}"
