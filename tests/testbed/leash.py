"""Becomes another program that dies with the process that started it, even when that one is killed outright.

Run as a script: ``leash.py STARTER-PID PROGRAM ARGUMENT…``. It is a program of its own because a function
between fork and exec is not safe in a process with threads; it must import nothing but the standard library.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; the setting outlives exec


def main() -> None:
    """Ask the kernel for the signal, then become the program."""
    starter, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL):
        sys.exit("The kernel refuses PR_SET_PDEATHSIG, without which programs could be left behind.")
    if os.getppid() != int(starter):
        sys.exit("The process that asked for this program is gone already.")
    os.execv(command[0], command)  # noqa: S606  # the arguments are ours, and a shell would be in the way


if __name__ == "__main__":
    main()
