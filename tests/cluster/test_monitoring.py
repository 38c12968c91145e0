"""Our alerts in a real Prometheus that scrapes the real operator; our objects before a real API server."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from builders import ROOT
from charts.examples import EVERYTHING
from charts.rendered import rendered
from fleet_operator import NAMESPACE, OperatorProcess
from llamas import Llama
from monitoring.prometheus import asked, running_prometheus
from monitoring.shipped import ALERTS, DASHBOARDS, FOLDER, GROUPS, queries
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

KINDS = ROOT / "tests" / "cluster" / "data"
"""PodMonitor and PrometheusRule, as the Prometheus operator brings them."""

STRICT = ("--server-side", "--dry-run=server", "--validate=strict")
SCRAPE = "250ms"
PATIENCE_SECONDS = 180.0


@pytest.fixture(scope="module")
def with_kinds(installed: ControlPlane) -> Iterator[ControlPlane]:
    """A cluster in which the Prometheus operator was installed."""
    installed.install_kinds(KINDS)
    yield installed
    installed.remove_kinds(*("{1}.{0}".format(*path.stem.split("_")) for path in KINDS.glob("*.yaml")))


def test_the_manifests_are_accepted_to_the_letter(with_kinds: ControlPlane) -> None:
    said = with_kinds.kubectl("apply", *STRICT, "-k", str(FOLDER))
    assert said.count("serverside-applied") == 8
    for path in FOLDER.glob("podmonitor-*.yaml"):
        with_kinds.kubectl("apply", *STRICT, "-f", str(path))


def test_what_the_chart_makes_is_accepted_to_the_letter(with_kinds: ControlPlane) -> None:
    parts = ("podMonitor", "rules", "dashboards")
    plain = {"waker": {"enabled": True}, "monitoring": {part: {"enabled": True} for part in parts}}
    for values in (plain, EVERYTHING, {**plain, "namespaces": ["team-a"]}):
        objects = [one for one in rendered(values) if one["apiVersion"] == "monitoring.coreos.com/v1"]
        assert len(objects) == 4
        with_kinds.kubectl("apply", *STRICT, "-f", "-", input=yaml.safe_dump_all(objects))


def test_a_field_that_there_is_not_is_refused(with_kinds: ControlPlane) -> None:
    """So that the two tests before this one can fail."""
    monitor = yaml.safe_load((FOLDER / "podmonitor-operator.yaml").read_text("utf-8"))
    monitor["spec"]["podMetricsEndpoints"][0]["honourLabels"] = True
    with pytest.raises(TestbedError, match="honourLabels"):
        with_kinds.kubectl("apply", *STRICT, "-f", "-", input=yaml.safe_dump(monitor))


def at_once() -> list[dict[str, Any]]:
    """The rules as they are, but that no alert waits before it fires."""
    groups = copy.deepcopy(GROUPS)
    for group in groups:
        group["interval"] = SCRAPE
        for rule in group["rules"]:
            rule["for"] = "0s"
    return groups


@pytest.fixture(scope="module")
def prometheus(operator: OperatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that scrapes the operator as our PodMonitor says, and evaluates our rules."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": at_once()}), "utf-8")
    pod = {"namespace": NAMESPACE, "pod": "llamafleet-a"}
    monitor = yaml.safe_load((FOLDER / "podmonitor-operator.yaml").read_text("utf-8"))
    job = {
        "job_name": "llamafleet",
        "honor_labels": monitor["spec"]["podMetricsEndpoints"][0]["honorLabels"],
        "static_configs": [{"targets": [operator.management], "labels": pod}],
    }
    config = {
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": SCRAPE},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [job],
    }
    with running_prometheus(folder, config) as url:
        yield url


@pytest.fixture(scope="module")
def fleets(installed: ControlPlane, operator: OperatorProcess) -> Iterator[str]:
    """Their namespace: one that starts and has a budget, one that cannot be."""
    assert operator.alive()
    name = "watched"
    installed.kubectl("create", "namespace", name)
    Llama(installed, name, "scout").apply(
        scaling={"minReplicas": 1, "maxReplicas": 2}, cost={"monthlyBudget": "1000"}
    )
    Llama(installed, name, "wrong").apply(gpu={"pools": ["nowhere"]})
    yield name
    for llama in ("scout", "wrong"):
        Llama(installed, name, llama).delete()
    installed.kubectl("delete", "namespace", name, "--wait=false")


def rules(url: str) -> dict[str, dict[str, Any]]:
    """What became of each rule."""
    groups = asked(url, "rules", type="alert")["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def all_looked_at(url: str) -> dict[str, dict[str, Any]]:
    """What became of each rule, once there is something to say: each group begins in its own time."""
    every = rules(url)
    assert "unknown" not in {rule["health"] for rule in every.values()}
    return every


def test_every_rule_is_evaluated_without_an_error_and_one_of_a_real_fleet_fires(
    prometheus: str, fleets: str
) -> None:
    def fires() -> dict[str, Any]:
        for alert in rules(prometheus)["LlamafleetFleetDegraded"]["alerts"]:
            if alert["labels"].get("namespace") == fleets:
                return dict(alert)
        raise AssertionError("no alert about the fleet that cannot be")  # noqa: EM101, TRY003 - tried again

    alert = until(fires, PATIENCE_SECONDS, "the alert about the fleet that cannot be")
    assert alert["labels"] == {
        "alertname": "LlamafleetFleetDegraded",
        "namespace": fleets,
        "name": "wrong",
        "severity": "warning",
    }
    assert alert["annotations"]["description"].endswith(
        f"{fleets}/wrong was Degraded; the reason is InvalidSpec."
    )
    every = until(lambda: all_looked_at(prometheus), PATIENCE_SECONDS, "each rule to have been evaluated")
    assert every.keys() == ALERTS.keys()
    assert {name: rule["lastError"] for name, rule in every.items() if rule.get("lastError")} == {}
    assert {rule["health"] for rule in every.values()} == {"ok"}

    def are_quiet() -> bool:
        found = rules(prometheus)
        quiet = ("LlamafleetNobodyLeads", "LlamafleetTwoLead", "LlamafleetBroken", "LlamafleetReconcilesFail")
        assert [found[name]["alerts"] for name in quiet] == [[], [], [], []]
        return True

    # Before the first scrape nobody was heard of, and each group of rules is looked at in its own time.
    until(are_quiet, PATIENCE_SECONDS, "the alerts that nothing is wrong for to be quiet")


NOTHING_HERE = ("uncertain", "cold_start", "waiting", "running", "throttled", "restarts")
UNSEEN = ("llamafleet_waker_", "vllm:", *NOTHING_HERE)
"""Here are no waker and no pod that answers, and no trouble."""


@pytest.mark.parametrize("board", ["llamafleet-fleets", "llamafleet-money", "llamafleet-model"])
def test_a_dashboard_shows_the_real_fleet(prometheus: str, fleets: str, board: str) -> None:
    """Every query is answered, and every one about what there is here with figures."""

    def answered() -> bool:
        for query in queries(DASHBOARDS[board], namespace=fleets, name="scout"):
            found = asked(prometheus, "query", query=query)["result"]
            assert found or any(word in query for word in UNSEEN), query
        return True

    assert until(answered, PATIENCE_SECONDS, f"figures in {board}")


def test_a_fleet_keeps_its_own_namespace(prometheus: str, fleets: str) -> None:
    query = f'llamafleet_fleet_desired_replicas{{namespace="{fleets}",name="scout",pod="llamafleet-a"}}'
    (found,) = until(
        lambda: asked(prometheus, "query", query=query)["result"], PATIENCE_SECONDS, "the fleet's figure"
    )
    assert found["value"][1] == "1"
