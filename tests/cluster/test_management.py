"""What the real process shows of itself: metrics, readiness, and a log of one line for each change."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cluster.duty import others_gone
from fleet_operator import OperatorProcess, running_operator
from llamas import CHILDREN, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

QUIET_LOOKS = 5


def series(operator: OperatorProcess, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric, by the values of their labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(operator.metrics())
        for sample in family.samples
        if sample.name == name
    }


def lines(operator: OperatorProcess) -> Iterator[dict[str, Any]]:
    """The log, without the line that is being written. Whatever is no JSON object fails the test."""
    for line in operator.log.read_text().rpartition("\n")[0].splitlines():
        found = json.loads(line)
        assert {"time", "level", "logger", "message"} <= found.keys()
        yield found


def changes(operator: OperatorProcess, fleet: Llama) -> list[dict[str, Any]]:
    """The lines about what was changed of a fleet."""
    about = {"namespace": fleet.namespace, "name": fleet.name}
    return [line for line in lines(operator) if about.items() <= line.get("object", {}).items()]


def settled(operator: OperatorProcess) -> bool:
    """Whether nothing was written for a while; a burst of changes is over sooner."""
    before = operator.count("llamafleet_writes_total")
    time.sleep(1.0)
    return operator.count("llamafleet_writes_total") == before


@pytest.fixture(scope="module")
def operator(installed: ControlPlane) -> Iterator[OperatorProcess]:
    """An operator of this module alone, so that nobody else's fleets are in its log."""
    others_gone(installed)
    with running_operator(installed) as process:
        yield process


def test_one_line_for_each_change_and_none_in_quiet_times(
    operator: OperatorProcess, installed: ControlPlane, namespace: str
) -> None:
    fleet = Llama(installed, namespace, "told")
    fleet.apply(replicas=1)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    (created,) = changes(operator, fleet)
    assert created["object"]["uid"] == fleet.get()["metadata"]["uid"]
    assert created["replicas"] == {"from": None, "to": 1}
    assert {write.lower() for write in created["writes"]} == {f"create {kind}" for kind in CHILDREN}
    assert created["reasons"][0]["message"] == "spec.replicas asks for 1."

    fleet.apply(replicas=2)
    until(lambda: fleet.status()["readyReplicas"] == 2, SETTLE_SECONDS, "two replicas")
    (grown,) = changes(operator, fleet)[1:]
    assert (grown["replicas"], grown["writes"]) == ({"from": 1, "to": 2}, ["change Deployment"])

    here = f"--namespace={namespace}"
    patch = '--patch={"spec":{"maxUnavailable":2}}'
    installed.kubectl("patch", "poddisruptionbudget", fleet.name, here, "--type=merge", patch)
    (repaired,) = until(lambda: changes(operator, fleet)[2:], SETTLE_SECONDS, "the repair")
    assert repaired["writes"] == ["repair PodDisruptionBudget"]

    fleet.wait_for("Progressing", "False")
    until(lambda: settled(operator), SETTLE_SECONDS, "the last status")
    looks, said = operator.count("llamafleet_reconciles_total"), len(list(lines(operator)))
    writes = operator.count("llamafleet_writes_total")
    for number in range(QUIET_LOOKS):
        fleet.annotate(f"somebody.example/else={number}")
        until(
            lambda number=number: operator.count("llamafleet_reconciles_total") > looks + number,
            SETTLE_SECONDS,
            "a look",
        )
    assert operator.count("llamafleet_writes_total") == writes
    assert len(list(lines(operator))) == said, operator.log.read_text()


def test_a_refused_fleet_is_said_in_one_line(
    operator: OperatorProcess, installed: ControlPlane, namespace: str
) -> None:
    fleet = Llama(installed, namespace, "refused")
    fleet.apply(gpu={"pools": ["none-of-this-name"]})
    fleet.wait_for("Sized", "False", "InvalidSpec")
    (line,) = changes(operator, fleet)
    assert line["refused"].startswith("spec.gpu.pools = none-of-this-name: must be the name of a GpuPool")


def test_metrics_tell_of_writes_by_reason_of_the_lease_and_of_each_fleet_until_it_is_gone(
    operator: OperatorProcess, installed: ControlPlane, namespace: str
) -> None:
    fleet = Llama(installed, namespace, "counted")
    before = series(operator, "llamafleet_writes_total")
    fleet.apply(replicas=2, cost={"monthlyBudget": "5000"})
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    until(lambda: fleet.status()["readyReplicas"] == 2, SETTLE_SECONDS, "two replicas")
    grown = series(operator, "llamafleet_writes_total")
    for kind in ("ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service", "Deployment"):
        assert grown[kind, "create"] == before.get((kind, "create"), 0) + 1
    assert grown["LlamaDeployment", "status"] > before.get(("LlamaDeployment", "status"), 0)

    assert operator.ready()
    assert series(operator, "llamafleet_leader") == {(): 1}
    assert 0 < series(operator, "llamafleet_lease_remaining_seconds")[()] <= 15
    assert series(operator, "llamafleet_queue_oldest_seconds")[()] < SETTLE_SECONDS
    assert series(operator, "llamafleet_build_info")

    key = (fleet.name, namespace)  # the labels in the order of the alphabet
    usd = fleet.status()["cost"]["hourlyRate"]
    until(
        lambda: series(operator, "llamafleet_fleet_ready_replicas").get(key) == 2,
        SETTLE_SECONDS,
        "its metrics",
    )
    assert series(operator, "llamafleet_fleet_desired_replicas")[key] == 2
    assert series(operator, "llamafleet_fleet_hourly_rate_dollars")[key] == float(usd)
    assert series(operator, "llamafleet_fleet_monthly_budget_dollars")[key] == 5000
    fleet.delete()
    until(lambda: key not in series(operator, "llamafleet_fleet_desired_replicas"), SETTLE_SECONDS, "its end")


def test_who_stands_by_is_ready_and_shows_no_fleet_so_that_a_sum_counts_each_once(
    operator: OperatorProcess, installed: ControlPlane, namespace: str
) -> None:
    fleet = Llama(installed, namespace, "once")
    fleet.apply(replicas=1)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    desired, key = "llamafleet_fleet_desired_replicas", (fleet.name, namespace)
    with running_operator(installed) as second:
        until(second.ready, SETTLE_SECONDS, "the second one to have seen the cluster")
        assert series(second, "llamafleet_leader") == {(): 0}
        assert series(second, "llamafleet_lease_remaining_seconds") == {(): 0}
        assert series(second, desired) == {}
        assert series(operator, desired)[key] == 1
        operator.stop()
        until(
            lambda: series(second, "llamafleet_leader") == {(): 1}, SETTLE_SECONDS, "the second one to lead"
        )
        until(lambda: series(second, desired).get(key) == 1, SETTLE_SECONDS, "what it has known all the time")
