"""A process of the cluster ends when it is told to, also while it loads its libraries."""

import subprocess
import sys

import pytest

TOLD_WHILE_LOADING = """
import os, signal, sys, time
import llamafleet.cli

def loading(name):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

main = sys.modules["llamafleet.cli.main"]
main.import_module = loading
main.main([sys.argv[1]])
"""


@pytest.mark.parametrize("command", ["run", "waker"])
def test_a_signal_during_the_start_ends_it(command: str) -> None:
    """By a handler, for process 1 of a container has no other way: a death by signal would be negative."""
    call = [sys.executable, "-c", TOLD_WHILE_LOADING, command]
    assert subprocess.run(call, check=False, timeout=50).returncode == 0  # noqa: S603  # our own text
