"""``llamafleet waker`` on the command line: what it refuses, and how it says so."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from llamafleet.cli.main import main

PROGRAM = str(Path(sys.executable).parent / "llamafleet")


def run(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """The real program with this home: the client of Kubernetes looks for its settings on import."""
    environment = {"PATH": os.defpath, "HOME": str(home)}
    return subprocess.run(  # noqa: S603 - our own program
        [PROGRAM, "waker", *words], env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the kubeconfig of a cluster that nobody runs."""
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "c"}}
    users = [{"name": "c", "user": {"token": "t"}}]
    content = {"clusters": [cluster], "contexts": [context], "users": users, "current-context": "c"}
    (tmp_path / ".kube").mkdir()
    path = tmp_path / ".kube" / "config"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **content}), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [["--max-held", "0"], ["--hold", "-1"], ["--port", "65536"], ["--max-body-bytes", "1k"]],
    ids=["nothing held", "a negative time", "no port", "a unit"],
)
def test_a_wrong_option_ends_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["waker", *words])
    assert end.value.code == 2
    assert "usage: llamafleet waker" in capsys.readouterr().err


def test_without_a_cluster_it_says_what_is_missing(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("llamafleet: no access to a cluster: ")


def test_a_port_that_is_taken_is_said(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run(home, f"--port={taken.getsockname()[1]}")
    assert ended.returncode == 1
    assert "Address already in use" in ended.stderr.splitlines()[-1]
