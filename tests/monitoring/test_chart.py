"""The chart's part of monitoring: the manifests' own, with what a user changes."""

import copy
import subprocess
from typing import Any

import pytest
import yaml

from charts.rendered import NAMESPACE, Object, only, rendered, tried
from monitoring.shipped import ALERTS, BASE, DASHBOARDS, FOLDER, GROUPS
from testbed import binaries

ON: Object = {
    "podMonitor": {"enabled": True},
    "rules": {"enabled": True},
    "dashboards": {"enabled": True},
}
KINDS = {"PodMonitor", "PrometheusRule"}


def monitoring(**changes: Any) -> Object:
    """All of it switched on, with these values laid over the parts."""
    parts = copy.deepcopy(ON)
    for part, values in changes.items():
        parts[part].update(values)
    return {"monitoring": parts, "waker": {"enabled": True}}


def found(objects: list[Object]) -> dict[tuple[str, str], Object]:
    """Those that are about monitoring."""
    return {
        (one["kind"], one["metadata"]["name"]): one
        for one in objects
        if one["kind"] in KINDS or "-dashboard-" in one["metadata"]["name"]
    }


def alerts(rule: Object) -> dict[str, Object]:
    return {alert["alert"]: alert for group in rule["spec"]["groups"] for alert in group["rules"]}


def test_nothing_of_it_is_there_unless_it_is_chosen() -> None:
    assert found(rendered()) == {}


@pytest.mark.cluster  # kubectl alone: the clusters' programs have to be there
def test_the_chart_has_what_the_manifests_have() -> None:
    command = [str(binaries.ensure() / "kubectl"), "kustomize", str(FOLDER)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours
    manifests = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}
    everything = rendered(monitoring())
    policy = manifests.pop(("NetworkPolicy", "llamafleet-waker-monitoring"))
    (rule,) = policy["spec"]["ingress"]
    assert rule in only(everything, "NetworkPolicy", "llamafleet-waker")["spec"]["ingress"], "there in one"
    chart = found(everything)
    assert chart.keys() == manifests.keys()
    for key, one in manifests.items():
        assert one["metadata"]["namespace"] == chart[key]["metadata"]["namespace"] == NAMESPACE
        assert one.get("data") == chart[key].get("data")
        assert one.get("spec") == without_release(chart[key].get("spec"))
        assert one["metadata"]["labels"].items() <= chart[key]["metadata"]["labels"].items()


def without_release(spec: Any) -> Any:
    """A selector of the chart asks for the release, too."""
    found = copy.deepcopy(spec)
    if found:
        found.get("selector", {}).get("matchLabels", {}).pop("app.kubernetes.io/instance", None)
    return found


def test_a_dashboard_comes_as_it_is() -> None:
    chart = rendered(monitoring())
    for name in DASHBOARDS:
        board = only(chart, "ConfigMap", name.replace("llamafleet-", "llamafleet-dashboard-"))
        assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert board["data"] == {f"{name}.json": (FOLDER / "dashboards" / f"{name}.json").read_text("utf-8")}
    labelled = only(
        rendered(monitoring(dashboards={"labels": {"board": "yes"}})),
        "ConfigMap",
        "llamafleet-dashboard-money",
    )
    assert labelled["metadata"]["labels"]["board"] == "yes"
    assert "grafana_dashboard" not in labelled["metadata"]["labels"]


@pytest.mark.parametrize("major", [3, 4])
def test_alerts_are_left_out_changed_and_led_to_pages_of_ones_own(major: int) -> None:
    values = monitoring(
        rules={
            "labels": {"release": "prometheus"},
            "runbookUrl": "https://wiki.example/pages/",
            "disabled": ["LlamafleetSlow", "LlamafleetWakerRefuses", "LlamafleetWakerHoldsLong"],
            "changes": {"LlamafleetHourlyRateHigh": {"for": "1h", "labels": {"severity": "critical"}}},
        }
    )
    rule = only(rendered(values, major=major), "PrometheusRule", "llamafleet")
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert [group["name"] for group in rule["spec"]["groups"]] == [one["name"] for one in GROUPS[:-1]]
    there = alerts(rule)
    assert there.keys() == ALERTS.keys() - {*values["monitoring"]["rules"]["disabled"]}
    for name, alert in there.items():
        shipped = copy.deepcopy(ALERTS[name])
        shipped["annotations"]["runbook_url"] = f"https://wiki.example/pages/{name}.html"
        if name == "LlamafleetHourlyRateHigh":
            shipped |= {"for": "1h", "labels": {"severity": "critical"}}
        assert alert == shipped


@pytest.mark.parametrize("values", [{"disabled": ["LlamafleetNone"]}, {"changes": {"LlamafleetNone": {}}}])
def test_a_name_that_no_alert_has_is_refused(values: Object) -> None:
    result = tried(monitoring(rules=values))
    assert result.returncode
    assert "monitoring.rules: there is no alert LlamafleetNone" in result.stderr


def test_the_pages_of_the_defaults_are_those_of_the_manifests() -> None:
    there = alerts(only(rendered(monitoring()), "PrometheusRule", "llamafleet"))
    assert all(one["annotations"]["runbook_url"].startswith(BASE) for one in there.values())


def test_model_pods_are_scraped_where_the_operator_works_and_only_if_they_shall_be() -> None:
    every = only(rendered(monitoring()), "PodMonitor", "llamafleet-models")
    assert every["spec"]["namespaceSelector"] == {"any": True}
    some = rendered({**monitoring(), "namespaces": ["team-a", "team-b"]})
    selector = only(some, "PodMonitor", "llamafleet-models")["spec"]["namespaceSelector"]
    assert selector == {"matchNames": ["team-a", "team-b"]}
    none = found(rendered(monitoring(podMonitor={"models": False})))
    assert {name for kind, name in none if kind == "PodMonitor"} == {"llamafleet", "llamafleet-waker"}


def test_every_port_that_is_scraped_is_one_that_a_pod_of_the_chart_has() -> None:
    objects = rendered(monitoring())
    for name in ("llamafleet", "llamafleet-waker"):
        monitor, pods = only(objects, "PodMonitor", name), only(objects, "Deployment", name)
        template = pods["spec"]["template"]
        ports = {port["name"] for one in template["spec"]["containers"] for port in one["ports"]}
        assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} <= ports
        assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert monitor["spec"]["jobLabel"] in template["metadata"]["labels"]
