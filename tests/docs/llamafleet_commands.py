"""Commands of ours: read by the real parsers, and run where they need no cluster and no minutes."""

import argparse
import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from builders import NOW
from docs.shell import Command
from llamafleet.cli import main
from llamafleet.cli.commands_page import arguments_of, commands_of
from llamafleet.cli.main import PLUGIN, PROGRAM, command_line

RUN: Final = frozenset({"plan", "windows", "cost", "models", "gpus", "prices"})
"""Commands that answer from files, within a second."""

OF_THE_READER: Final = frozenset({"--weights", "--plot"})
"""Options whose file only the reader has, or that draw."""

FITS_OR_NOT: Final = (0, 3)


def check(command: Command, folder: Path) -> None:
    """The parser takes it, its files are there, and it gives an answer."""
    read(command.words[1:])
    for words in command.piped:
        if words[0] == "jq":
            _check_keys(words[-1], run(command.words[1:], folder)[1])
    if command.words[1] in RUN and not OF_THE_READER & {*command.words}:
        code, printed = run(command.words[1:], folder)
        assert code in FITS_OR_NOT, printed
    elif "--trace" in command.words:
        assert (folder / command.words[command.words.index("--trace") + 1]).is_file()


def _check_keys(expression: str, printed: str) -> None:
    """Every key that an expression for jq asks for is in the document."""
    asked = {*re.findall(r"(?<![\w)])\.([a-z]\w*)", expression)}
    assert asked <= {*_keys(json.loads(printed))}, expression


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    if isinstance(value, (dict, list)):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _keys(below)


def check_plugin(words: tuple[str, ...]) -> None:
    """The parser of the plugin takes it; what it looks at is in a cluster."""
    read(words, PLUGIN)


def read(words: tuple[str, ...], name: str = PROGRAM) -> argparse.Namespace:
    """What the parser of the program by this name makes of these words; a mistake is its own message."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return command_line(name).parse_args(words)
    except SystemExit:
        raise AssertionError(said.getvalue()) from None


def run(words: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """The exit code and all that is printed, as of the day of all examples."""
    said, before = io.StringIO(), Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = main(words, now=NOW)
    finally:
        os.chdir(before)
    return code, said.getvalue()


def options(name: str) -> frozenset[str]:
    """The longest name of every option of a command."""
    arguments = arguments_of(commands_of(command_line())[name])
    return frozenset(max(one.option_strings, key=len) for one in arguments if one.option_strings)
