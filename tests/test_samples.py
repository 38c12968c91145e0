"""What we hand out works, and nothing of the machine that it was made on is in it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import NOW, ROOT
from llamafleet.api.base import Record
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.plan import Observation, Pool, plan
from llamafleet.planning.sizing.pools import resolve

KINDS: dict[str, type[Record]] = {"LlamaDeployment": LlamaDeployment, "GpuPool": GpuPool}

MANIFESTS = {
    f"{path.name}, object {number}": raw
    for path in sorted((ROOT / "manifests" / "samples").glob("**/*.yaml"))
    for number, raw in enumerate(yaml.safe_load_all(path.read_text()), start=1)
}
POOLS = [GpuPool.model_validate(raw) for raw in MANIFESTS.values() if raw["kind"] == "GpuPool"]
LLAMAS = {name: raw for name, raw in MANIFESTS.items() if raw["kind"] == "LlamaDeployment"}


@pytest.mark.parametrize("raw", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_a_sample_is_of_a_kind_of_ours_and_has_no_unknown_field(raw: dict[str, Any]) -> None:
    assert raw["apiVersion"] == "llamafleet.io/v1alpha1"
    read = KINDS[raw["kind"]].model_validate(raw).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert read["spec"] == raw["spec"]


@pytest.mark.parametrize("gpu_pools", [[], POOLS], ids=["the built-in pool", "the sample's own pool"])
@pytest.mark.parametrize("raw", LLAMAS.values(), ids=LLAMAS.keys())
def test_a_sample_can_be_planned_on(raw: dict[str, Any], gpu_pools: list[GpuPool]) -> None:
    spec = LlamaDeployment.model_validate(raw).spec
    decided = plan(spec, resolve(gpu_pools), Observation(now=NOW, replicas=None))
    assert decided.replicas == (1 if decided.case.opening.open else 0), decided.reasons
    assert decided.case.outlook.projected_usd, "every sample costs something this month"
    assert decided.shape.memory.shortfall <= 0
    assert decided.not_in_effect == ()


def test_there_are_samples_of_both_kinds_and_every_pool_is_usable() -> None:
    assert len(LLAMAS) >= 2
    assert POOLS
    assert all(isinstance(pool, Pool) for pool in resolve(POOLS))


UNWANTED = {
    "the host of a package index": r"pypi\.org|pythonhosted\.org|npmjs\.org",
    "the host of a module proxy": r"(proxy|sum)\.golang\.org",
    "the host of an image registry": r"docker\.io|ghcr\.io|gcr\.io|quay\.io|registry\.k8s\.io|nvcr\.io",
    "a path of one machine": r"(?<![\w.])/(work|root|Users)/|/home/[a-z]",
    "a folder beside the repository": r"\.\./shared",
}


def texts() -> dict[Path, str]:
    """Every text file that is committed, or would be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout: nothing tells what is committed")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603 - a constant
    paths = [ROOT / name for name in names.decode().split("\0") if name]
    contents = {path: path.read_bytes() for path in paths if path.is_file()}
    return {path: body.decode() for path, body in contents.items() if b"\0" not in body}


@pytest.mark.parametrize("pattern", UNWANTED.values(), ids=UNWANTED.keys())
def test_no_committed_file_names(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line)
    ]
    assert found == []
