"""The figures of the fleets, as Prometheus reads them."""

from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from llamafleet.adapters.fleetmetrics import FleetMetrics
from llamafleet.api.observed import Key

SCOUT = Key("team-a", "scout")
CONDITION = "llamafleet_fleet_condition"
BODY: Mapping[str, Any] = {
    "spec": {"cost": {"monthlyBudget": "1000"}},
    "status": {
        "desiredReplicas": 3,
        "replicas": 2,
        "readyReplicas": 1,
        "queue": {"waiting": 56, "running": 8},
        "coldStart": {"p50Seconds": 90, "p95Seconds": 240},
        "cost": {
            "hourlyRate": "3.57",
            "monthToDate": "856.80",
            "projectedMonth": "1200.01",
            "ledger": {"uncertainUsd": "0.25"},
        },
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "Unschedulable"},
            {"type": "Progressing", "status": "True", "reason": "Starting"},
            {"type": "MetricsAvailable", "status": "Unknown", "reason": "NoReplica"},
        ],
    },
}

Series = dict[tuple[str, str, str], float]


def samples(fleets: FleetMetrics) -> list[Sample]:
    """What a scrape shows."""
    registry = CollectorRegistry()
    registry.register(fleets)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return [sample for family in families for sample in family.samples]


def series(fleets: FleetMetrics) -> Series:
    """The figures, by the end of the metric's name, namespace and name."""
    return {
        (sample.name.removeprefix("llamafleet_fleet_"), sample.labels["namespace"], sample.labels["name"]): (
            sample.value
        )
        for sample in samples(fleets)
        if sample.name != CONDITION
    }


def said(fleets: FleetMetrics) -> set[tuple[str, str, str, str]]:
    """The conditions, each of value 1, by fleet, type, status and reason."""
    found = [sample for sample in samples(fleets) if sample.name == CONDITION]
    assert all(sample.value == 1 for sample in found)
    shown = {
        (one.labels["name"], one.labels["type"], one.labels["status"], one.labels["reason"]) for one in found
    }
    assert len(shown) == len(found)
    return shown


def leading(*names: str, most: int = 10) -> FleetMetrics:
    """Where there are these fleets of team-a, each like the other."""
    fleets = FleetMetrics(lambda: True, lambda: [Key("team-a", name) for name in names], most)
    for name in names:
        fleets.saw(Key("team-a", name), BODY)
    return fleets


def test_the_figures_are_those_of_the_status_and_of_the_budget() -> None:
    assert series(leading("scout")) == {
        ("desired_replicas", *SCOUT): 3,
        ("replicas", *SCOUT): 2,
        ("ready_replicas", *SCOUT): 1,
        ("draining_gpus", *SCOUT): 0,
        ("hourly_rate_dollars", *SCOUT): 3.57,
        ("month_to_date_dollars", *SCOUT): 856.80,
        ("projected_month_dollars", *SCOUT): 1200.01,
        ("monthly_budget_dollars", *SCOUT): 1000,
        ("uncertain_dollars", *SCOUT): 0.25,
        ("waiting_requests", *SCOUT): 56,
        ("running_requests", *SCOUT): 8,
        ("cold_start_seconds", *SCOUT): 240,
    }


def test_the_conditions_are_shown_that_somebody_should_hear_of_one_series_each() -> None:
    fleets = leading("scout")
    assert said(fleets) == {
        ("scout", "Ready", "False", "Unschedulable"),
        ("scout", "MetricsAvailable", "Unknown", "NoReplica"),
    }
    ready = {"type": "Ready", "status": "True", "reason": "AllReplicasReady"}
    fleets.saw(SCOUT, {"status": {"conditions": [ready, ready]}})
    assert said(fleets) == {("scout", "Ready", "True", "AllReplicasReady")}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": {}, "status": {}},
        {"spec": None, "status": {"cost": None}},
        {"status": {"cost": {"hourlyRate": "NaN", "monthToDate": "Infinity", "projectedMonth": []}}},
        {"spec": {"cost": "much"}, "status": {"cost": {"hourlyRate": "much", "ledger": 7}}},
        {"status": {"queue": [], "coldStart": {"p95Seconds": 10**400}, "conditions": {"type": "Ready"}}},
        {
            "status": {
                "conditions": ["Ready", {"type": []}, {"type": "Ready"}, {"type": "Ready", "status": 1}]
            }
        },
    ],
)
def test_what_is_not_known_has_no_series_and_is_never_zero(body: dict[str, Any]) -> None:
    fleets = leading("scout")
    fleets.saw(SCOUT, body)
    assert {name for name, *_ in series(fleets)} == {
        "desired_replicas",
        "replicas",
        "ready_replicas",
        "draining_gpus",
    }
    assert said(fleets) == set()


def test_what_is_gone_is_forgotten_however_we_hear_of_it() -> None:
    there = [Key("team-a", name) for name in ("a", "b", "c", "not yet seen")]
    fleets = FleetMetrics(lambda: True, lambda: there)
    for key in there[:3]:
        fleets.saw(key, BODY)
    fleets.gone(there[0])
    fleets.gone(there[0])
    assert {name for _, _, name in series(fleets)} == {"b", "c"}
    del there[1]  # no watch said so
    assert {name for _, _, name in series(fleets)} == {"c"}


def test_a_standby_knows_and_shows_nothing_until_it_leads() -> None:
    leader = False
    fleets = FleetMetrics(lambda: leader, lambda: [SCOUT])
    fleets.saw(SCOUT, BODY)
    assert series(fleets) == {}
    leader = True
    assert series(fleets)["month_to_date_dollars", *SCOUT] == 856.80


def test_beyond_the_bound_the_rest_is_one_series_and_sums_stay_right() -> None:
    names = [f"fleet-{number}" for number in range(7)]
    few, many = leading(*names, most=2), leading(*names, most=100)
    for number, name in enumerate(names):
        body = {**BODY, "status": {**BODY["status"], "replicas": number}}
        few.saw(Key("team-a", name), body)
        many.saw(Key("team-a", name), body)
    assert {(namespace, name) for _, namespace, name in series(few)} == {
        ("team-a", "fleet-0"),
        ("team-a", "fleet-1"),
        ("", "(others)"),
    }
    in_all, shown = sums(series(many)), sums(series(few))
    assert in_all.pop("cold_start_seconds") == 7 * 240
    assert shown.pop("cold_start_seconds") == 2 * 240, "a time cannot be added up"
    assert shown == pytest.approx(in_all)
    assert in_all["replicas"] == 21
    assert {name for name, *_ in said(few)} == {"fleet-0", "fleet-1"}


def sums(found: Series) -> dict[str, float]:
    total: dict[str, float] = {}
    for (metric, *_), value in found.items():
        total[metric] = total.get(metric, 0) + value
    return total
