"""What each fleet has and costs, as Prometheus metrics: read from the last status that a watch has brought.

Only the leader shows them. Every process knows the figures, so that the next leader shows them at once; but
a sum over the pods of the operator must count each fleet once.
"""

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from llamafleet.api.observed import Key

MOST: Final = 5_000
"""Fleets that have series of their own, at most nineteen each: what one Prometheus scrapes without notice.
Those beyond are added up in one more, so that sums stay right; of their conditions nothing is shown."""

REST: Final = Key("", "(others)")
"""The labels of the rest. No object of Kubernetes can be called so."""

_NAMES: Final = {
    "desired_replicas": "Replicas that the last decision wants.",
    "replicas": "Replicas that there are, ready or not, without those that finish their last requests.",
    "ready_replicas": "Replicas that answer requests.",
    "draining_gpus": "GPUs of replicas that finish their last requests.",
    "hourly_rate_dollars": "What the wanted replicas cost per hour together, in US dollars.",
    "month_to_date_dollars": "What the fleet has cost in the present month, in US dollars.",
    "projected_month_dollars": "What the month will have cost at its end, in US dollars.",
    "monthly_budget_dollars": "The budget of a month (spec.cost.monthlyBudget), in US dollars.",
    "uncertain_dollars": "By how much the bill of the month may be wrong, in US dollars.",
    "waiting_requests": "Requests that no replica has begun, those that the waker holds among them.",
    "running_requests": "Requests that replicas work on.",
    "cold_start_seconds": "95 of 100 of the last starts took no longer, from the node to the first answer.",
}

CONDITIONS: Final = (
    "Ready",
    "Degraded",
    "Sized",
    "WindowOpen",
    "WithinBudget",
    "MetricsAvailable",
    "Priced",
)
"""The conditions that are shown, those that somebody should hear of: one series each, whatever it says."""


class Figures(NamedTuple):
    """The figures of one fleet, in the order of the metrics; NaN where there is none."""

    desired_replicas: float
    replicas: float
    ready_replicas: float
    draining_gpus: float
    hourly_rate: float
    month_to_date: float
    projected_month: float
    monthly_budget: float
    uncertain: float
    waiting_requests: float
    running_requests: float
    cold_start: float


class Said(NamedTuple):
    """What one condition says."""

    type: str
    status: str
    reason: str


class Fleet(NamedTuple):
    """What is shown of one fleet."""

    figures: Figures
    conditions: tuple[Said, ...] = ()


class FleetMetrics(Collector):
    """The figures of every LlamaDeployment that is known.

    Args:
        is_leader: whether this process is the one that works.
        there: every LlamaDeployment that there is: a watch may miss the end of one. Any thread may ask.
        most: how many fleets have series of their own.
    """

    def __init__(
        self, is_leader: Callable[[], bool], there: Callable[[], Iterable[Key]], most: int = MOST
    ) -> None:
        """Know none."""
        self._is_leader = is_leader
        self._there = there
        self._most = most
        self._known: dict[Key, Fleet] = {}

    def saw(self, key: Key, raw: Mapping[str, Any]) -> None:
        """A LlamaDeployment as the API server holds it now."""
        self._known[key] = Fleet(_figures(raw), tuple(_conditions(raw)))

    def gone(self, key: Key) -> None:
        """There is no such LlamaDeployment any more."""
        self._known.pop(key, None)

    def describe(self) -> Iterable[Metric]:
        """The metrics without their samples."""
        return _families()

    def collect(self) -> Iterable[Metric]:
        """One sample per fleet and figure that it has; a fleet without a price has no price, not zero."""
        *families, conditions = _families()
        shown = self._shown() if self._is_leader() else ()
        for key, fleet in shown:
            labels = key._asdict()
            for family, value in zip(families, fleet.figures, strict=True):
                if value == value:  # noqa: PLR0124 - not NaN, and faster than any other way to ask
                    family.samples.append(Sample(family.name, labels, value))
            for said in fleet.conditions:
                conditions.samples.append(Sample(conditions.name, {**labels, **said._asdict()}, 1.0))
        return [*families, conditions]

    def _shown(self) -> Iterable[tuple[Key, Fleet]]:
        """The fleets in the order in which they were first seen, then the rest as one."""
        every = list(self._known.items())  # at once: the loop goes on while a thread writes this out
        there = set(self._there())
        known = [one for one in every if one[0] in there]
        yield from known[: self._most]
        rest = [fleet.figures for _, fleet in known[self._most :]]
        if rest:
            total = Figures(*(_sum(column) for column in zip(*rest, strict=True)))
            yield REST, Fleet(total._replace(cold_start=math.nan))  # a time, which cannot be added up


def _families() -> list[Metric]:
    figures = (
        GaugeMetricFamily(f"llamafleet_fleet_{name}", text, labels=Key._fields)
        for name, text in _NAMES.items()
    )
    text = "Always 1: what a condition of the fleet says now, and the reason in one word."
    labels = (*Key._fields, *Said._fields)
    return [*figures, GaugeMetricFamily("llamafleet_fleet_condition", text, labels=labels)]


def _figures(raw: Mapping[str, Any]) -> Figures:
    """Whatever is not a number, for somebody garbled it or it is not there yet, is NaN."""
    status = _section(raw, "status")
    cost, queue = _section(status, "cost"), _section(status, "queue")
    return Figures(
        desired_replicas=_number(status.get("desiredReplicas", 0)),
        replicas=_number(status.get("replicas", 0)),
        ready_replicas=_number(status.get("readyReplicas", 0)),
        draining_gpus=_number(status.get("drainingGpus", 0)),
        hourly_rate=_number(cost.get("hourlyRate")),
        month_to_date=_number(cost.get("monthToDate")),
        projected_month=_number(cost.get("projectedMonth")),
        monthly_budget=_number(_section(_section(raw, "spec"), "cost").get("monthlyBudget")),
        uncertain=_number(_section(cost, "ledger").get("uncertainUsd")),
        waiting_requests=_number(queue.get("waiting")),
        running_requests=_number(queue.get("running")),
        cold_start=_number(_section(status, "coldStart").get("p95Seconds")),
    )


def _conditions(raw: Mapping[str, Any]) -> Iterable[Said]:
    """What the conditions say that are shown; one that somebody garbled says nothing."""
    found = _section(raw, "status").get("conditions")
    every = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    by_type = {one.get("type"): one for one in every if isinstance(one.get("type"), str)}
    for name in CONDITIONS:
        one = by_type.get(name, {})
        status, reason = one.get("status"), one.get("reason")
        if isinstance(status, str) and isinstance(reason, str):
            yield Said(name, sys.intern(status), sys.intern(reason))  # the same few of every fleet


def _section(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float:  # noqa: ANN401 - any JSON value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _sum(column: Iterable[float]) -> float:
    """The sum of what there is; NaN where there is nothing."""
    there = [value for value in column if not math.isnan(value)]
    return sum(there) if there else math.nan
