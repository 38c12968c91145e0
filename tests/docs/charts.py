"""Commands of Helm: both of its releases take them, and the charts take the values."""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from builders import ROOT
from docs.running import run
from docs.shell import Command
from testbed import wheels

CHARTS: Final = ("llamafleet", "llamafleet-crds")
RENDERED: Final = frozenset({"install", "upgrade", "template", "lint"})
VALUES: Final = {"--set": 1, "--set-string": 1, "--set-json": 1, "--set-file": 1, "-f": 1, "--values": 1}


def check_helm(command: Command, folder: Path) -> None:
    """Raises AssertionError with what is wrong."""
    words = command.words[1:]
    for major in wheels.MAJORS:
        said = _run(major, (*words, "--help"), folder)
        assert not said, f"Helm {major}: {said}"
    chart = next((word for word in words if word.startswith("charts/")), None)
    if chart is None:
        is_named = any(not word.startswith("-") for word in words[1:])
        assert not (is_named and words[0] in RENDERED), "which chart?"
        return
    assert (folder / chart / "Chart.yaml").is_file(), f"there is no {chart}"
    values = [word for at, word in enumerate(words) if word in VALUES or (at and words[at - 1] in VALUES)]
    for major in wheels.MAJORS:
        said = rendered(major, ROOT / chart, values, folder)
        assert not said, f"Helm {major}: {said}"


def rendered(major: wheels.Major, chart: Path, values: list[str], folder: Path) -> str:
    """What Helm says against these values; empty: nothing."""
    return _run(major, ("template", "name", str(chart), "--kube-version=1.37.1", *values), folder)


@cache
def keys(chart: str) -> frozenset[str]:
    """The values that a chart has, at the top."""
    path = ROOT / "charts" / chart / "values.yaml"
    return frozenset(yaml.safe_load(path.read_text("utf-8")) or {}) if path.is_file() else frozenset()


def _run(major: wheels.Major, words: tuple[str, ...], folder: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="llamafleet-helm-") as home:
        homes = {f"HELM_{what}_HOME": home for what in ("CACHE", "CONFIG", "DATA")}
        result = run(wheels.helm(major), *words, folder=folder, env={**homes, "PATH": os.defpath})
    return "" if result.returncode == 0 else result.stderr or result.stdout
