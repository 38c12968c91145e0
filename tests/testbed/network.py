"""A network of a test run's own: nothing in it reaches the machine's network, or is reached from there.

In it there is a loopback device and nothing else. The addresses of the fake nodes' pods lie on it, so that
whoever connects to one is refused at once, as by a host without such a server.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from testbed.command_lines import POD_ADDRESSES
from testbed.errors import TestbedError

MARK = "TESTBED_NETWORK"
"""The variable that tells a program which network was made for it: the number of its namespace."""

NAMESPACE = Path("/proc/self/ns/net")
LOCAL_TABLE = 255  # linux/rtnetlink.h, RT_TABLE_LOCAL: addresses that are this machine itself


def is_private() -> bool:
    """Whether this process runs in a network that was made here."""
    return os.environ.get(MARK) == _number()


def run(command: Sequence[str]) -> NoReturn:
    """Become this command, in a network of its own where that is allowed, and say so where it is not.

    Raises:
        TestbedError: there is no such program.
    """
    if not is_private():
        options = allowed()
        if options:
            inside = [sys.executable, "-m", "testbed", "network", "--inside", "--", *command]
            _become(["unshare", *options, *inside])
        print(
            "This machine allows no network namespaces: what needs one is skipped.",
            file=sys.stderr,
            flush=True,
        )
    _become(command)


def run_inside(command: Sequence[str]) -> NoReturn:
    """Furnish the network that this process was started in, and become this command."""
    _furnish()
    os.environ[MARK] = _number()
    _become(command)


def _number() -> str:
    return str(NAMESPACE.stat().st_ino)


def allowed() -> list[str] | None:
    """Options of unshare that work here; None when none do. Only root needs no namespace of users."""
    options = ["--net"] if os.geteuid() == 0 else ["--map-root-user", "--net"]
    try:
        command = ["unshare", *options, "true"]
        tried = subprocess.run(command, check=False, capture_output=True)
    except FileNotFoundError:
        return None
    return None if tried.returncode else options


def _furnish() -> None:
    """Set the loopback device up and put the pod addresses of the fake nodes on it."""
    with netlink() as kernel:
        (loopback,) = kernel.link_lookup(ifname="lo")
        kernel.link("set", index=loopback, state="up")
        kernel.route("add", dst=POD_ADDRESSES, oif=loopback, table=LOCAL_TABLE, type="local", scope="host")


def netlink() -> Any:
    """Return a connection to the kernel's settings of the network that this process runs in."""
    from pyroute2 import IPRoute  # type: ignore[import-untyped]  # noqa: PLC0415  # slow, and rarely needed

    return IPRoute()


def _become(command: Sequence[str]) -> NoReturn:
    try:
        os.execvp(command[0], list(command))  # noqa: S606  # the user's own command
    except FileNotFoundError as error:
        message = f"{command[0]} is missing: it is not on the PATH."
        raise TestbedError(message) from error
