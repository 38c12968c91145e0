"""What is in ``manifests/monitoring``, and every name of a metric that there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

import llamafleet.adapters.metrics
from builders import ROOT
from llamafleet.adapters.fleetmetrics import FleetMetrics
from llamafleet.waker.book import Book
from llamafleet.waker.metrics import Metrics
from llamafleet.waker.settings import Settings

FOLDER: Final = ROOT / "manifests" / "monitoring"
PAGES: Final = ROOT / "docs" / "runbooks"
BASE: Final = "https://llamafleet.example/docs/runbooks/"

RULES: Final[dict[str, Any]] = yaml.safe_load((FOLDER / "rules.yaml").read_text("utf-8"))
GROUPS: Final[list[dict[str, Any]]] = RULES["spec"]["groups"]
ALERTS: Final[dict[str, dict[str, Any]]] = {
    rule["alert"]: rule for group in GROUPS for rule in group["rules"]
}
DASHBOARDS: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((FOLDER / "dashboards").glob("*.json"))
}
RECORDED: Final = ROOT / "tests" / "adapters" / "data" / "metrics-loaded.txt"
"""What a real vLLM said under load."""

ENDINGS: Final = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "gauge": ("",),
}


def own() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every metric of the operator and of the waker, and all the names that a query may use for it."""
    assert llamafleet.adapters.metrics.WRITES is not None, "its metrics are registered when it is imported"
    registries = (REGISTRY, FleetMetrics(lambda: True, tuple), Metrics(Book(Settings(0))).registry)
    for family in (family for registry in registries for family in registry.collect()):
        if family.name.startswith("llamafleet_"):
            names = tuple(family.name + ending for ending in ENDINGS[family.type])
            yield family.name if family.type == "histogram" else names[0], names


def labels_of_vllm() -> dict[str, set[str]]:
    """Every name of a series that a real vLLM has, with its labels."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(RECORDED.read_text("utf-8")):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def names_in(query: str) -> set[str]:
    """The names of the metrics in a query."""
    return set(re.findall(r"\b(?:llamafleet_|vllm:)\w+", query))


def queries(dashboard: dict[str, Any], namespace: str = "team-a", name: str = "scout") -> list[str]:
    """Every query of a dashboard as Prometheus gets it, with Grafana's variables filled in."""
    given = {"$__rate_interval": "1m", "$namespace": namespace, "$name": name}
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    for variable, value in given.items():
        found = [query.replace(variable, value) for query in found]
    return found


def page(alert: str) -> Path:
    """The page of an alert."""
    return PAGES / f"{alert}.md"
