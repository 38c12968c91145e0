"""Where the programs come from, and what a person reads when one is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testbed import ControlPlane, TestbedError, binaries, cache, go
from testbed.versions import KUBERNETES, NODE, PROGRAMS

TESTS = Path(__file__).resolve().parents[1]


def program(path: Path, text: str = "exit 0") -> None:
    """Write a program that is a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


def run_testbed(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the testbed with further environment variables."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS), **variables}
    return subprocess.run(  # noqa: S603  # the program under test, with arguments of ours
        [sys.executable, "-m", "testbed", command],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no folder of programs from the environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


def test_an_empty_cache_has_no_programs(home: Path) -> None:
    assert home.is_dir()
    assert binaries.find() is None


def test_the_cache_is_used_when_it_holds_the_pinned_versions(home: Path) -> None:
    folder = home / "cache" / "llamafleet" / "bin" / cache.key()
    folder.mkdir(parents=True)
    assert binaries.find() == folder
    assert binaries.ensure() == folder


def test_kubebuilder_assets_come_before_the_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "cache" / "llamafleet" / "bin" / cache.key()).mkdir(parents=True)
    for name in PROGRAMS:
        program(home / "assets" / name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(home / "assets"))
    assert binaries.find() == home / "assets"


def test_the_nodes_programs_come_from_the_cache_whoever_gives_the_control_planes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROGRAMS:
        program(home / "assets" / name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(home / "assets"))
    assert binaries.find(NODE) is None
    folder = home / "cache" / "llamafleet" / "bin" / cache.key(NODE)
    folder.mkdir(parents=True)
    assert binaries.find(NODE) == folder
    assert cache.key(NODE) != cache.key()


def test_a_machine_that_cannot_have_a_real_node_still_gets_its_control_plane(home: Path) -> None:
    (home / "cache" / "llamafleet" / "bin" / cache.key()).mkdir(parents=True)
    answers = f'"env GOVERSION") echo go1.26.0;; env*) echo {home};; *) exit 1;;'
    program(home / "path" / "go", f'case "$*" in {answers} esac')
    result = run_testbed("build", PATH=f"{home / 'path'}:{os.defpath}", PIP_NO_INDEX="1")
    assert result.returncode == 0
    assert result.stderr.startswith(
        "warning: tests of the real node will be skipped: kubelet could not be built"
    )
    assert "warning: tests with Helm will be skipped: Helm is missing, and cannot be fetched" in result.stderr


def test_a_program_that_kubebuilder_assets_lack_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROGRAMS:
        program(home / "assets" / name)
    (home / "assets" / "kwok").unlink()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(home / "assets"))
    with pytest.raises(TestbedError) as caught:
        binaries.find()
    assert str(caught.value) == (
        f"KUBEBUILDER_ASSETS = {home / 'assets'}: the folder lacks kwok. "
        "Add what is missing, or unset KUBEBUILDER_ASSETS to have everything built from source."
    )


def test_a_program_that_dies_during_the_start_is_named_with_its_last_words(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROGRAMS:
        program(home / "assets" / name, "sleep 60")
    program(home / "assets" / "etcd", "echo the disk is made of cheese; exit 3")
    program(home / "assets" / "kubectl", "exit 1")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(home / "assets"))
    control_plane = ControlPlane()
    with pytest.raises(TestbedError, match=r"etcd ended with code 3: the disk is made of cheese"):
        control_plane.__enter__()
    assert control_plane.pids == {}
    assert (control_plane.folder / "etcd.log").read_text("utf-8") == "the disk is made of cheese\n"
    shutil.rmtree(control_plane.folder)


def test_a_start_without_a_program_is_one_line_at_the_terminal(home: Path) -> None:
    for name in PROGRAMS:
        program(home / "assets" / name)
    (home / "assets" / "kube-scheduler").unlink()
    result = run_testbed("cluster", KUBEBUILDER_ASSETS=str(home / "assets"))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: KUBEBUILDER_ASSETS = ")
    assert "the folder lacks kube-scheduler." in result.stderr


@pytest.mark.parametrize(
    ("said", "explanation"),
    [
        pytest.param(
            "dial tcp: lookup modules.test: no such host",
            "etcd could not be built: its Go modules cannot be downloaded; is there a network?",
            id="without a network",
        ),
        pytest.param(
            "server.go:7: undefined: x",
            "etcd could not be built: server.go:7: undefined: x",
            id="with a compiler that refuses",
        ),
    ],
)
def test_a_failed_build_is_one_line_with_the_path_of_the_log(home: Path, said: str, explanation: str) -> None:
    answers = f'"env GOVERSION") echo go1.26.0;; env*) echo {home};; *) echo "{said}" >&2; exit 1;;'
    program(home / "path" / "go", f'case "$*" in {answers} esac')
    result = run_testbed("build", PATH=f"{home / 'path'}:{os.defpath}")
    log = home / "cache" / "llamafleet" / "build.log"
    assert result.returncode == 1
    assert result.stderr == f"error: {explanation} The log is {log}.\n"
    assert "about 10 minutes" in result.stdout
    assert log.read_text("utf-8") == f"{said}\n"


def test_an_old_go_on_the_path_is_not_new_enough(home: Path) -> None:
    program(home / "go", "echo go1.19.8")
    assert go.version(str(home / "go")) == (1, 19)


def test_too_little_room_is_said_before_the_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SPACE_NEEDED", 2**60)
    with pytest.raises(TestbedError, match=rf"needs {2**30} GiB of free space; {home} has "):
        cache.check_space(home / "not" / "there" / "yet")


def test_kubernetes_is_told_its_version() -> None:
    assert f"-X k8s.io/component-base/version.gitVersion={KUBERNETES.version}" in KUBERNETES.linker_flags
