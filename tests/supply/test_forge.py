"""The workflows and the settings of updates: valid, careful, and they leave nothing out."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import ROOT
from supply.tools import complaint

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
ADVICE = ("--offline", "--no-progress", "--persona=pedantic", "--color=never")


def steps(path: Path) -> list[dict[str, Any]]:
    """Every step of a workflow."""
    return [step for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_the_workflows_are_valid(schema: str) -> None:
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "release.yml"}
    assert complaint("check-jsonschema", f"--builtin-schema={schema}", *map(str, WORKFLOWS)) == ""


def test_the_settings_of_updates_are_valid() -> None:
    assert complaint("check-jsonschema", "--builtin-schema=vendor.renovate", "renovate.json") == ""


def test_nothing_in_the_workflows_worries_the_auditor() -> None:
    assert complaint("zizmor", *ADVICE, ".github") == ""


@pytest.mark.parametrize(
    ("careful", "careless", "worry"),
    [
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ('test "$GITHUB_REF_NAME"', 'test "${{ github.ref_name }}"', "template-injection"),
        ("@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5", "unpinned-uses"),
    ],
)
def test_the_auditor_would_notice(careful: str, careless: str, worry: str, tmp_path: Path) -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert careful in text
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    spoilt = tmp_path / ".github" / "workflows" / "release.yml"
    spoilt.write_text(text.replace(careful, careless), "utf-8")
    assert worry in complaint("zizmor", *ADVICE, str(spoilt))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_one_commit_and_says_which_version_that_is(path: Path) -> None:
    used = [line for line in path.read_text("utf-8").splitlines() if "uses:" in line]
    assert used
    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_may_do_more_than_its_comments_say(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    writes = {
        (name, right)
        for name, job in workflow["jobs"].items()
        for right, level in job["permissions"].items()
        if level == "write"
    }
    signs = {(name, right) for name in ("image", "publish") for right in ("id-token", "attestations")}
    assert writes == (signs | {("publish", "contents")} if path.name == "release.yml" else set())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_targets_that_workflows_make_are_there(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = {word for step in steps(path) for word in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert named
    assert {target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()


def test_the_release_knows_no_registry_by_name() -> None:
    """It is a variable of the repository: the project has no home of its own yet."""
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert "REGISTRY: ${{ vars.REGISTRY }}" in text
    for line in text.splitlines():
        if re.search(r"cosign sign --yes|docker login|helm push|type=image", line):
            assert re.search(r"\$\{?REGISTRY|\$IMAGE", line), line


def test_every_file_with_pins_is_looked_after() -> None:
    settings = json.loads((ROOT / "renovate.json").read_text("utf-8"))
    assert settings["ignorePaths"] == [], "the recommended settings leave out tests/"
    patterns = [pattern.strip("/") for pattern in settings["pip_requirements"]["managerFilePatterns"]]
    locks = [*ROOT.glob("locks/*.txt"), *ROOT.glob("locks/*.in"), *ROOT.glob("tests/**/*requirements.txt")]
    names = [str(path.relative_to(ROOT)) for path in locks]
    assert [name for name in names if not any(re.search(pattern, name) for pattern in patterns)] == []
    managers = set(settings["enabledManagers"])
    assert managers == {"dockerfile", "github-actions", "gomod", "helmv3", "pep621", "pip_requirements"}
    assert list(ROOT.glob("tests/testbed/modules/*/go.mod"))


def test_the_shells_of_the_workflows_can_read_their_scripts(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    script = tmp_path / "script"
    for path in WORKFLOWS:
        for step in steps(path):
            script.write_text(step.get("run", ""), "utf-8")
            assert complaint(bash, "-n", str(script)) == ""
