"""What the operator runs from holds the packages of the lock and ours, and comes out the same every time."""

import datetime as dt
import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import ROOT
from supply import locks
from testbed import rootfs
from testbed.fixtures import operator_image, require_operator_image
from testbed.images import LayeredImage
from testbed.operator_image import build_wheel, write_wheel_layer
from testbed.rootfs import Base

__all__ = ["operator_image"]

DAYS = (dt.datetime(2001, 2, 3, tzinfo=dt.UTC), dt.datetime(2019, 11, 12, tzinfo=dt.UTC))
SOURCES = ("pyproject.toml", "README.md", "LICENSE")
TOOLS = re.compile(r"(^|/)(pip|setuptools|wheel|ensurepip)(-[^/]*)?(/|$)")
UNCHECKED = 1
"""The flags of bytecode that knows its source by content, and is never compared with it again."""


@pytest.fixture
def base() -> Base:
    """What the image stands on."""
    require_operator_image()
    found = rootfs.find()
    assert found
    return found


def digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def files(layers: list[Path]) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Every entry of these layers."""
    for path in layers:
        with tarfile.open(path) as layer:
            for entry in layer:
                yield layer, entry


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    """The wheel, built from copies of the checkout that were made in different years and places."""
    built = []
    for day in DAYS:
        checkout = tmp_path / f"checkout of {day.year}"
        # Whole folders: a program that runs meanwhile gives its bytecode another name until it is written.
        bytecode = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "operator", checkout / "operator", ignore=bytecode)
        for name in SOURCES:
            shutil.copy(ROOT / name, checkout / name)
        for entry in checkout.rglob("*"):
            os.utime(entry, (day.timestamp(), day.timestamp()))
        (tmp_path / f"wheel of {day.year}").mkdir()
        built.append(build_wheel(checkout, tmp_path / f"wheel of {day.year}"))
    return built


def test_neither_folder_nor_date_changes_the_wheel(wheels: list[Path]) -> None:
    assert len({digest(wheel) for wheel in wheels}) == 1


def test_neither_folder_nor_date_changes_the_layer_of_the_wheel(base: Base, wheels: list[Path]) -> None:
    for wheel in wheels:
        write_wheel_layer(base, wheel, wheel.with_name("layer.tar"))
    assert len({digest(wheel.with_name("layer.tar")) for wheel in wheels}) == 1


def test_the_layer_of_the_lock_can_be_made_again(base: Base, tmp_path: Path) -> None:
    """From the wheels alone, in another folder, on another day than ``make setup`` made it."""
    rootfs.write_packages_layer(base, base.folder / "wheels", tmp_path / "again.tar")
    assert digest(tmp_path / "again.tar") == digest(base.layers[-1])


def test_it_has_the_packages_of_the_lock_and_ours(base: Base, operator_image: LayeredImage) -> None:
    place = re.compile(rf"{base.packages}/([^/]+)-([^/-]+)\.dist-info/METADATA")
    matches = [place.fullmatch(entry.name) for _, entry in files(list(operator_image.layers))]
    found = {(match[1].replace("_", "-").lower(), match[2]) for match in matches if match}
    expected = {(pin.name, str(pin.version)) for pin in locks.read("runtime").values()}
    assert found == expected | {("llamafleet", "0.1.0")}


def test_nothing_that_installs_packages_is_in_it(operator_image: LayeredImage) -> None:
    names = [entry.name for _, entry in files(list(operator_image.layers))]
    assert [name for name in names if TOOLS.search(name)] == []
    commands = {name for name in names if name.startswith(f"{rootfs.HOME}/bin/")}
    assert {Path(name).name for name in commands} == {"python", "llamafleet", "kubectl-llama"}


def test_no_time_and_no_user_of_this_machine_is_in_it(operator_image: LayeredImage) -> None:
    entries = list(files(list(operator_image.layers)))
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname) for _, one in entries} == {(0, 0, 0, "", "")}
    assert [one.name for _, one in entries if one.mode & 0o022 and one.name != "tmp"] == []


def test_no_bytecode_in_it_has_a_time(operator_image: LayeredImage) -> None:
    """Bytecode with the time of its source is looked at again at every start, and differs at every build."""
    flags = set()
    for layer, entry in files(list(operator_image.layers)):
        if entry.name.endswith(".pyc"):
            content = layer.extractfile(entry)
            assert content
            flags.add(int.from_bytes(content.read(8)[4:], "little"))
    assert flags == {UNCHECKED}
