"""Types of command-line arguments; a wrong one ends the program with its usage and exit code 2."""

import argparse
from pathlib import Path
from typing import Final

LAST_PORT: Final = 65535

FORMATS: Final = ("table", "json", "yaml")
"""What ``-o`` takes: a view for people, or one document for programs."""


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        message = f"must be a whole number from 1 on, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def port(text: str) -> int:
    """A TCP port; 0 for none."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        message = f"must be a port from 0 to {LAST_PORT}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def folder(text: str) -> Path:
    """A folder that exists."""
    if not Path(text).is_dir():
        message = f"must be a folder that exists, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def add_output(parser: argparse.ArgumentParser) -> None:
    """The option ``-o``."""
    parser.add_argument(
        "-o", "--output", choices=FORMATS, default="table", help="how to show it (default: %(default)s)"
    )


def add_values(parser: argparse.ArgumentParser) -> None:
    """The option ``--values``."""
    parser.add_argument("--values", metavar="FILE", help="your own figures for the catalogue's")
