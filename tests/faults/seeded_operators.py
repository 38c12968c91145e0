"""Operators that are killed, frozen and told to leave, and come back as a kubelet would bring them back."""

import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

from faults.proxy import Door
from faults.seeded_witnesses import Span
from fleet_operator import OperatorProcess
from testbed.cluster import Cluster


class Slot:
    """A place of one replica of the operator, with a door of its own.

    Attributes:
        name: of its door.
        logs: of every process that ever ran here.
        spans: from when to when each of these ran.
    """

    def __init__(self, cluster: Cluster, door: Door) -> None:
        """Nobody runs before :meth:`tick`."""
        self.name = door.name
        self.logs: list[str] = []
        self.spans: list[Span] = []
        self._cluster = cluster
        self._door = door
        self._process: OperatorProcess | None = None
        self._folder = contextlib.ExitStack()
        self._back = 0.0
        self._thaws_at = float("inf")

    def tick(self) -> None:
        """Who was frozen long enough goes on, and who has ended is started again."""
        now = time.monotonic()
        if now >= self._thaws_at:
            self.thaw()
        if self._process is not None and not self.runs():
            self._bury()
        if self._process is None and now >= self._back:
            self._start()

    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.code is None

    def alive(self) -> bool:
        """Whether it says of itself that it is well."""
        return self.runs() and self._process is not None and self._process.alive()

    def kill(self, seconds: float) -> None:
        """SIGKILL; another process comes so many seconds later."""
        self._signal(signal.SIGKILL)
        self._back = time.monotonic() + seconds

    def term(self, seconds: float) -> None:
        """SIGTERM; another process comes so many seconds later."""
        self._signal(signal.SIGTERM)
        self._back = time.monotonic() + seconds

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so many seconds later."""
        self._signal(signal.SIGSTOP)
        self._thaws_at = time.monotonic() + seconds

    def thaw(self) -> None:
        """Let it go on."""
        self._thaws_at = float("inf")
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End it as a pod would be ended."""
        self.thaw()
        if self._process is not None:
            self._process.stop()
            self._bury()

    def text(self) -> str:
        """Every line that was logged here."""
        present = [self._process.log.read_text("utf-8", errors="replace")] if self._process else []
        return "".join([*self.logs, *present])

    def _start(self) -> None:
        folder = self._folder.enter_context(tempfile.TemporaryDirectory(prefix="llamafleet-"))
        self._process = OperatorProcess(self._cluster, Path(folder), door=self._door)
        self.spans.append(Span(self.name, time.monotonic()))

    def _bury(self) -> None:
        assert self._process is not None
        self.spans[-1].end = time.monotonic()
        self._process.stop()
        self.logs.append(self._process.log.read_text("utf-8", errors="replace"))
        self._process = None
        self._folder.close()

    def _signal(self, sign: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
