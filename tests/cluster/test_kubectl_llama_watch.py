"""``kubectl llama status --watch``: on a terminal in place, and in a pipe one table after the other."""

import contextlib
import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from kubectl_plugin import Plugin
from llamas import SETTLE_SECONDS, Llama
from testbed.wait import until

pytestmark = pytest.mark.cluster

SECONDS_TO_SEE = 10.0
"""A change is shown within a second; this machine may be busy."""


def test_watch_in_a_pipe_prints_again_when_something_changes(gold_fleet: Llama, onlooker: Plugin) -> None:
    with following(onlooker, "status", "--watch") as watch:
        assert watch.stdout is not None
        os.set_blocking(watch.stdout.fileno(), False)
        seen = Seen(watch.stdout.fileno())
        until(lambda: seen.has(r"small +Ready +1/1"), SETTLE_SECONDS, "the first table")
        suspend(gold_fleet)
        until(lambda: seen.has(r"small +Suspended +0/0"), SECONDS_TO_SEE, "the change")


def test_watch_on_a_terminal_draws_in_place_and_counts_on(gold_fleet: Llama, onlooker: Plugin) -> None:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    with following(onlooker, "status", "--watch", output=theirs) as watch:
        seen = Seen(ours)
        until(lambda: "Ready" in seen.text, SETTLE_SECONDS, "the first table")
        until(
            lambda: len(set(seen.all(r"(\d+\.\d\d)[^\d/]+\d+\.\d\d"))) > 2, SECONDS_TO_SEE, "money to go on"
        )
        assert "\x1b[1A" in seen.text, "it is drawn over the last table"
        suspend(gold_fleet)
        until(lambda: "Suspended" in seen.text, SECONDS_TO_SEE, "the change")
        watch.send_signal(signal.SIGINT)
        assert watch.wait(SECONDS_TO_SEE) == 130
    os.close(ours)
    os.close(theirs)


def suspend(fleet: Llama) -> None:
    """Suspend it, until its status says so: from then on it counts how soon that is shown."""
    fleet.patch(suspend=True)
    fleet.wait_for("Ready", "True", "ScaledToZero")


class Seen:
    """What a program has printed so far."""

    def __init__(self, descriptor: int) -> None:
        """Nothing yet."""
        self._descriptor = descriptor
        self._text = ""

    @property
    def text(self) -> str:
        with contextlib.suppress(BlockingIOError):
            while part := os.read(self._descriptor, 65536):
                self._text += part.decode()
        return self._text

    def has(self, pattern: str) -> bool:
        return re.search(pattern, self.text) is not None

    def all(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.text)


@contextlib.contextmanager
def following(plugin: Plugin, *words: str, output: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    watch = plugin.follow(*words, output=output)
    try:
        yield watch
    finally:
        watch.kill()
        watch.communicate()
