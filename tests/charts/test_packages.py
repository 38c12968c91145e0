"""What people find in the charts before they install anything, and what Helm says of them."""

import re
import shutil
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

from builders import ROOT
from charts.pods import deployments
from charts.rendered import CHART, KINDS_CHART, NAMESPACE, helm, rendered, tried
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.sizing.image import DEFAULT_IMAGE
from shipping.commented import values
from testbed.wheels import MAJORS, Major

CHARTS = (CHART, KINDS_CHART)
ABOUT = {folder: yaml.safe_load((folder / "Chart.yaml").read_text()) for folder in CHARTS}
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
EXPECTED = {".helmignore", "Chart.yaml", "README.md", "values.yaml", "values.schema.json"}


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("folder", CHARTS, ids=lambda folder: folder.name)
def test_helm_finds_nothing_to_complain_of(folder: Path, major: Major) -> None:
    result = helm(major, "lint", "--strict", str(folder))
    assert not result.returncode, result.stdout + result.stderr
    assert "[WARNING]" not in result.stdout


@pytest.mark.parametrize("major", MAJORS)
def test_a_package_has_what_people_look_up_and_renders_the_same(tmp_path: Path, major: Major) -> None:
    for folder in CHARTS:
        result = helm(major, "package", str(folder), f"--destination={tmp_path}")
        assert not result.returncode, result.stderr
        package = tmp_path / f"{folder.name}-{ABOUT[folder]['version']}.tgz"
        with tarfile.open(package) as archive:
            names = {name.removeprefix(f"{folder.name}/") for name in archive.getnames()}
        assert {"Chart.yaml", "README.md", "values.yaml", "values.schema.json"} <= names
        assert {path for path in names if not path.startswith(("templates/", "files/"))} <= EXPECTED
        assert rendered(chart=package, major=major) == rendered(chart=folder, major=major)


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("folder", CHARTS, ids=lambda folder: folder.name)
def test_a_cluster_that_is_too_old_is_refused_whatever_its_vendor_calls_it(
    folder: Path, major: Major
) -> None:
    for version, fits in (("1.34.9", False), ("1.35.0", True), ("1.35.0-gke.1", True), ("1.37.1+k3s1", True)):
        result = tried({}, f"--kube-version={version}", chart=folder, major=major)
        assert bool(result.returncode) != fits, version
        assert fits or "kubeVersion: >=1.35.0-0" in result.stderr


def test_it_may_be_a_part_of_another_chart(tmp_path: Path) -> None:
    whole = tmp_path / "platform"
    shutil.copytree(CHART, whole / "charts" / "llamafleet")
    part = {"name": "llamafleet", "version": "0.x.x", "alias": "fleets"}
    about = {"apiVersion": "v2", "name": "platform", "version": "1.0.0", "dependencies": [part]}
    (whole / "Chart.yaml").write_text(yaml.safe_dump(about))
    values = {"fleets": {"replicas": 1}, "global": {"domain": "example.com"}}
    (operator,) = deployments(rendered(values, chart=whole, release="stack"))
    assert operator["spec"]["replicas"] == 1
    assert operator["metadata"]["name"] == "stack-fleets"


@pytest.mark.parametrize("folder", CHARTS, ids=lambda folder: folder.name)
def test_a_template_holds_one_object_or_one_for_each_namespace_or_pool(folder: Path) -> None:
    for path in (folder / "templates").glob("**/*.yaml"):
        text = path.read_text()
        assert len(re.findall(r"^kind: |include \"llamafleet.dashboard\"", text, re.MULTILINE)) == 1, path


def test_both_charts_and_the_program_have_one_version_each() -> None:
    assert {about["version"] for about in ABOUT.values()} == {"0.2.0"}
    assert {about["appVersion"] for about in ABOUT.values()} == {VERSION}


def test_what_artifact_hub_is_told_is_true() -> None:
    told_there = ABOUT[CHART]["annotations"]
    read = {key: yaml.safe_load(text) for key, text in told_there.items()}
    images = {one["name"]: one["image"] for one in read["artifacthub.io/images"]}
    assert images == {"llamafleet": f"llamafleet:{VERSION}", "vllm": DEFAULT_IMAGE}
    kinds = rendered(chart=KINDS_CHART)
    assert {(one["kind"], one["version"], one["name"]) for one in read["artifacthub.io/crds"]} == {
        (one["spec"]["names"]["kind"], one["spec"]["versions"][0]["name"], one["metadata"]["name"])
        for one in kinds
    }
    fleet, pool = read["artifacthub.io/crdsExamples"]
    LlamaDeployment.model_validate(fleet)
    GpuPool.model_validate(pool)
    assert read["artifacthub.io/operator"] is True
    allowed = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    assert {one["kind"] for one in read["artifacthub.io/changes"]} <= allowed


@pytest.mark.parametrize("folder", CHARTS, ids=lambda folder: folder.name)
def test_every_value_is_told_where_it_stands_and_in_the_readme(folder: Path) -> None:
    found = values(folder / "values.yaml")
    assert found
    readme = (folder / "README.md").read_text()
    for value in found:
        assert value.meaning, value.name
        assert f"| `{value.name}` |" in readme
        assert value.meaning.replace("|", "\\|") in readme


def test_the_pages_that_the_charts_point_to_are_there() -> None:
    text = (CHART / "values.yaml").read_text() + (CHART / "README.md").read_text()
    for page in set(re.findall(r"docs/[a-z-]+\.md", text)):
        assert (ROOT / page).exists(), page


def test_a_release_elsewhere_names_its_own_namespace_only() -> None:
    text = "".join(path.read_text() for path in (CHART / "templates").glob("**/*.yaml"))
    assert NAMESPACE not in text
