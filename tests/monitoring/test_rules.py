"""Every alert is one that Prometheus takes, speaks of metrics that there are, and has a page."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from llamafleet.adapters.fleetmetrics import CONDITIONS
from llamafleet.waker.refusals import CODES
from monitoring.promtool import judged
from monitoring.shipped import ALERTS, BASE, GROUPS, PAGES, names_in, own, page

REPOSITORY = PAGES.parents[1]
TROUBLES = (REPOSITORY / "docs" / "troubleshooting.md").read_text("utf-8")
REASONS = re.findall(r"^### (\w+)$", TROUBLES, re.MULTILINE)
"""Every reason of a condition: a test of that page holds them against the code."""


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    (path := tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": GROUPS}), "utf-8")
    assert f"{len(ALERTS)} rules found" in judged("check", "rules", str(path))
    assert sum(len(group["rules"]) for group in GROUPS) == len(ALERTS), "two alerts have one name"


def test_every_metric_of_an_alert_is_one_of_ours() -> None:
    known = {name for _, names in own() for name in names}
    for name, rule in ALERTS.items():
        told = names_in(rule["expr"]) | names_in(rule["annotations"]["description"])
        assert names_in(rule["expr"]), name
        assert told <= known, name


def test_every_value_of_a_label_that_an_alert_asks_for_is_one_that_is_said() -> None:
    """Counters say theirs in their help; conditions and refusals have lists."""
    said = {metric.name: metric.documentation for metric in REGISTRY.collect()}
    said["llamafleet_fleet_condition"] = " ".join((*CONDITIONS, "True False Unknown", *REASONS))
    said["llamafleet_waker_refused"] = " ".join(CODES)
    checked = 0
    for name, rule in ALERTS.items():
        for metric, labels in re.findall(r"(llamafleet_\w+){([^}]*)}", rule["expr"]):
            for value in re.findall(r'="?~?"([^"]+)"', labels):
                for word in value.split("|"):
                    assert re.search(rf"\b{word}\b", said[metric.removesuffix("_total")]), f"{name}: {word}"
                    checked += 1
    assert checked > 10


def test_what_an_alert_asks_the_increase_of_is_there_before_the_first_time() -> None:
    """Prometheus sees no increase in a series that begins at one."""
    there = {
        (sample.name, *sample.labels.values()) for metric in REGISTRY.collect() for sample in metric.samples
    }
    told = ("done", "gone", "stale", "failed", "throttled", "broken")
    assert {("llamafleet_reconciles_total", result) for result in told} <= there
    assert ("llamafleet_lease_renewals_total", "failed") in there
    assert ("llamafleet_throttled_requests_total",) in there


@pytest.mark.parametrize("rule", ALERTS.values(), ids=ALERTS.keys())
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    said = rule["annotations"]
    assert said.keys() == {"summary", "description", "runbook_url"}
    assert said["runbook_url"] == f"{BASE}{rule['alert']}.html"
    assert said["summary"].endswith(".")
    assert len(said["summary"]) < 120


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_a_page_with_everything_that_somebody_asks_at_night(alert: str) -> None:
    text = page(alert).read_text("utf-8")
    assert text.startswith(f"# {alert}\n")
    found = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert found == ["What it means", "What users notice", "Look", "Do", "When to ignore it"]
    assert f"Severity: {ALERTS[alert]['labels']['severity']}." in text


def test_there_is_no_page_without_an_alert() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == ALERTS.keys()


def test_every_alert_is_in_the_table_of_the_page_about_monitoring() -> None:
    text = (REPOSITORY / "docs" / "monitoring.md").read_text("utf-8")
    told = re.findall(r"^\| \[(Llamafleet\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|", text, re.MULTILINE)
    assert told == [(name, name, rule["labels"]["severity"]) for name, rule in ALERTS.items()]
    assert f" {len(ALERTS)} alerts " in text
