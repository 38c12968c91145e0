"""The network of a test run: what can be reached in it, and what happens where there can be none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from testbed import network

TESTS = Path(__file__).resolve().parents[1]

TRIES = """
import socket, sys, time
from testbed import network
print(network.is_private())
for address in ("10.244.3.4", "192.0.2.1"):
    start = time.monotonic()
    try:
        socket.create_connection((address, 8000), timeout=10)
    except OSError as error:
        print(type(error).__name__, time.monotonic() - start < 1)
"""
"""192.0.2.1 is nobody's: RFC 5737 keeps it for documents."""


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command through ``testbed network``, as from a shell outside of any such network."""
    outside = {name: value for name, value in os.environ.items() if name != network.MARK}
    return subprocess.run(  # noqa: S603  # the program under test, with arguments of ours
        [sys.executable, "-m", "testbed", "network", "--", *command],
        env={**outside, "PYTHONPATH": str(TESTS), **variables},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def _allowed() -> None:
    if not network.allowed():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no network namespaces here")


@pytest.mark.usefixtures("_allowed")
def test_in_it_the_pods_of_fake_nodes_refuse_and_the_world_cannot_be_reached() -> None:
    answer = run(sys.executable, "-c", TRIES)
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == ["True", "ConnectionRefusedError True", "OSError True"]


@pytest.mark.usefixtures("_allowed")
def test_the_exit_code_is_the_commands_own() -> None:
    assert run("sh", "-c", "exit 7").returncode == 7


def test_where_it_is_not_allowed_the_command_runs_without_and_that_is_said(tmp_path: Path) -> None:
    refused = tmp_path / "unshare"
    refused.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    refused.chmod(0o755)
    answer = run("echo", "hello", PATH=f"{tmp_path}:{os.defpath}")
    assert answer.stdout == "hello\n"
    assert answer.stderr == "This machine allows no network namespaces: what needs one is skipped.\n"
    assert answer.returncode == 0


def test_a_command_that_does_not_exist_is_named() -> None:
    answer = run("no-such-command")
    assert answer.returncode == 1
    assert "error: no-such-command is missing: it is not on the PATH.\n" in answer.stderr


def test_a_mark_from_another_network_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(network.MARK, "1")
    assert not network.is_private()
