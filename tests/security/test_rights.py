"""No role that we ship can do more than it must; the comparison with what was used finds each mistake."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from builders import ROOT
from charts.rendered import rendered
from security.rights import OPERATOR, WAKER, Right, missing, refused, rights_of, shipped, unused, used
from testbed.audit import Use

ROLES: Final = frozenset({"Role", "ClusterRole"})

READ: Final = frozenset({"get", "list", "watch"})
WRITE: Final = frozenset({"create", "patch"})

WRITABLE: Final = frozenset(
    {
        "serviceaccounts",
        "services",
        "deployments",
        "poddisruptionbudgets",
        "networkpolicies",
        "endpointslices",
        "pods",
        "events",
        "leases",
        "configmaps",
        "llamadeployments/status",
    }
)
"""What the operator writes; everything else is read at the most."""

EVERYTHING: Final[Mapping[str, Any]] = {
    "namespaces": ["team-a"],
    "waker": {"enabled": True},
    "admissionPolicy": {"enabled": True},
    "operator": {"prometheusUrl": "http://prometheus.monitoring:9090"},
}
"""Values of the chart that bring every role there is."""


def _rules(raw: object) -> Iterator[list[dict[str, Any]]]:
    """The rules of every role in a document, of those in patches of a kustomization, too."""
    if isinstance(raw, dict):
        if str(raw.get("kind")) in ROLES:
            yield raw.get("rules") or []
        if str(raw.get("path")) in {"/rules", "/rules/-"}:
            value = raw["value"]
            yield value if isinstance(value, list) else [value]
        for key, value in raw.items():
            yield from _rules(yaml.safe_load(value) if key == "patch" and isinstance(value, str) else value)
    elif isinstance(raw, list):
        for one in raw:
            yield from _rules(one)


def _in_manifests() -> dict[str, set[Right]]:
    found = {}
    for path in sorted((ROOT / "manifests").rglob("*.yaml")):
        objects = list(yaml.safe_load_all(path.read_text("utf-8")))
        rights = {right for raw in objects for rules in _rules(raw) for right in rights_of(rules)}
        if rights:
            found[str(path.relative_to(ROOT))] = rights
    return found


def _in_charts() -> dict[str, set[Right]]:
    found = {}
    for what, values in (("the chart", {}), ("the chart with everything", dict(EVERYTHING))):
        objects = rendered(values)
        found[what] = {right for raw in objects for rules in _rules(raw) for right in rights_of(rules)}
    return found


@pytest.fixture(scope="module")
def roles() -> dict[str, set[Right]]:
    """Every right in the repository, by where it stands."""
    return {**_in_manifests(), **_in_charts()}


def test_the_roles_are_found(roles: dict[str, set[Right]]) -> None:
    own = {
        "manifests/operator/rbac.yaml",
        "manifests/waker/rbac.yaml",
        "manifests/namespaced/tenant/rbac.yaml",
    }
    assert (
        own | {"manifests/namespaced/confined/kustomization.yaml", "manifests/install.yaml"} <= roles.keys()
    )
    assert all(roles.values())


FORBIDDEN: Final[Mapping[str, re.Pattern[str]]] = {
    "a wildcard": re.compile(r"\*"),
    "a Secret": re.compile(r" secrets"),
    "a program in a pod": re.compile(r" pods/(exec|attach|portforward|proxy|ephemeralcontainers)"),
    "a token": re.compile(r" serviceaccounts/token"),
    "a node, but to read it": re.compile(r"^(?!get |list |watch )\S+ nodes"),
    "the kubelet": re.compile(r" nodes/"),
    "a deletion": re.compile(r"^delete"),
    "a role": re.compile(r"rbac\.authorization"),
    "more than one has": re.compile(r"^(escalate|bind|impersonate|approve|sign) "),
    "an admission rule": re.compile(r"admissionregistration"),
    "a namespace": re.compile(r" namespaces"),
    "a whole update": re.compile(r"^update "),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_role_can_have(roles: dict[str, set[Right]], what: str) -> None:
    found = [
        f"{place}: {right}"
        for place, rights in roles.items()
        for right in rights
        if FORBIDDEN[what].search(str(right))
    ]
    assert found == []


def test_only_what_the_operator_writes_can_be_written(roles: dict[str, set[Right]]) -> None:
    odd = [
        f"{place}: {right}"
        for place, rights in roles.items()
        for right in rights
        if right.verb not in READ and not (right.verb in WRITE and right.resource in WRITABLE)
    ]
    assert odd == []


def test_the_waker_writes_nothing() -> None:
    assert {right.verb for right in shipped(WAKER)} <= READ


def test_the_chart_and_the_manifests_grant_the_same(roles: dict[str, set[Right]]) -> None:
    assert roles["the chart"] == shipped(OPERATOR) == roles["manifests/install.yaml"]


def _use(verb: str, resource: str, group: str = "", **fields: Any) -> Use:
    account = fields.pop("account", f"llamafleet-system:{OPERATOR}")
    return Use(account, verb, group, resource, fields.pop("name", "*"), **fields)


GRANTED: Final = {Right("list", "", "pods"), Right("get", "", "configmaps", "mine")}


def test_a_right_that_nobody_used_is_named() -> None:
    assert unused(GRANTED, used([_use("list", "pods")], OPERATOR)) == ["get configmaps mine"]
    assert unused(GRANTED, used([_use("list", "pods", account="other:other")], OPERATOR)) == [
        "get configmaps mine",
        "list pods",
    ]


def test_a_right_by_name_is_used_by_that_name_alone() -> None:
    uses = [_use("list", "pods"), _use("get", "configmaps", name="others")]
    assert unused(GRANTED, used(uses, OPERATOR)) == ["get configmaps mine"]
    assert missing(GRANTED, used(uses, OPERATOR), set()) == ["get configmaps others"]


def test_a_request_that_was_refused_is_no_use_and_is_named_where_we_do_not_ship_it() -> None:
    uses = [_use("list", "pods", refused="*"), _use("watch", "secrets", refused="team-a")]
    assert unused(GRANTED, used(uses, OPERATOR)) == ["get configmaps mine", "list pods"]
    assert missing(GRANTED, used(uses, OPERATOR), refused(uses, OPERATOR)) == ["watch secrets"]


def test_the_second_installation_counts_under_the_names_of_the_first() -> None:
    uses = [_use("get", "leases", name="llamafleet-b", account="llamafleet-system:llamafleet-b")]
    assert used(uses, OPERATOR) == {Right("get", "", "leases", "llamafleet")}
