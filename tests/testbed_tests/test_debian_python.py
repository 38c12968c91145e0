"""Where the Python of the operator's image comes from: packages that are unpacked and never installed."""

import os
from pathlib import Path

import pytest

from testbed import TestbedError, debian_python, rootfs

FIRST_LINES = f"#!/bin/sh\nPATH={os.defpath}\n"

DOWNLOADS = """\
for word; do case "$word" in
  -oDir::Cache::archives=*) folder="${word##*=}";;
  -oDir::State::status=*) status="${word##*=}";;
esac; done
test -f "$status" && ! test -s "$status" || exit 100
touch "$folder/python3-minimal_1.deb" "$folder/libc6_1.deb" "$folder/dpkg_1.deb"
"""
"""An apt-get that takes nothing for installed, and downloads what the packages need, dpkg among it."""

UNPACKS = """\
echo "$2" >> "$0.calls"
mkdir -p "$3/usr/bin" "$3/usr/lib64" "$3/usr/lib/pythonVERSION"
printf '#!/bin/sh\\nexit 0\\n' > "$3/usr/bin/pythonVERSION"
printf '#!/bin/sh\\nshift 2\\nexec "$@"\\n' > "$3/usr/lib64/ld-linux.so.2"
chmod +x "$3/usr/bin/pythonVERSION" "$3/usr/lib64/ld-linux.so.2"
"""
"""A dpkg-deb whose packages hold an interpreter and its loader, as newer systems have them."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and the folder that comes first on the PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache" / "llamafleet").mkdir(parents=True)
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}{os.pathsep}{os.defpath}")
    return path


def programs(machine: Path, version: str) -> None:
    """An archive that has this version of Python."""
    for name, text in (("apt-get", DOWNLOADS), ("dpkg-deb", UNPACKS.replace("VERSION", version))):
        (machine / name).write_text(f"{FIRST_LINES}{text}", "utf-8")
        (machine / name).chmod(0o755)


def test_it_is_unpacked_once_without_what_only_installs_packages(machine: Path) -> None:
    programs(machine, "3.12")
    assert debian_python.find() is None
    found = debian_python.ensure()
    assert found.version == "3.12"
    assert debian_python.ensure() == found
    unpacked = (machine / "dpkg-deb.calls").read_text("utf-8").split()
    assert [Path(name).name for name in unpacked] == ["libc6_1.deb", "python3-minimal_1.deb"]


def test_programs_find_their_loader_where_packages_know_one_folder_alone(machine: Path) -> None:
    programs(machine, "3.12")
    root = debian_python.ensure().root
    assert (root / "lib64").readlink() == Path("usr/lib64")
    assert (root / "lib").readlink() == Path("usr/lib")


def test_a_python_that_the_operator_cannot_run_on_is_refused(machine: Path) -> None:
    programs(machine, "3.10")
    with pytest.raises(TestbedError, match=r"Python 3\.11 or newer"):
        debian_python.ensure()
    assert debian_python.find() is None
    assert rootfs.find() is None


def test_a_machine_without_apt_is_told_what_it_is_for(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(machine))
    with pytest.raises(
        TestbedError, match="cannot be downloaded; install the packages, for the operator's image"
    ):
        debian_python.ensure()


def test_the_settings_of_this_process_do_not_reach_it(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(machine, "3.12")
    python = debian_python.ensure()
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "mirror")
    (python.root / "usr" / "bin" / "python3.12").write_text("#!/bin/sh\nenv\n", "utf-8")
    log = machine / "log"
    assert python.run(log=log)
    said = log.read_text("utf-8")
    assert "PIP_INDEX_URL=mirror" in said
    assert "PYTHONPATH" not in said
    assert "PYTHONHASHSEED=0" in said
