"""``docs/metrics.md`` names every metric that there is and none that is not; its rules are rules."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

import llamafleet.adapters.metrics
from builders import ROOT
from llamafleet.adapters.fleetmetrics import FleetMetrics
from llamafleet.waker.book import Book
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.settings import Settings
from testbed import debian

PAGE = (ROOT / "docs" / "metrics.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
ENDINGS = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "gauge": ("",),
}


def every_name() -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is told in the table, and all the names that a query may use for it."""
    assert llamafleet.adapters.metrics.WRITES
    registries = (REGISTRY, FleetMetrics(lambda: True, tuple), Metrics(Book(Settings(0))).registry)
    for family in (family for registry in registries for family in registry.collect()):
        if family.name.startswith("llamafleet_"):
            names = tuple(family.name + ending for ending in ENDINGS[family.type])
            yield family.name if family.type == "histogram" else names[0], names


def test_every_metric_is_in_a_table_and_every_name_is_a_metrics() -> None:
    found = dict(every_name())
    told = set(re.findall(r"^\| `(llamafleet_\w+)` \|", PAGE, re.MULTILINE))
    assert told == found.keys()
    known = {name for names in found.values() for name in names} | found.keys()
    assert {*re.findall(r"\bllamafleet_\w+", PAGE)} <= known


@pytest.fixture(scope="module")
def promtool() -> str:
    """Prometheus' own judge of rules, which comes with its package."""
    beside = debian.find(debian.PROMETHEUS)
    unpacked = beside["prometheus"].parents[1] / "root" / "usr" / "bin" / "promtool" if beside else Path()
    program = shutil.which("promtool") or (str(unpacked) if unpacked.is_file() else None)
    if program is None:
        why = "there is no promtool; make setup fetches it"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    return program


def block_with(key: str) -> Any:
    (found,) = [block for block in BLOCKS if isinstance(block, dict) and key in block]
    return found


def judged(program: str, *words: str) -> str:
    ended = subprocess.run(  # noqa: S603 - ours
        [program, *words], capture_output=True, text=True, check=False, cwd=Path(words[-1]).parent
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_prometheus_takes_the_scrape_configuration(promtool: str, tmp_path: Path) -> None:
    config = block_with("scrape_configs")
    (job,) = config["scrape_configs"]
    assert job.pop("kubernetes_sd_configs")[0]["role"] == "pod"  # Debian's Prometheus is built without it
    (path := tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    judged(promtool, "check", "config", "--syntax-only", str(path))


def test_prometheus_takes_the_rules_and_they_fire_when_they_should(promtool: str, tmp_path: Path) -> None:
    rules = block_with("groups")
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    assert f"{len(rules['groups'][0]['rules'])} rules found" in judged(
        promtool, "check", "rules", str(tmp_path / "rules.yml")
    )
    fleet = '{namespace="team-a", name="scout"}'
    quiet = {
        'llamafleet_leader{pod="a"}': "1x60",
        'llamafleet_leader{pod="b"}': "0x60",
        "llamafleet_queue_oldest_seconds": "0x60",
        'llamafleet_reconciles_total{result="done"}': "0+60x60",
        'llamafleet_reconciles_total{result="failed"}': "0+1x60",
        'llamafleet_reconciles_total{result="broken"}': "0x60",
        'llamafleet_writes_total{kind="Service", reason="repair"}': "0x60",
        f"llamafleet_fleet_ready_replicas{fleet}": "3x60",
        f"llamafleet_fleet_desired_replicas{fleet}": "3x60",
        f"llamafleet_fleet_month_to_date_dollars{fleet}": "500x60",
        f"llamafleet_fleet_monthly_budget_dollars{fleet}": "1000x60",
    }
    wrong = {
        "LlamafleetNobodyLeads": {'llamafleet_leader{pod="a"}': "0x60"},
        "LlamafleetTwoLead": {'llamafleet_leader{pod="b"}': "1x60"},
        "LlamafleetResourcesWait": {"llamafleet_queue_oldest_seconds": "90x60"},
        "LlamafleetBroken": {'llamafleet_reconciles_total{result="broken"}': "0+1x60"},
        "LlamafleetReconcilesFail": {'llamafleet_reconciles_total{result="failed"}': "0+30x60"},
        "LlamafleetFightsOverAChild": {'llamafleet_writes_total{kind="Service", reason="repair"}': "0+2x60"},
        "LlamafleetFleetIncomplete": {f"llamafleet_fleet_ready_replicas{fleet}": "2x60"},
        "LlamafleetBudgetNearlySpent": {f"llamafleet_fleet_month_to_date_dollars{fleet}": "950x60"},
        "LlamafleetHourlyRateHigh": {f"llamafleet_fleet_hourly_rate_dollars{fleet}": "101x60"},
    }
    path = tmp_path / "tests.yml"
    cases = [case(quiet, name, fires=False) for name in wrong]
    cases += [case({**quiet, **series}, name, fires=True) for name, series in wrong.items()]
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": cases}
    path.write_text(yaml.safe_dump(tests))
    judged(promtool, "test", "rules", str(path))


def case(series: dict[str, str], alert: str, *, fires: bool) -> dict[str, Any]:
    """Whether an alert fires after fifty minutes of these samples; the labels that it has are looked up."""
    given = [{"series": name, "values": values} for name, values in series.items()]
    count = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'
    expected = {"expr": count, "eval_time": "50m", "exp_samples": [{"labels": "{}", "value": int(fires)}]}
    return {"interval": "1m", "input_series": given, "promql_expr_test": [expected]}
