"""Layers of images that come out the same every time: nothing of the machine or of the hour is in them."""

import tarfile
from collections.abc import Iterable
from pathlib import Path


def write_layer(path: Path, root: Path, inside: Iterable[str] = (".",)) -> None:
    """Write what lies at and below these places of a root file system, in the order of the names.

    Args:
        path: the archive to write.
        root: the root file system.
        inside: files, links and folders below it; what is not there is left out.
    """
    found = {entry for name in inside for entry in _below(root / name)}
    found |= {parent for entry in found for parent in entry.parents if root in parent.parents}
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as layer:
        for entry in sorted(found - {root}):
            layer.add(entry, str(entry.relative_to(root)), recursive=False, filter=_for_everybody)


def _below(place: Path) -> Iterable[Path]:
    if place.is_symlink() or place.exists():
        yield place
    if place.is_dir() and not place.is_symlink():
        for entry in place.iterdir():
            yield from _below(entry)


def _for_everybody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Of root, readable by all, of no time: containers run under a user that this machine does not know."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    entry.mode = 0o755 if entry.mode & 0o111 else 0o644
    if entry.name == "tmp":
        entry.mode = 0o1777
    return entry
