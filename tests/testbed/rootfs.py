"""What the operator's image stands on, without a registry: Debian's Python, and the packages of the lock.

``python -m testbed build`` fetches and makes it; tests need no network then. The packages lie where the
Dockerfile puts them.
"""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from testbed import cache, debian_python
from testbed.debian_python import DebianPython
from testbed.errors import TestbedError
from testbed.layers import write_layer

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "locks" / "runtime.txt"
HOME = "opt/llamafleet"
SYSTEM = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/bin", "etc")
"""What a program needs of the packages; what they have for people to read stays out."""

KEPT = 3
"""How many of them stay in the cache, 250 MB each: for checkouts with other locks, which take turns."""

MISSING = (
    "what the operator's image is made of is missing: `make setup` downloads it, where the package archive"
    " of the system is Debian's or Ubuntu's and has Python 3.11 or newer"
)


@dataclass(frozen=True, slots=True)
class Base:
    """What every image of the operator stands on.

    Attributes:
        python: its interpreter.
        folder: in the cache; it has the wheels of the lock, and two layers.
    """

    python: DebianPython
    folder: Path

    @property
    def layers(self) -> list[Path]:
        """The system, and above it the packages of the lock."""
        return [self.folder / "system.tar", self.folder / "packages.tar"]

    @property
    def packages(self) -> str:
        """Where packages lie in the image."""
        return f"{HOME}/lib/python{self.python.version}/site-packages"


def find() -> Base | None:
    """Return what the image stands on, when it is there for this lock."""
    python = debian_python.find()
    base = Base(python, _folder(python)) if python else None
    return base if base and base.folder.is_dir() else None


def ensure() -> Base:
    """Return what the image stands on, after downloading and making what is missing.

    Raises:
        TestbedError: a package can not be downloaded.
    """
    if found := find():
        return found
    python = debian_python.ensure()
    with cache.locked("operator-image"):
        return find() or _make(python)


def write_packages_layer(base: Base, wheels: Path, layer: Path) -> None:
    """Install the lock into a virtual environment of the image, from these wheels, as a layer."""
    stage = layer.with_suffix(".stage")
    packages = stage / base.packages
    packages.mkdir(parents=True)
    offline = ("--no-index", "--find-links", str(wheels), "--no-compile", "--target", str(packages))
    _pip(base.python, "install", *offline)
    shutil.rmtree(packages / "bin")  # commands of libraries, which nobody calls
    for record in packages.glob("*.dist-info/RECORD"):
        lines = record.read_text("utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith("../../bin/")), "utf-8")
    _write_environment(stage / HOME, base.python)
    base.python.compile(stage, base.packages)
    write_layer(layer, stage)
    shutil.rmtree(stage)


def _write_environment(home: Path, python: DebianPython) -> None:
    """Make the folder a virtual environment, as ``python -m venv --without-pip`` does."""
    settings = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python.version}\n"
    (home / "pyvenv.cfg").write_text(settings, "utf-8")
    (home / "bin").mkdir()
    (home / "bin" / "python").symlink_to(f"/usr/bin/python{python.version}")


def _folder(python: DebianPython) -> Path:
    digest = hashlib.sha256(LOCK.read_bytes())
    for part in (Path(__file__), Path(debian_python.__file__), python.program):
        digest.update(part.read_bytes())
    return cache.root() / "operator-image" / digest.hexdigest()[:16]


def _make(python: DebianPython) -> Base:
    print("Fetching the packages of the operator's image, and installing them into a layer.", flush=True)
    folder = _folder(python)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _pip(python, "download", "--dest", str(partial / "wheels"))
    base = Base(python, partial)
    system, packages = base.layers
    _write_system_layer(python, system)
    write_packages_layer(base, partial / "wheels", packages)
    partial.rename(folder)
    cache.keep_newest(folder.parent, KEPT)
    return Base(python, folder)


def _write_system_layer(python: DebianPython, layer: Path) -> None:
    (python.root / "tmp").mkdir(exist_ok=True)
    write_layer(layer, python.root, [*SYSTEM, "tmp"])


def _pip(python: DebianPython, command: str, *arguments: str) -> None:
    """Run the pip of this environment for the image's Python, on wheels alone, each checked by its hash."""
    log = cache.root() / "operator-image.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    line = (
        *("--python", str(python.program), command, "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(LOCK)),
    )
    with log.open("wb") as output:
        result = subprocess.run(
            [sys.executable, "-m", "pip", *line, *arguments],
            check=False,
            env=debian_python.environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    if result.returncode:
        message = f"The packages of the operator's image cannot be had; is there a network? The log is {log}."
        raise TestbedError(message)
