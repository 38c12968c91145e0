"""Images without a registry: what an archive says of them, and layers that come out the same every time."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from testbed.images import Image, LayeredImage, write_archive
from testbed.layers import write_layer


def tree(root: Path, second: int) -> Path:
    """A root file system, made at this second."""
    for name in ("usr/lib", "usr/bin", "tmp", "secret"):
        (root / name).mkdir(parents=True)
    for name, mode in (("usr/lib/data", 0o640), ("usr/bin/program", 0o710), ("secret/key", 0o600)):
        (root / name).write_text(name, "utf-8")
        (root / name).chmod(mode)
    (root / "lib").symlink_to("usr/lib")
    for entry in root.rglob("*"):
        os.utime(entry, (second, second), follow_symlinks=False)
    return root


def test_two_folders_of_two_days_make_one_layer(tmp_path: Path) -> None:
    for name, second in (("one", 1_000_000_000), ("two", 1_500_000_000)):
        write_layer(tmp_path / f"{name}.tar", tree(tmp_path / name, second))
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_layer_has_what_was_asked_for_readable_by_all(tmp_path: Path) -> None:
    write_layer(tmp_path / "layer.tar", tree(tmp_path / "root", 1), ["usr/bin", "lib", "tmp", "missing"])
    with tarfile.open(tmp_path / "layer.tar") as layer:
        modes = {entry.name: oct(entry.mode) for entry in layer}
        assert layer.getmember("lib").linkname == "usr/lib"
    assert modes == {
        "lib": "0o755",
        "tmp": "0o1777",
        "usr": "0o755",
        "usr/bin": "0o755",
        "usr/bin/program": "0o755",
    }


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two images with the layer that all share, and one with layers of its own."""
    for name in ("low", "high"):
        write_layer(tmp_path / f"{name}.tar", tree(tmp_path / name, 1), ["usr" if name == "low" else "tmp"])
    layers = [tmp_path / "low.tar", tmp_path / "high.tar"]
    own = LayeredImage("own:1", layers, {"User": "65532:65532", "Cmd": ["run"]})
    path = tmp_path / "images.tar"
    write_archive(path, {}, [Image("one:1"), Image("two:1", {"WORD": "x"}), own])
    return path


def test_an_image_names_its_layers_by_what_is_in_them(archive: Path) -> None:
    with tarfile.open(archive) as held:
        files = {entry.name: held.extractfile(entry) for entry in held}
        contents = {name: file.read() for name, file in files.items() if file}
    manifest = {entry["RepoTags"][0]: entry for entry in json.loads(contents["manifest.json"])}
    assert set(manifest) == {"one:1", "two:1", "own:1"}
    assert manifest["one:1"]["Layers"] == manifest["two:1"]["Layers"]
    assert len(contents) == 1 + 3 + 3, "the manifest, three descriptions, and each layer once"
    for entry in manifest.values():
        described = json.loads(contents[entry["Config"]])
        digests = [hashlib.sha256(contents[name]).hexdigest() for name in entry["Layers"]]
        assert described["rootfs"]["diff_ids"] == [f"sha256:{digest}" for digest in digests]
    assert json.loads(contents[manifest["own:1"]["Config"]])["config"] == {
        "User": "65532:65532",
        "Cmd": ["run"],
    }
    assert "WORD=x" in json.loads(contents[manifest["two:1"]["Config"]])["config"]["Env"]
