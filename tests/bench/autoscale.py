"""What autoscalers cost and how long they let wait, over every trace and cold start: one run at a time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from bench.autoscale_cases import CASES, START, Case, shape_of, trace_of
from bench.clairvoyant import Known, clairvoyant
from llamafleet.api.scaling import MAX_REPLICAS
from llamafleet.planning.scaling.slots import TYPICAL_TOKENS
from llamafleet.planning.sizing.shape import Shape
from llamafleet.simulation import Policy, Result, Settings, lab, peak_replicas, simulate
from llamafleet.simulation.drive import ACTIVE_SHARE, PERCENT, WAITING_PER_REPLICA
from llamafleet.simulation.operator import Ground, Operator
from llamafleet.simulation.policies import Hpa, Keda, KubeAI, Static, active, waiting
from llamafleet.simulation.rightsize import fewest

GRACE_SECONDS: Final = 60
"""No wait shall be longer than the cold start and this, while GPUs are free."""

OURS: Final = "llamafleet"
WITHOUT_END: Final = "llamafleet, no maximum"
RIGHT_SIZED: Final = "static, right-sized"
CLAIRVOYANT: Final = "clairvoyant plan"


class Job(NamedTuple):
    """One run of the table: a trace, a cold start in seconds, and the name of a policy."""

    case: str
    cold_s: int
    policy: str


class Figures(NamedTuple):
    """What a run came to; times in seconds.

    Attributes:
        gpu_hours: what was paid for.
        p50: half of the requests waited no longer.
        p95: likewise 95 of 100.
        p99: likewise 99 of 100.
        longest: likewise all.
        within: the share of requests that waited no longer than they may, 0 to 1.
        beyond: the share that waited longer than the cold start and a minute.
        started: replicas that were begun.
        most: the most that were wanted at once.
    """

    gpu_hours: float
    p50: float
    p95: float
    p99: float
    longest: float
    within: float
    beyond: float
    started: int
    most: int


Runner = Callable[[Case, int], Result]


def figures(job: Job) -> Figures:
    """Run it."""
    case = CASES[job.case]
    result = POLICIES[job.policy](case, job.cold_s)
    return Figures(
        gpu_hours=result.gpu_hours,
        p50=result.wait_percentile(50),
        p95=result.wait_percentile(95),
        p99=result.wait_percentile(99),
        longest=result.waits[-1],
        within=result.share_within(case.patience_s(job.cold_s)),
        beyond=result.share_beyond(job.cold_s + GRACE_SECONDS),
        started=result.started,
        most=result.most,
    )


@lru_cache
def settings_of(case: Case, cold_s: int) -> Settings:
    """Those of the laboratory, the same for every policy."""
    return lab(trace_of(case.name), case.lab, cold_s)


def _run(case: Case, cold_s: int, policy: Policy, least: int = 0) -> Result:
    settings = settings_of(case, cold_s)
    settings = replace(settings, low=least, initial=max(settings.initial, least))
    return simulate(trace_of(case.name), case.lab, policy, settings)


def _ours(case: Case, cold_s: int) -> Result:
    """The operator's whole chain of rules, with a waker, and every field of spec.scaling at its default."""
    return _operator(case, settings_of(case, cold_s))


def _without_end(case: Case, cold_s: int) -> Result:
    """The same where there is always a free GPU, to see what nobody waits for then."""
    return _operator(case, replace(settings_of(case, cold_s), high=MAX_REPLICAS))


def _operator(case: Case, settings: Settings) -> Result:
    spec = case.spec(settings.high)
    ground = Ground(spec, told(case, shape_of(spec)), START, settings.cold_start_seconds)
    return simulate(trace_of(case.name), case.lab, Operator(ground), settings)


def told(case: Case, shape: Shape) -> Shape:
    """The shape with the room that the laboratory's replica has: every policy is told how many it works on.

    The laboratory bounds requests at once by ``--max-num-seqs``, which authors may not set; so here the
    planner's guess of that, from the KV cache, is brought to the same figure.
    """
    return replace(shape, kv_tokens=case.lab.max_num_seqs * TYPICAL_TOKENS)


def _slots(case: Case) -> float:
    return ACTIVE_SHARE * case.lab.max_num_seqs


def _high(case: Case) -> int:
    return settings_of(case, 0).high


def _hpa_waiting(case: Case, cold_s: int) -> Result:
    return _run(case, cold_s, Hpa(waiting, WAITING_PER_REPLICA, 1, _high(case)), 1)


def _hpa_active(case: Case, cold_s: int) -> Result:
    return _run(case, cold_s, Hpa(active, _slots(case), 1, _high(case)), 1)


def _keda_waiting(case: Case, cold_s: int) -> Result:
    return _run(case, cold_s, Keda(waiting, WAITING_PER_REPLICA, _high(case)))


def _keda_active(case: Case, cold_s: int) -> Result:
    return _run(case, cold_s, Keda(active, _slots(case), _high(case)))


def _kubeai(case: Case, cold_s: int) -> Result:
    return _run(case, cold_s, KubeAI(_slots(case)))


@lru_cache(maxsize=32)
def constant(case: Case, replicas: int) -> Result:
    """A fleet that never changes; no cold start matters to it."""
    settings = Settings(cold_start_seconds=0, initial=replicas, low=replicas, points=1)
    return simulate(trace_of(case.name), case.lab, Static(replicas), settings)


def _right_sized(case: Case, cold_s: int) -> Result:
    """The cheapest constant fleet whose p95 is in time."""
    patience = case.patience_s(cold_s)
    _, result = fewest(
        lambda replicas: constant(case, replicas),
        lambda one: one.wait_percentile(PERCENT) <= patience,
        _high(case),
    )
    return result


def _peak(case: Case, _cold_s: int) -> Result:
    """The constant fleet for the busiest five minutes."""
    return constant(case, peak_replicas(trace_of(case.name), case.lab))


def _clairvoyant(case: Case, cold_s: int) -> Result:
    """A plan that knows the trace."""
    known = Known(trace_of(case.name), case.lab, settings_of(case, cold_s), case.patience_s(cold_s))
    return clairvoyant(known)


POLICIES: Final[Mapping[str, Runner]] = {
    OURS: _ours,
    WITHOUT_END: _without_end,
    f"HPA, waiting {WAITING_PER_REPLICA}": _hpa_waiting,
    f"HPA, active {ACTIVE_SHARE} C": _hpa_active,
    f"KEDA, waiting {WAITING_PER_REPLICA}, to zero": _keda_waiting,
    f"KEDA, active {ACTIVE_SHARE} C, to zero": _keda_active,
    f"KubeAI, {ACTIVE_SHARE} C": _kubeai,
    RIGHT_SIZED: _right_sized,
    "static, peak": _peak,
    CLAIRVOYANT: _clairvoyant,
}
"""Every row of the table, by its name."""
