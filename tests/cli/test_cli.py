"""The command line, as its user meets it: what it prints, what it writes, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from builders import ROOT
from llamafleet.cli import main
from testbed.wait import until

PROGRAM = str(Path(sys.executable).parent / "llamafleet")
FILES = ["llamafleet.io_gpupools.yaml", "llamafleet.io_llamadeployments.yaml"]


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert (ended.value.code, capsys.readouterr().out) == (0, f"llamafleet {declared[1]}\n")


def test_both_kinds_are_printed_as_they_are_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crds"]) == 0
    printed = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [crd["spec"]["names"]["kind"] for crd in printed] == ["LlamaDeployment", "GpuPool"]
    committed = [yaml.safe_load((ROOT / "crds" / name).read_text()) for name in reversed(FILES)]
    assert printed == committed


def test_the_files_that_are_written_are_those_that_are_committed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["crds", "--write", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_text() == (ROOT / "crds" / name).read_text()


def test_a_file_that_cannot_be_written_ends_it_with_1_and_one_line(tmp_path: Path) -> None:
    (tmp_path / FILES[1]).mkdir()
    command = [PROGRAM, "crds", "--write", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"llamafleet: {tmp_path}/{FILES[1]}: Is a directory\n"


WRONG = {
    "no command": ([], "the following arguments are required: COMMAND"),
    "an unknown command": (["deploy"], "invalid choice: 'deploy'"),
    "an unknown option": (["crds", "--force"], "unrecognized arguments: --force"),
    "a plan of nothing": (["plan"], "the following arguments are required: FILE"),
    "a file without a name": (["plan", ""], "must be the name of a file, not an empty text"),
    "a values file without a name": (["gpus", "--values="], "must be the name of a file, not an empty text"),
    "an unknown form": (["plan", "cr.yaml", "-o", "xml"], "invalid choice: 'xml'"),
    "no worker": (["run", "--workers=0"], "must be a whole number from 1 on, not '0'"),
    "no address": (["run", "--prometheus-url=prometheus:9090"], "must be an address such as http://"),
    "a port that does not exist": (["run", "--metrics-port=99999"], "must be a port from 0 to 65535"),
    "a folder that does not exist": (
        ["crds", "--write=/nowhere"],
        "must be a folder that exists, not '/nowhere'",
    ),
    "a word where a number should be": (
        ["run", "--workers=many"],
        "must be a whole number from 1 on, not 'many'",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_command_line_ends_with_2_and_says_why(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: llamafleet")
    assert message in said


def test_the_module_and_the_program_are_the_same() -> None:
    for command in ([sys.executable, "-m", "llamafleet"], [PROGRAM]):
        ended = subprocess.run([*command, "--version"], capture_output=True, check=True, text=True)  # noqa: S603 - ours
        assert ended.stdout.startswith("llamafleet ")


def test_every_command_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    for command in (
        "status the fleets of a cluster",
        "explain why a fleet",
        "top the pods",
        "plan size one replica",
        "models the models",
        "gpus the GPUs",
        "prices what GPUs cost",
        "run run the operator",
        "reference write the tables of fields",
        "crds print",
    ):
        assert command in said


def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([PROGRAM, "crds"], stdout=writer, stderr=subprocess.PIPE, check=False)  # noqa: S603 - ours
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_port_that_is_taken_ends_it_with_1_and_one_line() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        command = [PROGRAM, "run", f"--metrics-port={port}"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert line.startswith("llamafleet: Address already in use")
    assert str(port) in line


@pytest.fixture
def without_a_cluster(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """``llamafleet run`` where neither a kubeconfig nor a service account is."""
    hidden = {"KUBECONFIG", "KUBERNETES_SERVICE_HOST"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    with subprocess.Popen(  # noqa: S603 - our own program
        [PROGRAM, "run"], env={**environment, "HOME": str(tmp_path)}, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def until_it_says_why(process: subprocess.Popen[str]) -> str:
    """The first line that names the problem; a run that ends without one fails the test."""
    assert process.stderr is not None
    return next(line for line in process.stderr if "no access to a cluster" in line)


def test_without_a_cluster_one_line_says_what_is_missing_and_what_helps(
    without_a_cluster: subprocess.Popen[str],
) -> None:
    line = until_it_says_why(without_a_cluster)
    assert "no access to a cluster: Invalid kube-config file." in line
    assert "Set KUBECONFIG, or run in a pod with a service account" in line


def test_without_a_cluster_it_ends_quietly_when_it_is_told_to(
    without_a_cluster: subprocess.Popen[str],
) -> None:
    until_it_says_why(without_a_cluster)
    until(lambda: catches_sigterm(without_a_cluster.pid), 120, "the operator to listen to SIGTERM")
    without_a_cluster.send_signal(signal.SIGTERM)
    said = without_a_cluster.communicate(timeout=120)[1]
    assert "Traceback" not in said
    assert without_a_cluster.returncode == 0


def catches_sigterm(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM, as the kernel knows it."""
    caught = re.search(r"^SigCgt:\s+(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) & 1 << (signal.SIGTERM - 1))
