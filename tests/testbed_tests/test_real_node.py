"""The real node leaves nothing behind, however a run ends: no process, mount, control group or file."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from testbed import cgroups, network
from testbed.fixtures import require_real_node
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.node]

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = Path(__file__).with_name("one_real_node.py")
SECONDS = 180.0
HIDDEN = ("/run/containerd", "/run/netns", "/var/lib/kubelet", "/var/lib/cni", "/var/log/pods")
"""Where the programs of a node write whatever one tells them."""


@pytest.fixture(autouse=True)
def _possible() -> None:
    require_real_node()


@contextmanager
def started(*options: str) -> Iterator[subprocess.Popen[str]]:
    """The program in a second network, beside the one that this test runs in."""
    inside = [sys.executable, "-m", "testbed", "network", "--inside", "--"]
    with subprocess.Popen(  # noqa: S603  # the program under test, with arguments of ours
        ["unshare", "--net", *inside, sys.executable, str(PROGRAM), *options],  # noqa: S607
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # a test that fails must not wait for it for ever


def traces() -> dict[str, Any]:
    """What a node could leave on this machine."""
    mounts = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return {"mounts": mounts, "files": [path for path in HIDDEN if Path(path).exists()]}


def groups(process: subprocess.Popen[str]) -> list[Path]:
    """The control groups that this process has made; unshare became it, so its id is the same."""
    return [
        *cgroups.ROOT.glob(f"{cgroups.PREFIX}{process.pid}"),
        *cgroups.ROOT.glob(f"*/{cgroups.PREFIX}{process.pid}"),
    ]


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("sign", "code"),
    [
        pytest.param(signal.SIGINT, 0, id="Ctrl-C"),
        pytest.param(signal.SIGTERM, 0, id="a polite end from outside"),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="an end that leaves no time to clean up"),
    ],
)
def test_nothing_is_left_of_a_node_and_its_pods(sign: signal.Signals, code: int) -> None:
    before = traces()
    with started() as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        there = json.loads(line)
        assert len(there["processes"]) >= 7, "four programs, and a shim with two containers"
        assert all(map(alive, there["processes"]))
        assert groups(process)
        process.send_signal(sign)
        assert process.wait(SECONDS) == code
    until(lambda: not any(map(alive, there["processes"])), SECONDS, "the processes to be gone")
    if sign == signal.SIGKILL:
        shutil.rmtree(there["folder"])
        cgroups.remove_abandoned()  # as the next node does when it starts
    assert not Path(there["folder"]).exists()
    assert groups(process) == []
    assert traces() == before


def test_nothing_is_left_of_a_node_that_failed_to_start() -> None:
    before = traces()
    with started("broken") as process:
        output, error = process.communicate(timeout=SECONDS)
    assert output == ""
    assert process.returncode == 1
    assert error.startswith("error: kubelet ended with code 1: ")
    assert groups(process) == []
    assert traces() == before


def test_without_a_network_of_ones_own_there_is_no_real_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(network.MARK)
    monkeypatch.setenv("CI", "")
    with pytest.raises(
        pytest.skip.Exception, match="needs a network of its own: run the tests by `make test`"
    ):
        require_real_node()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs a network of its own"):
        require_real_node()
