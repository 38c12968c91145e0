"""``kubectl llama`` through the real kubectl, beside the operator, by the rights that its page names."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from cluster.onlookers import ACCOUNT
from kubectl_plugin import Plugin
from llamafleet.planning.money.months import month_of
from llamafleet.planning.schedule.localtime import day_begin
from llamas import SETTLE_SECONDS, Llama, pool
from testbed.audit import whole_lines
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

BERLIN = ZoneInfo("Europe/Berlin")


def row(text: str, name: str) -> list[str]:
    """The words of the line that begins with a name."""
    return next(line.split() for line in text.splitlines() if line.startswith(name))


def test_status_shows_the_fleet_as_it_is(gold_fleet: Llama, onlooker: Plugin) -> None:
    ended = onlooker("status")
    assert (ended.code, ended.err) == (0, "")
    words = row(ended.out, "small")
    assert words[:3] == ["small", "Ready", "1/1"]
    assert "day until" in ended.out
    assert words[-1] == "3600.00"
    document = onlooker("status", "-o", "json").json
    (told,) = document["fleets"]
    assert (told["namespace"], told["name"], told["state"]) == (gold_fleet.namespace, "small", "Ready")
    assert document["total"]["cost"]["hourlyUsd"] == "3600.00"


def test_today_and_the_month_are_what_its_pods_have_cost_since_they_have_nodes(
    gold_fleet: Llama, onlooker: Plugin
) -> None:
    first = onlooker("status", "-o", "json").json
    (pod,) = gold_fleet.pods()
    second = onlooker("status", "-o", "json").json
    start = bound(pod)
    for answer in (first, second):
        at = datetime.fromisoformat(answer["at"])
        told = answer["fleets"][0]["cost"]
        midnight = day_begin(at.astimezone(BERLIN).date(), BERLIN)
        assert told["todayUsd"] == f"{(at - max(start, midnight)).total_seconds():.2f}"
        assert told["monthUsd"] == f"{(at - max(start, month_of(at, BERLIN).begin)).total_seconds():.2f}"


def bound(pod: dict[str, Any]) -> datetime:
    """Since when it has a node."""
    scheduled = next(one for one in pod["status"]["conditions"] if one["type"] == "PodScheduled")
    return datetime.fromisoformat(scheduled["lastTransitionTime"])


def test_a_pod_that_is_gone_stays_in_today(gold_fleet: Llama, onlooker: Plugin) -> None:
    (pod,) = gold_fleet.pods()
    gold_fleet.patch(suspend=True)
    until(
        lambda: not gold_fleet.status()["cost"]["ledger"].get("meters"),
        SETTLE_SECONDS,
        "no pod to be paid for",
    )
    answer = onlooker("status", "small", "-o", "json").json
    ended, at = answer["fleets"][0], datetime.fromisoformat(answer["at"])
    spent = Decimal(gold_fleet.status()["cost"]["monthToDate"])
    assert spent > 0
    midnight = day_begin(at.astimezone(BERLIN).date(), BERLIN)
    before = (midnight - max(bound(pod), month_of(at, BERLIN).begin)).total_seconds()  # at a dollar a second
    today = max(Decimal(0), spent - max(0, int(before)))
    assert (ended["state"], Decimal(ended["cost"]["todayUsd"])) == ("Suspended", today)


def test_explain_tells_the_steps_the_conditions_and_what_comes_next(
    gold_fleet: Llama, onlooker: Plugin
) -> None:
    ended = onlooker("explain", "small")
    assert (ended.code, ended.err) == (0, "")
    for reason in gold_fleet.status()["reasons"]:
        assert reason["step"] in ended.out
    for part in (
        "small: Ready, 1 of 1 replicas ready",
        "Why 1? The last decision, step by step",
        "AllReplicasReady",
        "What happens next",
        "It closes",
        "Europe/Berlin",
        "cost 3600.00 USD an hour",
    ):
        assert part in ended.out


def test_plan_windows_cost_and_simulate_ask_the_cluster_for_the_resource_and_its_pools(
    gold_fleet: Llama, onlooker: Plugin, tmp_path: Path
) -> None:
    del gold_fleet
    planned = onlooker("plan", "llama/small", "-o", "json").json
    assert (planned["pool"], planned["hourlyUsdPerReplica"]) == ("gold", "3600.00")
    windows = onlooker("windows", "small", "-o", "json").json
    assert (windows["timeZone"], windows["hourlyUsdPerReplica"]) == ("Europe/Berlin", "3600.00")
    trace = tmp_path / "trace.csv"
    trace.write_text("arrival_s,input_tokens,output_tokens\n0.5,100,50\n9.5,100,50\n")
    simulated = onlooker("simulate", "small", "--trace", str(trace), "-o", "json")
    assert simulated.code == 0, simulated.err
    cost = onlooker("cost", "small", "-o", "json").json
    assert Decimal(cost["spent"]["usd"]) > 0
    phases = ("loadingUsd", "servingUsd", "idleUsd", "drainingUsd", "failedStartUsd")
    assert abs(sum(Decimal(cost["spent"][one]) for one in phases) - Decimal(cost["spent"]["usd"])) <= Decimal(
        "0.05"
    )
    shown = onlooker("cost", "small")
    assert "Really spent in" in shown.out


def test_pools_of_a_file_stand_for_the_clusters(gold_fleet: Llama, onlooker: Plugin, tmp_path: Path) -> None:
    del gold_fleet
    cheap = tmp_path / "pools.yaml"
    cheap.write_text(yaml.safe_dump(pool("gold", "7")))
    planned = onlooker("plan", "llama/small", "--pools", str(cheap), "-o", "json").json
    assert planned["hourlyUsdPerReplica"] == "7.00"
    assert any("runs another shape" in reason for reason in planned["reasons"])


def test_top_shows_every_pod_with_its_cost_since_it_has_a_node(gold_fleet: Llama, onlooker: Plugin) -> None:
    (pod,) = gold_fleet.pods()
    ended = onlooker("top")
    assert (ended.code, ended.err) == (0, "")
    words = row(ended.out, f"  {pod['metadata']['name']}")
    assert words[1] in {"Ready", "Idle"}
    assert pod["spec"]["nodeName"] in words
    assert "3600.00" in words
    assert Decimal(words[-1]) > 0


def test_all_namespaces_take_a_right_that_a_role_does_not_give(gold_fleet: Llama, onlooker: Plugin) -> None:
    del gold_fleet
    ended = onlooker("status", "-A")
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("kubectl llama: HTTP 403: llamadeployments.llamafleet.io is forbidden")
    assert "the rights that it takes are get, list and watch" in ended.err


def test_an_administrator_sees_the_fleets_of_all_namespaces(
    gold_fleet: Llama, installed: ControlPlane, tmp_path: Path
) -> None:
    ended = Plugin(installed.kubeconfig, tmp_path)("status", "-A")
    assert row(ended.out, gold_fleet.namespace)[1:4] == ["small", "Ready", "1/1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain", "nobody"], "there is no LlamaDeployment nobody in namespace"),
        (["status", "nobody"], "there is no LlamaDeployment nobody in namespace"),
        (["top", "nobody"], "there is no LlamaDeployment nobody in namespace"),
        (["cost", "llama/nobody"], "there is no LlamaDeployment nobody in namespace"),
        (["status", "--context=elsewhere"], "no access to a cluster: "),
        (["status", "--kubeconfig=/nowhere"], "no access to a cluster: there is no kubeconfig /nowhere"),
        (["status", "--watch", "-o", "json"], "--watch: must be without -o"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_and_1(onlooker: Plugin, words: list[str], said: str) -> None:
    ended = onlooker(*words)
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith(f"kubectl llama: {said}")


def test_a_server_that_does_not_answer_is_one_line_and_1(
    installed: ControlPlane, onlooker: Plugin, tmp_path: Path
) -> None:
    del onlooker
    content = yaml.safe_load(installed.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(yaml.safe_dump(content))
    ended = Plugin(elsewhere, tmp_path)("status")
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert "the API server https://127.0.0.1:1 of context" in line
    assert "does not answer" in line


def test_nothing_was_written_by_it(gold_fleet: Llama, onlooker: Plugin, installed: ControlPlane) -> None:
    """The audit log has everything that the account asked for."""
    for words in (["status"], ["top"], ["explain", "small"], ["cost", "small"]):
        assert onlooker(*words).code == 0
    user = f"system:serviceaccount:{gold_fleet.namespace}:{ACCOUNT}"
    asked = [json.loads(line) for line in whole_lines(installed.audit_log) if user.encode() in line]
    found = {one["verb"] for one in asked if one["user"]["username"] == user}
    assert found == {"get", "list"}
