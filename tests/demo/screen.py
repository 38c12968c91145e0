"""What the demo says and how: headings, commands with their real output, and a clock while it waits."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

HEARTBEAT_SECONDS: Final = 10.0

_started = time.monotonic()


def heading(text: str) -> None:
    """A step of the demo, with the seconds since its start."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}[{time.monotonic() - _started:5.1f} s] {text}{plain}", flush=True)


def show(command: str, output: str) -> None:
    """A command as a person would type it, and what it printed."""
    indented = "\n".join(f"    {line}".rstrip() for line in output.rstrip().splitlines())
    print(f"\n    $ {command}\n{indented}", flush=True)


def say(text: str) -> None:
    """A sentence."""
    print(f"    {text}", flush=True)


@contextmanager
def heartbeat(status: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Gives a function to call while waiting; it repeats the status every ten seconds."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > HEARTBEAT_SECONDS:
            last = time.monotonic()
            say(status())

    yield beat
