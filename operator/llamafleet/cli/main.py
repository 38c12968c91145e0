"""The program: its commands, its arguments, and how it ends.

Exit codes: 0 done; 1 the input is wrong, with one line that says why; 2 the command line is wrong;
3 nothing fits (``llamafleet plan``).
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from llamafleet.cli.catalogue import add_gpus, add_models, add_prices
from llamafleet.cli.errors import BadInput
from llamafleet.cli.generate import add_crds, add_reference
from llamafleet.cli.plan import add_plan
from llamafleet.cli.run import add_run
from llamafleet.errors import InvalidSpec

COMMANDS: Final[Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]]] = {
    "plan": ("size one replica, with no cluster: its GPUs, its price, and why", add_plan),
    "models": ("the models of the catalogue, each figure with its source", add_models),
    "gpus": ("the GPUs of the catalogue, each figure with its source", add_gpus),
    "prices": ("what GPUs cost and what APIs ask, each price with its date and source", add_prices),
    "run": ("run the operator until it is told to stop", add_run),
    "reference": ("write the field tables of the documentation", add_reference),
    "crds": ("print the custom resource definitions", add_crds),
}
"""Every command with its help and with what adds its options."""


def main(arguments: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run one command; the exit code. The instant is the clock's unless the caller gives one."""
    options = _parser().parse_args(arguments)
    options.now = now
    try:
        code = int(options.command(options))
        sys.stdout.flush()  # here and not at the end of the process, where nobody catches what it raises
    except (BadInput, InvalidSpec) as error:
        sys.stderr.write(f"llamafleet: {_on_one_line(str(error))}\n")
        return 1
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _on_one_line(text: str) -> str:
    """The text without line breaks, nor anything else that a file of somebody could do to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: that costs as much as all other imports here."""

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: Any, **_options: Any) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - see above

        sys.stdout.write(f"llamafleet {version('llamafleet')}\n")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llamafleet", description="Llama models on your own GPUs.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (what, add_options) in COMMANDS.items():
        add_options(commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}."))
    return parser
