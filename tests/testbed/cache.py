"""Where the testbed keeps what it built: paths in the user's cache, the lock, and the room that is left.

Nothing here builds or downloads; nothing outside this folder is written.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from testbed.errors import TestbedError
from testbed.versions import CONTROL_PLANE, Suite

SPACE_NEEDED = (
    8 * 2**30
)  # bytes; a cold build was measured to leave 7 GB: 6 in the two caches of Go, and the binaries
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # what Python calls a machine, and what Go does


def root() -> Path:
    """The folder of this project in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "llamafleet"


def key(suite: Suite = CONTROL_PLANE) -> str:
    """Name the set of binaries by the pins that they are built from and by this kind of machine."""
    programs = " ".join(suite.programs)
    digest = hashlib.sha256(f"{sys.platform}/{architecture()}/{programs}".encode())
    for module in suite.modules:
        digest.update(" ".join(module.tags).encode())
        for name in ("go.mod", "go.sum", module.source):
            digest.update((module.folder / name).read_bytes())
    return digest.hexdigest()[:16]


def architecture() -> str:
    """This machine's architecture, as Go and Kubernetes spell it."""
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def keep_newest(folder: Path, count: int) -> None:
    """Remove the folders in this one that are older than so many others."""
    made = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
    for old in made[count:]:
        shutil.rmtree(old)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock between processes; it ends with the process, however that ends."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another process is building the programs; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def check_space(*folders: Path) -> None:
    """Refuse to build where the disk would run full.

    Raises:
        TestbedError: a folder's file system has less than ``SPACE_NEEDED`` bytes free.
    """
    for folder in folders:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        if free < SPACE_NEEDED:
            room = f"{existing} has {free / 2**30:.1f} GiB"
            message = f"Building the programs needs {SPACE_NEEDED // 2**30} GiB of free space; {room}."
            raise TestbedError(message)
