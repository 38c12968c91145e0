"""Finds runc and nft, or unpacks Debian's packages of them into the cache.

They are not built: runc would need a C compiler and libseccomp, and nft is written in C. Nothing is installed
into the system: apt only downloads, and checks the signatures as always.
"""

import os
import shutil
import subprocess
from pathlib import Path

from testbed import cache
from testbed.errors import TestbedError

PACKAGES = {
    "runc": "runc",
    "nft": "nftables",
}  # the program, and the package of Debian and Ubuntu that has it
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin")  # where packages put programs
SYSTEM = ("/usr/sbin", "/sbin")  # where the system has such programs, though a user's PATH may lack them
PATIENCE_SECONDS = 300.0  # of apt; a mirror that answers needs 5


def find() -> dict[str, Path] | None:
    """Return the path of each program, or None when one is missing."""
    found = {program: _installed(program) or _unpacked(program) for program in PACKAGES}
    there = {program: path for program, path in found.items() if path}
    return there if len(there) == len(PACKAGES) else None


def ensure() -> dict[str, Path]:
    """Return the path of each program, after downloading what is missing.

    Raises:
        TestbedError: a program is missing, and there is no apt that could download it.
    """
    if found := find():
        return found
    with cache.locked("debian"):
        return find() or _download()


def _installed(program: str) -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM])
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def _folder() -> Path:
    return cache.root() / "debian"


def _unpacked(program: str) -> Path | None:
    """A program of an unpacked package, when it still starts: its other libraries are the system's."""
    path = _folder() / "bin" / program
    works = (
        path.exists()
        and not subprocess.run([str(path), "--version"], check=False, capture_output=True).returncode
    )
    return path if works else None


def _download() -> dict[str, Path]:
    missing = [package for program, package in PACKAGES.items() if not _installed(program)]
    names = " and ".join(missing)
    print(f"Downloading {names} of this system's package archive; nothing is installed.", flush=True)
    partial = _folder().with_name("debian.partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name in ("archives/partial", "lists/partial", "bin"):
        (partial / name).mkdir(parents=True)
    _fetch(partial, missing)
    for archive in (partial / "archives").glob("*.deb"):
        unpack = ["dpkg-deb", "-x", str(archive), str(partial / "root")]
        subprocess.run(unpack, check=True)
    _publish(partial)
    found = find()
    if found is None:
        message = f"{names}: a program does not start; what was unpacked lies in {_folder()}."
        raise TestbedError(message)
    return found


def _fetch(folder: Path, packages: list[str]) -> None:
    """Download the packages and what they need beyond the packages that are installed."""
    log = cache.root() / "debian.log"
    log.write_bytes(b"")
    install = ("--yes", "--no-install-recommends", "--download-only", "install", *packages)
    if _apt(log, folder, *install):
        return
    # The system has no package lists, or old ones; a fresh copy lies in our folder for as long as this takes.
    lists = f"-oDir::State::lists={folder / 'lists'}"
    _apt(log, folder, lists, "update")
    if not _apt(log, folder, lists, *install):
        cause = f"{' and '.join(packages)} cannot be downloaded; install the packages, for the real node."
        message = f"{cause} The log is {log}."
        raise TestbedError(message)


def _apt(log: Path, folder: Path, *arguments: str) -> bool:
    """Run apt-get with its caches in our folder, and without the locks, which only root could take."""
    command = [
        *("apt-get", "--quiet", "-oDebug::NoLocking=1", "-oAPT::Sandbox::User="),
        *(f"-oDir::Cache={folder}", f"-oDir::Cache::archives={folder / 'archives'}"),
        *arguments,
    ]
    with log.open("ab") as output:
        try:
            result = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=PATIENCE_SECONDS,
            )
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            output.write(f"{error}\n".encode())
            return False
    return result.returncode == 0


def _publish(partial: Path) -> None:
    """Move what was unpacked to its place, with one starter per program that knows its libraries."""
    shutil.rmtree(_folder(), ignore_errors=True)
    shutil.rmtree(partial / "archives")
    shutil.rmtree(partial / "lists")
    for program in PACKAGES:
        where = next((folder for folder in FOLDERS if (partial / "root" / folder / program).exists()), None)
        if where:
            _write_starter(partial / "bin" / program, _folder() / "root", where)
    partial.rename(_folder())


def _write_starter(path: Path, root: Path, folder: str) -> None:
    libraries = ":".join(str(root / base / f"{os.uname().machine}-linux-gnu") for base in ("usr/lib", "lib"))
    start = f'LD_LIBRARY_PATH="{libraries}" exec "{root / folder / path.name}" "$@"'
    path.write_text(f"#!/bin/sh\n{start}\n", "utf-8")
    path.chmod(0o755)
