"""Makes the archive of ``kubectl llama`` and its krew manifest: ``python -m shipping.plugin FOLDER``.

The same commit, locks and Python make the same bytes. The program is a folder, not one file: one file would
unpack itself at every start. Python and every library are in it; of the machine it needs the C library, no
older than the one that it was made with.
"""

import argparse
import gzip
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

from builders import ROOT
from llamafleet.cli.main import COMMANDS, NOT_IN_PLUGIN, PLUGIN

EPOCH: Final = "1767225600"
"""2026-01-01: the age of every file in the archive."""

TEMPLATE: Final = ROOT / "manifests" / "krew" / "llama.yaml"
ENTRY: Final = "import sys\n\nfrom llamafleet.cli import main\n\nsys.exit(main())\n"
MAKE_SECONDS: Final = 600

EXCLUDED: Final = (
    *("kopf", "matplotlib", "numpy", "PIL", "tkinter"),
    *("hypothesis", "pytest", "setuptools", "mypy", "ast_serialize", "chardet", "cryptography", "OpenSSL"),
)
"""What no command of the plugin needs: the operator's process, pictures, and what only developers have."""


def main() -> None:
    """Make both files in a folder."""
    parser = argparse.ArgumentParser(prog="python -m shipping.plugin", description=__doc__)
    parser.add_argument("folder", type=Path, help="where they go")
    parser.add_argument(
        "--address",
        default="https://example.com/llamafleet",
        help="from where the archive will be downloaded",
    )
    options = parser.parse_args()
    archive = make(options.folder)
    manifest = options.folder / TEMPLATE.name
    manifest.write_text(filled(TEMPLATE.read_text("utf-8"), archive, options.address), "utf-8")
    print(f"{archive}\n{manifest}")  # noqa: T201 - a command for people


def version() -> str:
    """The version of the project."""
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    if found is None:
        message = "pyproject.toml has no version"
        raise ValueError(message)
    return found[1]


def make(folder: Path) -> Path:
    """Make the archive."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{PLUGIN}-v{version()}-linux-amd64.tar.gz"
    with tempfile.TemporaryDirectory(prefix="llamafleet-plugin-") as made:
        _pack(_program(Path(made)), archive)
    return archive


def filled(template: str, archive: Path, address: str) -> str:
    """The manifest of an archive that is downloaded from under an address."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    text = re.sub(r"(?m)^  version: .*$", f"  version: v{version()}", template)
    text = re.sub(r"(?m)^(      uri: ).*$", rf"\g<1>{address.rstrip('/')}/{archive.name}", text)
    return re.sub(r"(?m)^(      sha256: ).*$", rf"\g<1>{digest}", text)


def _program(made: Path) -> Path:
    """Freeze the project's own wheel, as it is released; the folder with the program in it."""
    site = made / "site"
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made / "wheel"), site=site)
    (wheel,) = (made / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(site)  # noqa: S202 - a wheel that was made a moment ago
    entry = made / f"{PLUGIN}.py"
    entry.write_text(ENTRY, "utf-8")
    _run(sys.executable, "-m", "PyInstaller", *_options(made, site), str(entry), site=site)
    return made / "dist" / PLUGIN


def _options(made: Path, site: Path) -> list[str]:
    modules = {module for command, (module, *_) in COMMANDS.items() if command not in NOT_IN_PLUGIN}
    return [
        *("--onedir", "--noconfirm", "--log-level", "WARN", "--name", PLUGIN, "--paths", str(site)),
        *("--distpath", str(made / "dist"), "--workpath", str(made / "work"), "--specpath", str(made)),
        *("--collect-data", "llamafleet", "--copy-metadata", "llamafleet"),
        *("--collect-submodules", "rich._unicode_data", "--collect-data", "tzdata"),
        *(f"--hidden-import=llamafleet.cli.{module}" for module in sorted(modules)),
        *(f"--exclude-module={module}" for module in (*EXCLUDED, *_typed_objects())),
    ]


def _typed_objects() -> Iterator[str]:
    """The modules of the Kubernetes client with a class or an API each: thousands, of which we use none."""
    for package in ("kubernetes.client", "kubernetes.aio.client"):
        for part in ("models", "api"):
            folder = resources.files(f"{package}.{part}")
            names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".py"))
            yield from (f"{package}.{part}.{name[:-3]}" for name in names if name != "__init__.py")


def _run(*command: str, site: Path) -> None:
    """Run a program whose output depends on nothing that changes from run to run."""
    steady = {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": EPOCH, "PYTHONPATH": str(site)}
    subprocess.run(  # noqa: S603 - a command of ours
        command, cwd=ROOT, env={**os.environ, **steady}, check=True, timeout=MAKE_SECONDS
    )


def _pack(program: Path, archive: Path) -> None:
    """Pack the program and the licence: sorted, without owners, links and ages. krew takes no links."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, dereference=True) as tar,
    ):
        for path in [ROOT / "LICENSE", *sorted(program.rglob("*"))]:
            if path.is_file():
                name = path.name if path.parent == ROOT else f"{path.relative_to(program)}"
                tar.add(path, name, filter=_steady)


def _steady(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = int(EPOCH)
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


if __name__ == "__main__":
    main()
