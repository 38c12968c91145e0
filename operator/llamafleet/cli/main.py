"""The program: its commands, and how it ends.

Called ``kubectl-llama`` it is a plugin of kubectl, and says ``kubectl llama`` of itself; then it has the
commands for people, and not those by which processes start in a cluster and files are generated.

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
from pathlib import Path
from typing import Any, Final

from llamafleet.cli import arguments, live_arguments
from llamafleet.cli.early import end_when_told
from llamafleet.cli.printable import printable
from llamafleet.cli.stdout import flush
from llamafleet.errors import LlamafleetError

Command = tuple[str, str, Callable[[argparse.ArgumentParser], None]]

COMMANDS: Final[Mapping[str, Command]] = {
    "status": (
        "live.status",
        "the fleets of a cluster: replicas, queue, window, and what they cost; --watch keeps them in view",
        live_arguments.add_status,
    ),
    "explain": (
        "live.explain",
        "why a fleet of a cluster is as it is: the steps of its last decision, and what happens next",
        live_arguments.add_explain,
    ),
    "top": (
        "live.top",
        "the pods of the fleets of a cluster, their work and their cost",
        live_arguments.add_top,
    ),
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
    "reference": (
        "generate",
        "write the tables of fields and options of the documentation",
        arguments.add_reference,
    ),
    "crds": ("generate", "print the custom resource definitions", arguments.add_crds),
}
"""Every command: the module that has a function of its name, its help, and what adds its options."""

PROGRAM: Final = "llamafleet"
PLUGIN: Final = "kubectl-llama"
"""What the program is called where kubectl finds it."""

PROCESSES: Final = frozenset({"run", "waker"})
"""Those that run in a cluster until they are told to end."""

NOT_IN_PLUGIN: Final = PROCESSES | {"reference", "crds"}

INTERRUPTED: Final = 130


def main(words: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run one command; the exit code. The instant is the clock's unless the caller gives one."""
    options = command_line(_name()).parse_args(words)
    options.now = now
    if options.command in PROCESSES:
        end_when_told()
    try:
        code = _command(options.command)(options)
        flush()  # here and not at the end of the process, where nobody catches what it raises
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
    sys.stderr.write(f"{_name()}: {printable(why)}\n")
    return 1


def _name() -> str:
    """What the program is called, as its user typed it."""
    return "kubectl llama" if Path(sys.argv[0]).stem == PLUGIN else PROGRAM


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


def command_line(name: str = PROGRAM) -> argparse.ArgumentParser:
    """What reads the command line of the program, by what it is called."""
    parser = argparse.ArgumentParser(prog=name, description="Llama models on your own GPUs.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for command, (_, what, add_options) in COMMANDS.items():
        if name == PROGRAM or command not in NOT_IN_PLUGIN:
            add_options(commands.add_parser(command, help=what, description=f"{what[0].upper()}{what[1:]}."))
    return parser
