"""The bar on standard error: there where a person watches, nowhere else, and never in the output."""

import os
import pty
import subprocess
import sys

from llamafleet.cli.progress import progress

PROGRAM = """
from llamafleet.cli.progress import progress
with progress("simulating") as told:
    told(0.5)
    told(1.0)
print("done")
"""


def test_on_a_terminal_a_bar_is_drawn_on_standard_error() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:  # noqa: S603 - our own program
        os.close(theirs)
        drawn = b""
        try:
            while part := os.read(ours, 4096):
                drawn += part
        except OSError:  # how Linux says that the other end is closed
            pass
        out, _ = process.communicate()
    os.close(ours)
    assert out == "done\n"
    assert b"simulating" in drawn


def test_elsewhere_nothing_is_written() -> None:
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert (ended.stdout, ended.stderr) == ("done\n", "")


def test_nobody_has_to_watch() -> None:
    with progress("simulating") as told:
        told(0.1)
