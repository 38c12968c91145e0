"""What each fleet has and costs, as Prometheus metrics: read from the last status that a watch has brought.

Only the leader shows them. Every process knows the figures, so that the next leader shows them at once; but
a sum over the pods of the operator must count each fleet once.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from llamafleet.api.observed import Key

MOST: Final = 5_000
"""Fleets that have series of their own, at most eight each: what one Prometheus scrapes without notice. Those
beyond are added up in one more, so that sums stay right."""

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
}


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
        self._known: dict[Key, Figures] = {}

    def saw(self, key: Key, raw: Mapping[str, Any]) -> None:
        """A LlamaDeployment as the API server holds it now."""
        self._known[key] = _figures(raw)

    def gone(self, key: Key) -> None:
        """There is no such LlamaDeployment any more."""
        self._known.pop(key, None)

    def describe(self) -> Iterable[Metric]:
        """The metrics without their samples."""
        return _families()

    def collect(self) -> Iterable[Metric]:
        """One sample per fleet and figure that it has; a fleet without a price has no price, not zero."""
        families = _families()
        shown = self._shown() if self._is_leader() else ()
        for key, figures in shown:
            labels = key._asdict()
            for family, value in zip(families, figures, strict=True):
                if value == value:  # noqa: PLR0124 - not NaN, and faster than any other way to ask
                    family.samples.append(Sample(family.name, labels, value))
        return families

    def _shown(self) -> Iterable[tuple[Key, Figures]]:
        """The fleets in the order in which they were first seen, then the rest as one."""
        every = list(self._known.items())  # at once: the loop goes on while a thread writes this out
        there = set(self._there())
        known = [one for one in every if one[0] in there]
        yield from known[: self._most]
        rest = [figures for _, figures in known[self._most :]]
        if rest:
            yield REST, Figures(*(_sum(column) for column in zip(*rest, strict=True)))


def _families() -> list[Metric]:
    return [
        GaugeMetricFamily(f"llamafleet_fleet_{name}", text, labels=Key._fields)
        for name, text in _NAMES.items()
    ]


def _figures(raw: Mapping[str, Any]) -> Figures:
    """Whatever is not a number, for somebody garbled it or it is not there yet, is NaN."""
    status, cost = _section(raw, "status"), _section(_section(raw, "status"), "cost")
    replicas = ("desiredReplicas", "replicas", "readyReplicas", "drainingGpus")
    money = ("hourlyRate", "monthToDate", "projectedMonth")
    budget = _section(_section(raw, "spec"), "cost").get("monthlyBudget")
    counts = [status.get(name, 0) for name in replicas]
    return Figures(*(_number(value) for value in (*counts, *(cost.get(name) for name in money), budget)))


def _section(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = raw.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(value: Any) -> float:  # noqa: ANN401 - any JSON value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _sum(column: Iterable[float]) -> float:
    """The sum of what there is; NaN where there is nothing."""
    there = [value for value in column if not math.isnan(value)]
    return sum(there) if there else math.nan
