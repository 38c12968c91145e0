"""What Helm makes of a chart, without a cluster."""

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import ROOT
from charts.examples import EXAMPLES, RELEASES
from testbed import wheels
from testbed.errors import TestbedError

CHART = ROOT / "charts" / "llamafleet"
KINDS_CHART = ROOT / "charts" / "llamafleet-crds"
NAMESPACE = "llamafleet-system"
KUBERNETES = "1.37.1"
"""Helm by itself takes an older one, which the charts refuse."""

Object = dict[str, Any]


@cache
def obstacle() -> str:
    """Why there is no Helm here; empty: there is."""
    try:
        wheels.ensure()
    except TestbedError as error:
        return str(error)
    return ""


def require_helm() -> None:
    """Skip the test where there is no Helm, and say why; where everything has to run, fail it."""
    if why := obstacle():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


def helm(major: wheels.Major, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm in a home of its own; whether it failed is for the caller."""
    require_helm()
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}
        command = [str(wheels.helm(major)), *arguments]
        return subprocess.run(  # noqa: S603  # the pinned program, with arguments of ours
            command, env=environment, check=False, capture_output=True, text=True, timeout=180
        )


def tried(
    values: Object, *options: str, major: wheels.Major = 3, chart: Path = CHART, release: str = "llamafleet"
) -> subprocess.CompletedProcess[str]:
    """Render the chart with these values."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump(values, file)
        file.flush()
        place = (f"--namespace={NAMESPACE}", f"--kube-version={KUBERNETES}", f"--values={file.name}")
        return helm(major, "template", release, str(chart), *place, *options)


def rendered(values: Object | None = None, *options: str, **how: Any) -> list[Object]:
    """The objects that the chart makes of these values."""
    result = tried(values or {}, *options, **how)
    assert not result.returncode, result.stderr
    return [one for one in yaml.safe_load_all(result.stdout) if one]


def named(objects: list[Object]) -> dict[tuple[str, str, str], Object]:
    """Objects by kind, namespace and name; no two are the same."""
    found = {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in objects
    }
    assert len(found) == len(objects)
    return found


def only(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of that kind and name."""
    (found,) = [one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def example(name: str, major: wheels.Major = 3) -> list[Object]:
    """The objects of one of the examples."""
    return rendered(EXAMPLES[name], major=major, release=RELEASES.get(name, "llamafleet"))
