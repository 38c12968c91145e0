"""The settings, read and run by Argo CD's own program; it needs no cluster for that."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from gitops.fleets import Json
from gitops.states import STATES
from gitops.test_examples import EXAMPLES
from testbed import binaries
from testbed.versions import GITOPS

pytestmark = pytest.mark.programs

SETTINGS = EXAMPLES / "argocd-cm.yaml"


@pytest.fixture(scope="module")
def argocd() -> Path:
    """The program."""
    folder = binaries.find(GITOPS)
    if folder is None:
        why = "Argo CD is not built: make setup"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    return folder / "argocd"


def overrides(argocd: Path, folder: Path, resource: Json, command: str, *arguments: str) -> str:
    """What the settings say of a resource."""
    path = folder / "resource.json"
    path.write_text(json.dumps(resource), "utf-8")
    line = [str(argocd), "admin", "settings", "resource-overrides", command, str(path), *arguments]
    answer = subprocess.run(  # noqa: S603  # the program under test, with arguments of ours
        [*line, f"--argocd-cm-path={SETTINGS}"],
        env={"HOME": str(folder), "PATH": os.defpath},
        check=True,
        capture_output=True,
        text=True,
    )
    return answer.stdout


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_its_word(argocd: Path, tmp_path: Path, name: str) -> None:
    said = overrides(argocd, tmp_path, STATES[name].resource, "health").splitlines()
    assert said[0] == f"STATUS: {STATES[name].argo}"


def test_the_menu_of_a_fleet(argocd: Path, tmp_path: Path) -> None:
    awake = STATES["all replicas are ready"].resource
    lines = overrides(argocd, tmp_path, awake, "list-actions").splitlines()
    assert [line.split() for line in lines] == [
        ["NAME", "DISABLED"],
        ["resume", "true"],
        ["suspend", "false"],
    ]
    assert "suspend: true" in overrides(argocd, tmp_path, awake, "run-action", "suspend")
