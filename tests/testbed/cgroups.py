"""The control group that holds every pod of a real node: made before, removed after.

A container runtime removes the groups of containers that it stops; here the kernel ends them all at once, so
whoever made the group removes what is left below it.
"""

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "llamafleet-testbed-"  # what follows is the process that made the group
UNIFIED = ROOT / "cgroup.controllers"  # there is one tree for all controllers when this file exists
PATIENCE_SECONDS = 5.0  # a group stays busy for a moment after its last process has ended


def writable() -> bool:
    """Whether groups can be made here."""
    return ROOT.is_dir() and all(os.access(tree, os.W_OK) for tree in _trees())


def new_name() -> str:
    """A name for this process's group; it has one at a time."""
    return f"{PREFIX}{os.getpid()}"


def make(name: str) -> None:
    """Make a group of this name in every tree.

    Raises:
        OSError: this process may not.
    """
    for tree in _trees():
        (tree / name).mkdir()
    if UNIFIED.exists():
        _delegate(ROOT)
        _delegate(ROOT / name)


def remove(name: str) -> None:
    """Remove the group and every group below; one that still holds a process stays."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (
        left := [tree / name for tree in _trees() if (tree / name).exists()]
    ) and time.monotonic() < deadline:
        for top in left:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
        time.sleep(0.05)


def remove_abandoned() -> None:
    """Remove the groups of runs that were killed: whoever made them is gone, and so are their processes."""
    names = {path.name for tree in _trees() for path in tree.glob(f"{PREFIX}*")}
    for name in names:
        if not Path(f"/proc/{name.removeprefix(PREFIX)}").exists():
            remove(name)


def _trees() -> list[Path]:
    """The root of the one tree, or of each controller's own."""
    if UNIFIED.exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]


def _delegate(group: Path) -> None:
    """Let the groups below this one have every controller that it has itself."""
    controllers = (group / "cgroup.controllers").read_text("utf-8").split()
    (group / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers), "utf-8")
