"""The chart and the manifests are the same in effect: whoever changes one changes the other."""

import subprocess
from argparse import ArgumentParser
from typing import Any

import pytest
import yaml

from builders import ROOT
from charts.rendered import KINDS_CHART, NAMESPACE, Object, named, rendered
from llamafleet.cli.arguments import add_run, add_waker
from testbed import binaries

pytestmark = pytest.mark.cluster  # kubectl alone: the clusters' programs have to be there

KINDS = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "crds").glob("*.yaml"))]
OF_HELM = ("helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/instance")
PARSERS = {"run": add_run, "waker": add_waker}


def kustomized(folder: str) -> list[Object]:
    """What ``kubectl kustomize`` makes of a folder of the manifests."""
    command = [str(binaries.ensure() / "kubectl"), "kustomize", str(ROOT / "manifests" / folder)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # ours
    return [one for one in yaml.safe_load_all(found.stdout) if one["kind"] != "Namespace"]


def parsed(args: list[str]) -> tuple[str, dict[str, Any]]:
    """What a container's arguments mean to the program that is started with them."""
    parser = ArgumentParser()
    PARSERS[args[0]](parser)
    return args[0], vars(parser.parse_args(args[1:]))


def plain(one: Any) -> Any:
    """The effect of an object: without what Helm alone says, and with defaults that the API server gives."""
    if isinstance(one, list):
        return [plain(item) for item in one]
    if not isinstance(one, dict):
        return one
    inner = {key: plain(value) for key, value in one.items() if key not in OF_HELM}
    if inner.get("app.kubernetes.io/managed-by") == "Helm":
        del inner["app.kubernetes.io/managed-by"]
    if inner.get("annotations") == {"helm.sh/resource-policy": "keep"}:
        del inner["annotations"]
    if inner.get("imagePullPolicy") == "IfNotPresent":
        del inner["imagePullPolicy"]
    if isinstance(inner.get("args"), list):
        inner["args"] = parsed(inner["args"])
    if isinstance(inner.get("rules"), list):
        inner["rules"] = sorted(inner["rules"], key=str)
    return inner


def effect(objects: list[Object]) -> dict[tuple[str, str, str], Any]:
    return named([plain(one) for one in objects])


def test_the_defaults_are_the_operator_of_the_manifests() -> None:
    assert effect(rendered()) == effect(kustomized("operator"))


def test_the_waker_of_the_chart_is_that_of_the_manifests() -> None:
    assert effect(rendered({"waker": {"enabled": True}})) == effect(kustomized("with-waker"))


def test_named_namespaces_have_the_rights_of_the_manifests() -> None:
    """There every operator may see the wakers' slices; here one does that is told of wakers."""
    chart = effect(rendered({"namespaces": ["team-a", "team-b"], "waker": {"enabled": True}}))
    alone = effect(rendered({"namespaces": ["team-a", "team-b"]}))
    role = ("Role", NAMESPACE, "llamafleet")
    alone[role] = chart[role]
    manifests = effect(kustomized("namespaced"))
    for namespace in ("team-a", "team-b"):
        for kind in ("Role", "RoleBinding"):
            key = (kind, namespace, "llamafleet-tenant")
            assert alone.pop(key) == manifests.pop(key)
    assert alone == manifests


def test_the_admission_policies_are_those_of_the_manifests() -> None:
    chart = effect(rendered({"admissionPolicy": {"enabled": True}}))
    manifests = effect(kustomized("admission"))
    assert {key: chart[key] for key in manifests} == manifests
    assert chart.keys() == manifests.keys() | effect(rendered()).keys()


def test_install_yaml_is_the_kinds_and_the_operator() -> None:
    text = (ROOT / "manifests" / "install.yaml").read_text()
    assert "kind: Namespace" in text
    objects = [one for one in yaml.safe_load_all(text) if one["kind"] != "Namespace"]
    assert named(objects) == named([*KINDS, *kustomized("operator")])


def test_the_chart_of_the_kinds_is_the_generated_kinds_and_keeps_them() -> None:
    objects = rendered(chart=KINDS_CHART)
    assert all(one["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"} for one in objects)
    kinds = {one["metadata"]["name"]: one["spec"] for one in objects}
    assert kinds == {one["metadata"]["name"]: one["spec"] for one in KINDS}
