"""The program: its commands, and how it ends.

Exit codes: 0 done; 1 it cannot be done, with one line that says why; 2 the command line is wrong; 3 nothing
fits (``llamafleet plan``, ``windows``, ``cost``, ``simulate``); 4 another process leads (``llamafleet run``).
Interrupted by Ctrl-C it ends with 130, as a
shell expects.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, Final

from llamafleet.cli import arguments
from llamafleet.errors import LlamafleetError

Command = tuple[str, str, Callable[[argparse.ArgumentParser], None]]

COMMANDS: Final[Mapping[str, Command]] = {
    "plan": ("plan", "size one replica, with no cluster: its GPUs, its price, and why", arguments.add_plan),
    "windows": (
        "windows",
        "when the fleet is open from one day to another, and what that costs",
        arguments.add_windows,
    ),
    "cost": ("cost", "what the fleet costs per token, and from how many on it pays", arguments.add_cost),
    "simulate": (
        "simulate",
        "run a trace of requests through the operator's own decisions: GPU-hours, dollars, waits",
        arguments.add_simulate,
    ),
    "models": ("catalogue", "the models of the catalogue, each figure with its source", arguments.add_models),
    "gpus": ("catalogue", "the GPUs of the catalogue, each figure with its source", arguments.add_gpus),
    "prices": (
        "catalogue",
        "what GPUs cost and what APIs ask, each price with its date and source",
        arguments.add_prices,
    ),
    "run": ("run", "run the operator until it is told to stop", arguments.add_run),
    "waker": (
        "waker",
        "hold requests for fleets without a ready replica, until it is told to stop",
        arguments.add_waker,
    ),
    "reference": ("generate", "write the field tables of the documentation", arguments.add_reference),
    "crds": ("generate", "print the custom resource definitions", arguments.add_crds),
}
"""Every command: the module that has a function of its name, its help, and what adds its options."""

INTERRUPTED: Final = 130


def main(words: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run one command; the exit code. The instant is the clock's unless the caller gives one."""
    options = _parser().parse_args(words)
    options.now = now
    try:
        code = _command(options.command)(options)
        _flush()  # here and not at the end of the process, where nobody catches what it raises
    except LlamafleetError as error:
        return _refuse(str(error))
    except BrokenPipeError:  # the reader, such as head, has seen enough
        _write_no_more()
        return 0
    except OSError as error:  # a file that cannot be written, a full disk, a port that is taken
        _write_no_more()
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """The function behind a command; its module, and all that this needs, is loaded only now."""
    command: Callable[[argparse.Namespace], int] = getattr(
        import_module(f"llamafleet.cli.{COMMANDS[name][0]}"), name
    )
    return command


def _refuse(why: str) -> int:
    """Say why, on one line, without anything that a file of somebody could do to a terminal."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(why.split()))
    sys.stderr.write(f"llamafleet: {line}\n")
    return 1


def _flush() -> None:
    """Write what waits to be written. A process that was started with its output closed has none."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _write_no_more() -> None:
    """What waits to be written would be tried again at the end of the process, and fail again."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that costs as much as all other imports here."""

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: Any, **_options: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - see above

        sys.stdout.write(f"llamafleet {version('llamafleet')}\n")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llamafleet", description="Llama models on your own GPUs.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, (_, what, add_options) in COMMANDS.items():
        add_options(commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}."))
    return parser
