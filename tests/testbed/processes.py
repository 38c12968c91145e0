"""Starts and ends programs, so that none is left behind and a failed start explains itself.

Programs are ended by the ids that were given out here, never by name. What they are for is no matter of this
module.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NoReturn

from testbed import leash
from testbed.errors import TestbedError

STOP_SECONDS = 5.0  # a polite end takes far less; what is still there then is killed: its data is thrown away
LOG_TAIL_LINES = 1  # one line says why a program died; the rest is in its log


class Program:
    """A running program with a log of its own."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        *,
        name: str = "",
        path: str = os.defpath,
        further: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start it.

        Args:
            command: absolute path and arguments.
            folder: where it runs, where its log goes, and its home.
            name: what it is called here; empty: as its file.
            path: where it looks for programs.
            further: variables beyond the few that every program has.
        """
        self.name = name or Path(command[0]).name
        self.log = folder / f"{self.name}.log"
        environment = {"PATH": path, "HOME": str(folder), "TMPDIR": str(folder), **further}
        with self.log.open("ab") as output:
            self._process = spawn(command, environment=environment, output=output, folder=folder)

    @property
    def pid(self) -> int:
        """The process id, which is its group's id too."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, negative after a signal; None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Raise a TestbedError with the last words of its log when it has died."""
        code = self._process.poll()
        if code is None:
            return
        lines = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        words = " ".join(lines[-LOG_TAIL_LINES:]) or "without a word"
        message = f"{self.name} ended with code {code}: {words} The log is {self.log}."
        raise TestbedError(message)

    def stop(self) -> None:
        """End it and whatever it started; one that has ended already is no error."""
        end_group(self._process)


def spawn(
    command: list[str], *, environment: Mapping[str, str], output: BinaryIO, folder: Path
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, which Ctrl-C does not reach and which dies with this process.

    Strictly it dies with the thread that calls this, so call it from one that lives as long as the program.

    Raises:
        TestbedError: the program is missing.
    """
    if not os.access(command[0], os.X_OK):
        message = f"{Path(command[0]).name} is missing: {command[0]} is not a program."
        raise TestbedError(message)
    leashed = [sys.executable, "-I", "-S", str(leash.__file__), str(os.getpid()), *command]
    return subprocess.Popen(
        leashed,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process of ``spawn`` with its whole group: first politely, then not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Hold a free port of 127.0.0.1 for one program that is about to listen on it.

    The socket is bound and never listens, so the kernel gives the port to nobody else who asks for any free
    one, while a program that asks for this very port with SO_REUSEADDR, as every Go program does, gets it.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does, so that everything is cleaned up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sign: signal.signal(sign, _leave) for sign in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _leave(_sign: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
