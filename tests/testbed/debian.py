"""Finds programs that are not built here, or unpacks Debian's packages of them into the cache.

runc would need a C compiler and libseccomp, nft is written in C, and Prometheus takes long. Nothing is
installed into the system: apt only downloads, and checks the signatures as always.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import cache
from testbed.errors import TestbedError


@dataclass(frozen=True, slots=True)
class Packages:
    """Programs that are needed together.

    Attributes:
        name: the folder in the cache.
        purpose: what they are for, as people say it.
        programs: the programs, each with the package of Debian and Ubuntu that has it.
        alone: whether they start without anything that the packages depend on.
    """

    name: str
    purpose: str
    programs: Mapping[str, str]
    alone: bool = False


FOR_NODES = Packages("debian", "the real node", {"runc": "runc", "nft": "nftables"})
PROMETHEUS = Packages(
    "debian-prometheus",
    "readings by way of Prometheus",
    {"prometheus": "prometheus", "promtool": "prometheus"},
    alone=True,
)  # what it depends on are 200 MB of pages that nobody looks at
REDIS = Packages("debian-redis", "Argo CD", {"redis-server": "redis-server"})
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin")  # where packages put programs
SYSTEM = ("/usr/sbin", "/sbin")  # where the system has such programs, though a user's PATH may lack them
PATIENCE_SECONDS = 300.0  # of apt; a mirror that answers needs 5


def find(packages: Packages = FOR_NODES) -> dict[str, Path] | None:
    """Return the path of each program, or None when one is missing."""
    found = {program: _installed(program) or _unpacked(packages, program) for program in packages.programs}
    there = {program: path for program, path in found.items() if path}
    return there if len(there) == len(packages.programs) else None


def ensure(packages: Packages = FOR_NODES) -> dict[str, Path]:
    """Return the path of each program, after downloading what is missing.

    Raises:
        TestbedError: a program is missing, and there is no apt that could download it.
    """
    if found := find(packages):
        return found
    with cache.locked(packages.name):
        return find(packages) or _download(packages)


def _installed(program: str) -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM])
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def _folder(packages: Packages) -> Path:
    return cache.root() / packages.name


def _unpacked(packages: Packages, program: str) -> Path | None:
    """A program of an unpacked package, when it still starts: its other libraries are the system's."""
    path = _folder(packages) / "bin" / program
    works = (
        path.exists()
        and not subprocess.run([str(path), "--version"], check=False, capture_output=True).returncode
    )
    return path if works else None


def _download(packages: Packages) -> dict[str, Path]:
    needed = (package for program, package in packages.programs.items() if not _installed(program))
    missing = list(dict.fromkeys(needed))
    names = " and ".join(missing)
    print(f"Downloading {names} of this system's package archive; nothing is installed.", flush=True)
    partial = _folder(packages).with_name(f"{packages.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "bin").mkdir(parents=True)
    fetch(packages, partial, missing)
    wanted = [f"{package}_*.deb" for package in missing] if packages.alone else ["*.deb"]
    for archive in (found for pattern in wanted for found in (partial / "archives").glob(pattern)):
        unpack(archive, partial / "root")
    _publish(packages, partial)
    found = find(packages)
    if found is None:
        message = f"{names}: a program does not start; what was unpacked lies in {_folder(packages)}."
        raise TestbedError(message)
    return found


def fetch(packages: Packages, folder: Path, names: Sequence[str], *options: str) -> None:
    """Download these into ``archives`` of a folder, and what they need beyond the installed packages.

    Raises:
        TestbedError: there is no apt here, or it cannot download them.
    """
    for name in ("archives/partial", "lists/partial"):
        (folder / name).mkdir(parents=True)
    log = cache.root() / f"{packages.name}.log"
    log.write_bytes(b"")
    install = (*options, "--yes", "--no-install-recommends", "--download-only", "install", *names)
    if _apt(log, folder, *install):
        return
    # The system has no package lists, or old ones; a fresh copy lies in our folder for as long as this takes.
    lists = f"-oDir::State::lists={folder / 'lists'}"
    _apt(log, folder, lists, "update")
    if not _apt(log, folder, lists, *install):
        cause = f"{' and '.join(names)} cannot be downloaded; install the packages, for {packages.purpose}."
        message = f"{cause} The log is {log}."
        raise TestbedError(message)


def unpack(archive: Path, root: Path) -> None:
    """Put the files of a package below a folder, and run none of its scripts."""
    command = ["dpkg-deb", "-x", str(archive), str(root)]
    subprocess.run(command, check=True)


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


def _publish(packages: Packages, partial: Path) -> None:
    """Move what was unpacked to its place, with one starter per program that knows its libraries."""
    shutil.rmtree(_folder(packages), ignore_errors=True)
    shutil.rmtree(partial / "archives")
    shutil.rmtree(partial / "lists")
    for program in packages.programs:
        where = next((folder for folder in FOLDERS if (partial / "root" / folder / program).exists()), None)
        if where:
            _write_starter(partial / "bin" / program, _folder(packages) / "root", where)
    partial.rename(_folder(packages))


def _write_starter(path: Path, root: Path, folder: str) -> None:
    libraries = ":".join(str(root / base / f"{os.uname().machine}-linux-gnu") for base in ("usr/lib", "lib"))
    start = f'LD_LIBRARY_PATH="{libraries}" exec "{root / folder / path.name}" "$@"'
    path.write_text(f"#!/bin/sh\n{start}\n", "utf-8")
    path.chmod(0o755)
