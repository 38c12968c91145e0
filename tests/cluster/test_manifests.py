"""What we ship is accepted by a real API server as it stands, in namespaces with the restricted rules."""

import re
from argparse import ArgumentParser
from pathlib import Path

import pytest
import yaml

from builders import ROOT
from fleet_operator import MANIFESTS, NAMESPACE
from llamafleet.api.names import OPERATOR_NAME, WAKER_NAME
from llamafleet.cli.arguments import add_run
from llamas import SETTLE_SECONDS
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

STRICT = ("--server-side", "--dry-run=server", "--validate=strict")
ELSEWHERE = {"argocd", "kind", "krew", "monitoring"}
"""Folders of ``manifests/`` that need kinds of Argo CD or Prometheus, or that no cluster reads."""


def test_the_operators_own_pods_are_admitted_under_the_restricted_rules(installed: ControlPlane) -> None:
    """Their namespace enforces them; no node here has room for them, so they stay pending."""
    folder = ROOT / "manifests" / "operator"
    installed.kubectl("apply", "--server-side", "--validate=strict", "-k", str(folder))
    try:
        pods = ("pods", f"--namespace={NAMESPACE}", "-l", "app.kubernetes.io/name=llamafleet")
        until(lambda: len(installed.get(*pods)["items"]) == 2, SETTLE_SECONDS, "the operator's two pods")
        accounts = {pod["spec"]["serviceAccountName"] for pod in installed.get(*pods)["items"]}
        assert accounts == {"llamafleet"}
    finally:
        for name in ("deployment", "poddisruptionbudget"):
            installed.kubectl("delete", "-f", str(folder / f"{name}.yaml"))


def test_the_operator_that_comes_with_the_waker_is_told_of_it(installed: ControlPlane) -> None:
    folder = ROOT / "manifests" / "with-waker"
    objects = list(yaml.safe_load_all(installed.kubectl("kustomize", str(folder))))
    (operator,) = [
        one for one in objects if (one["kind"], one["metadata"]["name"]) == ("Deployment", OPERATOR_NAME)
    ]
    container = operator["spec"]["template"]["spec"]["containers"][0]
    assert container["args"][-1] == f"--waker={WAKER_NAME}"
    parser = ArgumentParser()
    add_run(parser)
    assert parser.parse_args(container["args"][1:]).waker == WAKER_NAME
    assert {one["metadata"]["name"] for one in objects if one["kind"] == "Service"} == {WAKER_NAME}


def folders() -> list[Path]:
    """The folders that kustomize builds from."""
    found = [path.parent for path in sorted(MANIFESTS.glob("**/kustomization.yaml"))]
    return [path for path in found if "kind: Component" not in (path / "kustomization.yaml").read_text()]


def plain_files() -> list[Path]:
    """Every other manifest; what belongs to a kustomization is looked at there, too."""
    files = [*sorted((ROOT / "crds").glob("*.yaml")), *sorted(MANIFESTS.glob("**/*.yaml"))]
    return [path for path in files if path.name != "kustomization.yaml"]


def is_ours_to_check(path: Path) -> bool:
    """False where the kinds of others are needed: tests of these have them."""
    return not ELSEWHERE & set(path.relative_to(ROOT).parts)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("folder", [*filter(is_ours_to_check, folders())], ids=named)
def test_what_kustomize_makes_is_valid_to_the_letter(
    installed: ControlPlane, namespace: str, folder: Path
) -> None:
    built = installed.kubectl("kustomize", str(folder))
    text = re.sub(r"namespace: team-[abc]$", f"namespace: {namespace}", built, flags=re.MULTILINE)
    installed.kubectl("apply", *STRICT, "-f", "-", input=text)


@pytest.mark.parametrize("path", [*filter(is_ours_to_check, plain_files())], ids=named)
def test_every_file_that_we_ship_is_valid_to_the_letter(installed: ControlPlane, path: Path) -> None:
    installed.kubectl("apply", *STRICT, "-f", str(path))
