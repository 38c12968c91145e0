"""Debian's Python as a root file system of its own: packages of this system's archive, never installed.

It is what the operator's image is made of here. The archive says which version; apt checks its signatures.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from testbed import cache, debian
from testbed.errors import TestbedError

PACKAGES = debian.Packages(
    "debian-python", "the operator's image", {"python3": "python3-minimal", "stdlib": "libpython3-stdlib"}
)
NEEDLESS = ("dpkg_", "tar_")  # what they depend on to be installed; an image installs nothing
OLDEST = (3, 11)  # Python that the operator runs on
COMPILE = ("-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")
"""Bytecode that knows its source by content, and that nobody compares with it again: no time is in it."""


@dataclass(frozen=True, slots=True)
class DebianPython:
    """An interpreter and its standard library in a root file system.

    Attributes:
        root: the root file system.
        version: such as 3.11.
    """

    root: Path
    version: str

    @property
    def program(self) -> Path:
        """A starter that runs it on this machine, with its own loader and its own libraries."""
        return self.root.with_name("python3")

    def run(self, *arguments: str, log: Path | None = None) -> bool:
        """Run it, untouched by this process's settings of Python."""
        with (log or Path(os.devnull)).open("ab") as output:
            return not subprocess.run(
                [str(self.program), *arguments],
                check=False,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            ).returncode

    def compile(self, root: Path, inside: str) -> None:
        """Compile the modules below a folder of a root file system, one after the other.

        Raises:
            TestbedError: one of them does not compile.
        """
        if not self.run(*COMPILE, "-s", str(root), "-p", "/", str(root / inside)):
            message = f"{root / inside} has a module that does not compile."
            raise TestbedError(message)


def environment() -> dict[str, str]:
    """Variables for it: whatever pip may want to know, and nothing that a Python of this machine is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def find() -> DebianPython | None:
    """Return the interpreter when it has been unpacked and starts."""
    found = _look(_folder() / "root")
    return found if found and found.run("-c", "import ctypes, ssl, sqlite3, zlib") else None


def ensure() -> DebianPython:
    """Return the interpreter, after downloading it where it is missing.

    Raises:
        TestbedError: it is missing, and there is no apt that could download it.
    """
    if found := find():
        return found
    with cache.locked(PACKAGES.name):
        return find() or _download()


def _folder() -> Path:
    return cache.root() / PACKAGES.name


def _look(root: Path) -> DebianPython | None:
    names = [path.name.removeprefix("python") for path in root.glob("usr/bin/python3.*")]
    versions = [name for name in names if re.fullmatch(r"3\.\d+", name)]
    return DebianPython(root, versions[0]) if versions else None


def _download() -> DebianPython:
    print("Downloading Python of this system's package archive; nothing is installed.", flush=True)
    partial = _folder().with_name(f"{PACKAGES.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "status").write_bytes(b"")  # as if nothing were installed: the image has nothing else
    status = f"-oDir::State::status={partial / 'status'}"
    debian.fetch(PACKAGES, partial, list(PACKAGES.programs.values()), status)
    for archive in sorted((partial / "archives").glob("*.deb")):
        if not archive.name.startswith(NEEDLESS):
            debian.unpack(archive, partial / "root")
    for name in ("archives", "lists"):
        shutil.rmtree(partial / name)
    (partial / "status").unlink()
    _merge(partial / "root")
    found = _look(partial / "root")
    if found is None or tuple(map(int, found.version.split("."))) < OLDEST:
        message = (
            "The operator needs Python 3.11 or newer, and this system's package archive has an older one."
        )
        raise TestbedError(message)
    _finish(found)
    shutil.rmtree(_folder(), ignore_errors=True)
    partial.rename(_folder())
    return DebianPython(_folder() / "root", found.version)


def _merge(root: Path) -> None:
    """Newer packages know ``/usr/lib`` alone; programs still name their loader in ``/lib`` or ``/lib64``."""
    for name in ("lib", "lib64"):
        if (root / "usr" / name).exists() and not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")


def _finish(python: DebianPython) -> None:
    """Write the starter, and compile the standard library, which the packages do when they are installed."""
    loader = next(path for path in python.root.glob("**/ld-linux*.so.*") if not path.is_symlink())
    machine = f"{os.uname().machine}-linux-gnu"
    libraries = ":".join(f"$root/{base}/{machine}" for base in ("lib", "usr/lib"))
    start = f'"$root/{loader.relative_to(python.root)}" --library-path "{libraries}"'
    lines = (
        "#!/bin/sh",
        f'root="$(dirname "$0")/{python.root.name}"',
        f'exec {start} "$root/usr/bin/python{python.version}" "$@"',
    )
    python.program.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    python.program.chmod(0o755)
    python.compile(python.root, f"usr/lib/python{python.version}")
