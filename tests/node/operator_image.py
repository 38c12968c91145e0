"""The operator's own image, as the Dockerfile makes it: the packages of the lock, ours, the program."""

import re
from importlib.metadata import distribution
from pathlib import Path

from builders import ROOT
from testbed.images import PACKAGES, PROGRAMS, Image

NAME = "llamafleet:0.1.0"
"""As the manifests call it."""

PACKAGE = ROOT / "operator" / "llamafleet"


def operator_image() -> Image:
    """The image, from the packages of this run."""
    lock = (ROOT / "locks" / "runtime.txt").read_text()
    names = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    files = {name: file for one in names for name, file in _of_distribution(one)}
    # It asks for its own version.
    files |= {name: file for name, file in _of_distribution("llamafleet") if ".dist-info/" in name}
    files |= {
        f"{PACKAGES}/llamafleet/{file.relative_to(PACKAGE)}": file
        for file in PACKAGE.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    return Image(NAME, entrypoint=[f"/{PROGRAMS}/llamafleet"], files=files)


def _of_distribution(name: str) -> list[tuple[str, Path]]:
    """Its files below ``site-packages``; programs that it brings lie elsewhere, and are not needed."""
    found = distribution(name).files or []
    paths = [(f"{PACKAGES}/{file}", Path(str(file.locate()))) for file in found if ".." not in file.parts]
    return [(place, path) for place, path in paths if path.is_file()]
