"""Where runc and nft come from: the system, or packages that are unpacked and never installed."""

import os
from pathlib import Path

import pytest

from testbed import TestbedError, debian

FIRST_LINES = f"#!/bin/sh\nPATH={os.defpath}\n"

DOWNLOADS = """\
for word; do case "$word" in -oDir::Cache::archives=*) folder="${word##*=}";; esac; done
echo "$@" >> "$0.calls"
case "$*" in *install*runc*nftables*) touch "$folder/runc.deb" "$folder/nftables.deb";; esac
"""
"""An apt-get that keeps what it is asked for, and puts two packages where downloads go."""

UNPACKS = """\
mkdir -p "$3/usr/sbin"
name=$(basename "$2" .deb)
printf '#!/bin/sh\\nexit 0\\n' > "$3/usr/sbin/${name%ables}"
chmod +x "$3"/usr/sbin/*
"""
"""A dpkg-deb whose packages hold one program each."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the folder that alone is on the PATH of a machine without the programs."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(debian, "SYSTEM", ())
    (tmp_path / "cache" / "llamafleet").mkdir(parents=True)
    (tmp_path / "path").mkdir()
    return tmp_path / "path"


def program(path: Path, text: str = "exit 0") -> Path:
    """Write a program that is a shell script."""
    path.write_text(f"{FIRST_LINES}{text}\n", "utf-8")
    path.chmod(0o755)
    return path


def test_the_systems_own_programs_come_first(machine: Path) -> None:
    here = {name: program(machine / name) for name in ("runc", "nft")}
    assert debian.ensure() == here


def test_packages_are_downloaded_and_unpacked_once(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apt = program(machine / "apt-get", DOWNLOADS)
    program(machine / "dpkg-deb", UNPACKS)
    assert debian.find() is None
    found = debian.ensure()
    assert [path.name for path in found.values()] == ["runc", "nft"]
    assert debian.ensure() == found
    (call,) = Path(f"{apt}.calls").read_text("utf-8").splitlines()
    assert "--download-only install runc nftables" in call
    assert capsys.readouterr().out == (
        "Downloading runc and nftables of this system's package archive; nothing is installed.\n"
    )


def test_where_the_package_lists_are_missing_a_copy_is_made_for_this_download(machine: Path) -> None:
    fails_at_first = f'case "$*" in *Dir::State::lists*) ;; *) exit 100;; esac\n{DOWNLOADS}'
    apt = program(machine / "apt-get", fails_at_first)
    program(machine / "dpkg-deb", UNPACKS)
    assert debian.ensure()["nft"].name == "nft"
    update, install = Path(f"{apt}.calls").read_text("utf-8").splitlines()
    assert update.endswith(" update")
    assert install.endswith(" install runc nftables")


def test_a_machine_without_apt_is_told_which_packages_to_install(machine: Path) -> None:
    program(machine / "nft")
    with pytest.raises(
        TestbedError, match=r"^runc cannot be downloaded; install the packages, for the real node"
    ):
        debian.ensure()


def test_a_program_that_no_longer_starts_is_fetched_anew(machine: Path) -> None:
    program(machine / "apt-get", DOWNLOADS)
    program(machine / "dpkg-deb", UNPACKS)
    program(debian.ensure()["nft"], "exit 127")
    assert debian.find() is None
    assert debian.ensure()["nft"].read_text("utf-8").startswith("#!/bin/sh\nLD_LIBRARY_PATH=")


BOTH = debian.Packages("both", "a test", {"nft": "nftables", "other": "nftables"})


def test_two_programs_of_one_package_are_one_download_and_an_older_folder_without_one_is_replaced(
    machine: Path, tmp_path: Path
) -> None:
    """So a program that is newly asked for comes to those who had the package already."""
    apt = program(machine / "apt-get", DOWNLOADS.replace("*install*runc*nftables*", "*install*nftables*"))
    program(machine / "dpkg-deb", UNPACKS + 'cp "$3/usr/sbin/${name%ables}" "$3/usr/sbin/other"\n')
    (older := tmp_path / "cache" / "llamafleet" / "both" / "bin").mkdir(parents=True)
    program(older / "nft")
    assert debian.find(BOTH) is None
    assert debian.ensure(BOTH).keys() == {"nft", "other"}
    (call,) = Path(f"{apt}.calls").read_text("utf-8").splitlines()
    assert call.count("nftables") == 1
