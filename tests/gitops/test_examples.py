"""The examples for Argo CD: the settings are our scripts, and the Applications come in order."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import ROOT
from gitops.lua import LUA

EXAMPLES = ROOT / "manifests" / "argocd"
OURS = "llamafleet.io_LlamaDeployment"
WAVE = "argocd.argoproj.io/sync-wave"
COMPARE = "argocd.argoproj.io/compare-options"


def read(name: str) -> dict[str, Any]:
    """One of the examples."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / name).read_text("utf-8"))
    return found


def script(name: str) -> str:
    """One of our scripts."""
    return (LUA / f"{name}.lua").read_text("utf-8")


def test_the_settings_are_our_scripts() -> None:
    settings = read("argocd-cm.yaml")["data"] | read("argocd-cm-waves.yaml")["data"]
    actions = yaml.safe_load(settings.pop(f"resource.customizations.actions.{OURS}"))
    assert settings == {
        f"resource.customizations.health.{OURS}": script("health"),
        "resource.customizations.health.argoproj.io_Application": script("application"),
    }
    assert actions == {
        "discovery.lua": script("discovery"),
        "definitions": [{"name": name, "action.lua": script(name)} for name in ("suspend", "resume")],
    }


APPLICATIONS = {path.stem: read(f"apps/{path.name}") for path in sorted((EXAMPLES / "apps").iterdir())}


def test_the_kinds_come_first_and_nothing_waits_for_the_fleets() -> None:
    waves = {name: int(one["metadata"]["annotations"][WAVE]) for name, one in APPLICATIONS.items()}
    assert sorted(waves, key=lambda name: waves[name]) == ["crds", "operator", "fleets"]
    assert len(set(waves.values())) == len(waves)


@pytest.mark.parametrize("one", [read("root.yaml"), *APPLICATIONS.values()], ids=["root", *APPLICATIONS])
def test_an_application_corrects_and_prunes_and_takes_its_things_along(one: dict[str, Any]) -> None:
    assert one["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    assert one["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert one["spec"]["source"]["repoURL"].startswith("https://git.example.com/")


@pytest.mark.parametrize("one", APPLICATIONS.values(), ids=APPLICATIONS)
def test_what_the_api_server_fills_in_is_no_difference(one: dict[str, Any]) -> None:
    assert one["metadata"]["annotations"][COMPARE] == "ServerSideDiff=true"
    assert "ServerSideApply=true" in one["spec"]["syncPolicy"]["syncOptions"]


def test_the_root_and_the_charts_are_where_the_applications_look() -> None:
    charts = [one["spec"]["source"]["path"] for name, one in APPLICATIONS.items() if name != "fleets"]
    paths = [read("root.yaml")["spec"]["source"]["path"], *charts]
    assert [path for path in paths if not Path(ROOT / path).is_dir()] == []
