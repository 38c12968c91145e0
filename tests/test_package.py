"""The wheel that the image is built from has everything that the operator needs, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from builders import ROOT


def test_the_wheel_carries_the_package_with_its_catalogue_and_no_tests(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603 - our own arguments
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "llamafleet/cli/main.py",
        "llamafleet/catalogue/models.json",
        "llamafleet/catalogue/gpus.json",
    } <= names
    assert "llamafleet/__init__.py" in names
    assert "__init__.py" not in names, "operator/ is a folder and never a package"
    assert {name.partition("/")[0] for name in names} == {"llamafleet", "llamafleet-0.1.0.dist-info"}
