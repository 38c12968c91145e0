"""JSON files of a checkpoint, read with a bound. What stands in them is not known here."""

import json
from pathlib import Path
from typing import Any, BinaryIO

from llamafleet.cli.errors import BadInput


def read_object(file: Path, most: int) -> dict[str, Any]:
    """The JSON object that a file holds.

    Args:
        file: the file.
        most: bytes that it may have.

    Raises:
        BadInput: it is no file, is larger, or holds something else.
        OSError: it is missing or cannot be read.
    """
    with open_file(file) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise bad(file, f"must have at most {most // 10**6} MB")
    return parse_object(file, content)


def open_file(file: Path) -> BinaryIO:
    """Open a regular file: a pipe or a device would keep us waiting.

    Raises:
        BadInput: it is something else.
        OSError: there is none, or it may not be read.
    """
    if file.exists() and not file.is_file():
        raise bad(file, "must be a file")
    return file.open("rb")


def parse_object(file: Path, content: bytes) -> dict[str, Any]:
    """The JSON object in a part of a file.

    Raises:
        BadInput: the part holds something else.
    """
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise bad(file, f"must be JSON: {_problem(error)}") from error
    if not isinstance(value, dict):
        raise bad(file, "must be a JSON object")
    return value


def _problem(error: ValueError | RecursionError) -> str:
    match error:
        case json.JSONDecodeError():
            return str(error)
        case UnicodeDecodeError():
            return "it is no text in UTF-8"
        case RecursionError():
            return "it is nested too deep"
    return "it has a number of too many digits"


def bad(file: Path, rule: str) -> BadInput:
    """What is wrong with a file, to be raised."""
    return BadInput(f"{file}: {rule}")
