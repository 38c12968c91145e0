"""What we ship for the waker says the same as its code."""

from typing import Any

import yaml

from builders import ROOT
from llamafleet.api.names import (
    CLIENT_NAMESPACE_LABEL,
    FIELD_MANAGER,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    OPERATOR_NAME,
    SERVING_PORT,
    WAKER_END_PORT,
    WAKER_FIRST_PORT,
    WAKER_MANAGEMENT_PORT,
    WAKER_NAME,
)
from llamafleet.waker.settings import GRACE_SECONDS, MAX_HELD_BYTES, Settings

FOLDER = ROOT / "manifests" / "waker"
OBJECTS = {
    raw["kind"]: raw
    for name in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    for raw in yaml.safe_load_all((FOLDER / name).read_text())
}
OURS = {NAME_LABEL: WAKER_NAME}


def pod() -> dict[str, Any]:
    spec: dict[str, Any] = OBJECTS["Deployment"]["spec"]["template"]["spec"]
    return spec


def test_everything_has_the_name_that_the_operator_looks_for() -> None:
    assert {raw["metadata"]["name"] for raw in OBJECTS.values()} == {WAKER_NAME}
    assert OBJECTS["Deployment"]["spec"]["template"]["metadata"]["labels"] == OURS
    assert OBJECTS["Service"]["spec"]["selector"] == OURS
    assert OBJECTS["Service"]["spec"]["clusterIP"] == "None"
    assert OBJECTS["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == OURS
    assert OBJECTS["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == OURS


def test_it_is_the_operators_image() -> None:
    operator = yaml.safe_load((ROOT / "manifests" / "operator" / "deployment.yaml").read_text())
    (theirs,) = operator["spec"]["template"]["spec"]["containers"]
    assert pod()["containers"][0]["image"] == theirs["image"]


def test_it_may_read_two_kinds_and_nothing_else() -> None:
    rules = OBJECTS["ClusterRole"]["rules"]
    assert [(rule["apiGroups"], rule["resources"]) for rule in rules] == [
        (["discovery.k8s.io"], ["endpointslices"]),
        (["llamafleet.io"], ["llamadeployments"]),
    ]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"list", "watch"}


def test_the_pod_has_time_to_end() -> None:
    hook = pod()["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod()["terminationGracePeriodSeconds"] == hook + GRACE_SECONDS + 20


def test_all_held_bodies_fit_in_a_quarter_of_the_memory() -> None:
    limit = pod()["containers"][0]["resources"]["limits"]["memory"]
    assert limit == f"{4 * MAX_HELD_BYTES // 2**20}Mi"


def test_the_network_lets_in_clients_and_operator_and_out_to_model_servers() -> None:
    policy = OBJECTS["NetworkPolicy"]["spec"]
    clients, operator = policy["ingress"]
    assert clients["from"] == [{"namespaceSelector": {"matchLabels": {CLIENT_NAMESPACE_LABEL: "true"}}}]
    assert clients["ports"] == [{"protocol": "TCP", "port": WAKER_FIRST_PORT, "endPort": WAKER_END_PORT - 1}]
    assert operator["from"] == [{"podSelector": {"matchLabels": {NAME_LABEL: OPERATOR_NAME}}}]
    assert [one["port"] for one in operator["ports"]] == [WAKER_MANAGEMENT_PORT]
    servers = policy["egress"][0]
    assert servers["to"][0]["podSelector"]["matchLabels"] == {MANAGED_BY_LABEL: FIELD_MANAGER}
    assert [one["port"] for one in servers["ports"]] == [SERVING_PORT]
    assert OBJECTS["Service"]["spec"]["ports"][0]["port"] == WAKER_MANAGEMENT_PORT
    assert pod()["containers"][0]["ports"][0]["containerPort"] == WAKER_MANAGEMENT_PORT


def test_the_page_tells_the_defaults() -> None:
    page, settings = (ROOT / "docs" / "waker.md").read_text(), Settings(WAKER_MANAGEMENT_PORT)
    for option, default in (
        ("--max-held", settings.max_held),
        ("--max-held-per-fleet", settings.max_held_per_fleet),
        ("--max-held-bytes", settings.max_held_bytes),
        ("--max-body-bytes", settings.max_body_bytes),
        ("--hold", settings.hold_seconds),
        ("--grace", settings.grace_seconds),
    ):
        assert f"| `{option}` | {default} |" in page
