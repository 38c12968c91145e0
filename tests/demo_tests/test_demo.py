"""``make demo`` does what it says, and leaves nothing behind, however it ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import ROOT

pytestmark = pytest.mark.cluster

SECONDS = 180.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the demo keeps its files: a short path, for a socket's name may not be long."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        yield Path(name)


@contextlib.contextmanager
def started_demo(folder: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as ``make demo`` starts it, without a terminal; it does not outlive a test that fails."""
    demo = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-u", "-m", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests", "TMPDIR": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with demo:
        try:
            yield demo
        finally:
            demo.kill()


def left_in(folder: Path) -> list[str]:
    """The programs that run in this folder, as every program of the demo does."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and str((process / "cwd").readlink()).startswith(str(folder)):
                found.append((process / "cmdline").read_bytes().decode(errors="replace"))
    return found


def test_the_demo_sizes_places_explains_and_cleans_up(folder: Path) -> None:
    with started_demo(folder) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 0, output
    assert re.search(r"maverick +True +maverick +2 +1 +1 +2\.38 +AllReplicasReady", output)
    assert re.search(r"scout +True +scout +1 +1 +1 +1\.19 +AllReplicasReady", output)
    assert re.search(r"maverick-\w+-\w+ +a100-\d +2 ", output)
    assert "11.49 GiB KV cache" in output
    assert 'llamadeployment.llamafleet.io "maverick" deleted' in output
    assert "\033" not in output, "colours are for terminals"
    assert left_in(folder) == []
    assert list(folder.iterdir()) == []


def test_ctrl_c_stops_everything_that_the_demo_started(folder: Path) -> None:
    with started_demo(folder) as demo:
        assert demo.stdout is not None
        seen = ""
        while "it is alive" not in seen:
            line = demo.stdout.readline()
            assert line, seen
            seen += line
        assert len(left_in(folder)) == 6, "etcd, API server, controllers, scheduler, kwok and the operator"
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 130
    assert rest.rstrip().endswith("Interrupted; everything that was started is stopped.")
    assert left_in(folder) == []


@pytest.mark.parametrize(
    ("cluster", "environment", "line"),
    [
        ("current", {"KUBECONFIG": "/nowhere"}, "There is no kubeconfig at /nowhere; set KUBECONFIG."),
        ("kind", {"PATH": "/nowhere"}, "docker is missing; CLUSTER=kind needs Docker and kind."),
    ],
    ids=["no kubeconfig", "no docker"],
)
def test_what_is_missing_is_said_in_one_line(
    folder: Path, cluster: str, environment: dict[str, str], line: str
) -> None:
    with started_demo(folder, f"--cluster={cluster}", **environment) as demo:
        output, _ = demo.communicate(timeout=SECONDS)
    assert demo.returncode == 1
    assert output.rstrip().splitlines()[-1] == f"error: {line}"
    assert "Traceback" not in output
