"""What our PodMonitor makes of model pods: a real Prometheus scrapes by it what a real vLLM has said."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from adapters.bodies import RECORDED
from llamafleet.adapters.exposition import SERIES
from monitoring.prometheus import asked, running_prometheus
from monitoring.publishers import Said, serving
from monitoring.shipped import DASHBOARDS, FOLDER, queries
from testbed.wait import until

READY, LOADING = "127.0.0.2", "127.0.0.3"
SCRAPE = "1s"
"""What a scrape may take, too. Where one takes longer, every series has ended until the next."""

PATIENCE_SECONDS = 120.0
MONITOR: dict[str, Any] = yaml.safe_load((FOLDER / "podmonitor-models.yaml").read_text("utf-8"))


def relabelled(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules of a PodMonitor as Prometheus itself spells them."""
    return [
        {re.sub("[A-Z]", lambda upper: f"_{upper[0].lower()}", key): value for key, value in rule.items()}
        for rule in rules
    ]


def pod(address: str, name: str, *, ready: bool) -> dict[str, Any]:
    """A target with the labels that Kubernetes' discovery and the Prometheus operator give it."""
    labels = {
        "__meta_kubernetes_pod_ready": str(ready).lower(),
        "__meta_kubernetes_pod_label_llamafleet_io_deployment": "scout",
        "namespace": "team-a",
        "pod": name,
    }
    return {"targets": [address], "labels": labels}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that scrapes two pods of a fleet by our PodMonitor, one of which is not ready."""
    (endpoint,) = MONITOR["spec"]["podMetricsEndpoints"]
    said: Said = {READY: RECORDED["loaded"], LOADING: RECORDED["idle"]}
    folder = tmp_path_factory.mktemp("prometheus")
    with serving(said) as port:
        targets = [
            pod(f"{READY}:{port}", "scout-a", ready=True),
            pod(f"{LOADING}:{port}", "scout-b", ready=False),
        ]
        job = {
            "job_name": "podMonitor/llamafleet-system/llamafleet-models/0",
            "metrics_path": endpoint["path"],
            "static_configs": targets,
            "relabel_configs": relabelled(endpoint["relabelings"]),
            "metric_relabel_configs": relabelled(endpoint["metricRelabelings"]),
        }
        config = {"global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE}, "scrape_configs": [job]}
        with running_prometheus(folder, config) as url:
            until(lambda: found(url, "vllm:num_requests_running"), PATIENCE_SECONDS, "a scrape")
            yield url


def found(url: str, query: str) -> list[dict[str, Any]]:
    return list(asked(url, "query", query=query)["result"])


def test_a_series_says_whose_it_is_and_only_a_ready_pod_is_asked(prometheus: str) -> None:
    query = "vllm:num_requests_running"
    (series,) = until(lambda: found(prometheus, query), PATIENCE_SECONDS, "a scrape in time")
    assert series["metric"] | {"instance": ""} == {
        "__name__": "vllm:num_requests_running",
        "engine": "0",
        "fleet": "scout",
        "instance": "",
        "job": "llamafleet-models",
        "model_name": "tiny-llama",
        "namespace": "team-a",
        "pod": "scout-a",
    }
    assert [one["metric"]["pod"] for one in found(prometheus, "up")] == ["scout-a"]


def test_what_the_operator_asks_a_prometheus_for_is_kept_and_birthdays_are_not(prometheus: str) -> None:
    names = {name for name in asked(prometheus, "label/__name__/values") if name.startswith("vllm:")}
    assert not {name for name in names if name.endswith("_created")}
    recorded = {line.partition(b"{")[0].decode() for line in RECORDED["loaded"].splitlines()}
    wanted = {name for name in recorded if name.startswith("vllm:") and not name.endswith("_created")}
    assert wanted <= names
    assert {name for name in SERIES if name in recorded} <= names


def test_every_query_of_the_models_dashboard_about_vllm_has_an_answer(prometheus: str) -> None:
    asks = [query for query in queries(DASHBOARDS["llamafleet-model"]) if "vllm:" in query]
    assert len(asks) > 20

    def answered() -> bool:
        for query in asks:
            assert found(prometheus, query), query
        return True

    assert until(answered, PATIENCE_SECONDS, "an answer to every query")
