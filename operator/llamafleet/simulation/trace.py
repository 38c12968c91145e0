"""Request traces: CSV, plain or gzip, ``arrival_s, input_tokens, output_tokens``, one row for each request.

A fourth column, ``reusable_prefix_tokens``, is allowed and not used: the model has no prefix cache.
Nothing in a file is believed: not its length, not its order, not that it is gzip.
"""

import csv
import gzip
import io
import operator
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from llamafleet.errors import LlamafleetError

COLUMNS: Final = ("arrival_s", "input_tokens", "output_tokens")
REUSABLE: Final = "reusable_prefix_tokens"

MOST_REQUESTS: Final = 20_000_000
"""Two years of the busiest trace that we know, and 500 MB of memory."""

LONGEST_LINE: Final = 200
"""Characters of a line: four numbers have fewer; a longer one is cut, and then has the wrong form."""

LARGEST_TOKENS: Final = 100_000_000
"""Ten times the longest context of any Llama model."""

LATEST_SECONDS: Final = 10 * 366 * 86_400
"""Ten years."""

NOTHING: Final = "(nothing)"
"""How messages write an empty value."""

_GZIP: Final = b"\x1f\x8b"
_ROWS: Final = 20_000
"""Rows that are read at a time."""


class BadTrace(LlamafleetError):
    """A trace cannot be used; the message names the file, the line, the field, the value and the rule.

    Args:
        where: the file, and where one is wrong the line and the field.
        value: what stands there; None where the whole file is wrong.
        rule: what it must be: "must be …".
    """

    def __init__(self, where: str, value: str | None, rule: str) -> None:
        """Join them to one sentence."""
        found = "" if value is None else f" = {value or NOTHING}"
        super().__init__(f"{where}{found}: {rule}")


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests in the order of their arrival.

    Attributes:
        arrivals: seconds from the start of the trace.
        inputs: tokens of each prompt.
        outputs: tokens that each request generates, at least 1.
    """

    arrivals: Sequence[float]
    inputs: Sequence[int]
    outputs: Sequence[int]

    def __len__(self) -> int:
        """How many requests."""
        return len(self.arrivals)

    @property
    def span_s(self) -> float:
        """When the last request arrives."""
        return self.arrivals[-1]


def open_trace(path: str) -> Trace:
    """The trace in a file; ``-`` is standard input.

    Raises:
        BadTrace: the file cannot be read, or is no trace.
    """
    if path == "-":
        # Python has no standard input when the shell closed it.
        return read_trace("standard input", io.BytesIO() if sys.stdin is None else sys.stdin.buffer)
    try:
        with Path(path).open("rb") as file:
            return read_trace(path, file)
    except OSError as error:
        raise BadTrace(path, None, f"cannot be read: {error.strerror or error}") from error


def read_trace(name: str, file: BinaryIO) -> Trace:
    """The trace in an open file.

    Args:
        name: the file as messages call it.
        file: its bytes, plain or gzip.

    Raises:
        BadTrace: it is no trace.
    """
    whole = io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file
    start = whole.read(len(_GZIP))
    joined = _Joined(start, whole)
    binary = gzip.GzipFile(fileobj=joined) if start == _GZIP else io.BufferedReader(joined)
    text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
    try:
        return _read(name, csv.reader(iter(partial(text.readline, LONGEST_LINE), "")))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadTrace(name, None, f"must be whole gzip: {error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadTrace(name, None, f"must be CSV in UTF-8, plain or gzip: {error}") from error


class _Joined(io.RawIOBase):
    """The first bytes of a file that cannot be rewound, and the rest of it."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any buffer
        content = self._start or self._rest.read(len(buffer))
        self._start = content[len(buffer) :] if self._start else b""
        buffer[: len(content)] = content[: len(buffer)]
        return min(len(content), len(buffer))


def _read(name: str, rows: Iterator[list[str]]) -> Trace:
    header = tuple(next(rows, ()))
    if header not in {COLUMNS, (*COLUMNS, REUSABLE)}:
        rule = f"must be {','.join(COLUMNS)}, and {REUSABLE} may follow"
        where = f"{name}, line 1"
        raise BadTrace(where, ",".join(header)[:LONGEST_LINE], rule)
    arrivals, inputs, outputs = array("d"), array("l"), array("l")
    while chunk := list(islice(rows, _ROWS)):
        if not _add(chunk, header, (arrivals, inputs, outputs)):
            _blame(name, header, chunk, len(arrivals), arrivals[-1] if arrivals else 0.0)
        if len(arrivals) > MOST_REQUESTS:
            raise BadTrace(name, None, f"must have at most {MOST_REQUESTS:,} requests")
    if not arrivals:
        raise BadTrace(name, None, "must have at least one request")
    return Trace(arrivals, inputs, outputs)


def _add(
    chunk: list[list[str]], header: Sequence[str], trace: "tuple[array[float], array[int], array[int]]"
) -> bool:
    """Append rows, column by column; False, with nothing appended, when something is wrong with one."""
    arrivals, inputs, outputs = trace
    try:
        columns = list(zip(*chunk, strict=True))
        if len(columns) != len(header):
            return False
        when = array("d", map(float, columns[0]))
        counts = [array("l", map(int, column)) for column in columns[1:]]
    except (ValueError, OverflowError):
        return False
    ordered = all(map(operator.le, when, islice(when, 1, None)))
    early = when[0] < (arrivals[-1] if arrivals else 0.0)
    small = min(map(min, counts)) < 0 or min(counts[1]) < 1
    large = max(map(max, counts)) > LARGEST_TOKENS or not when[-1] <= LATEST_SECONDS
    if not ordered or early or small or large:
        return False
    arrivals.extend(when)
    inputs.extend(counts[0])
    outputs.extend(counts[1])
    return True


def _blame(name: str, header: Sequence[str], chunk: list[list[str]], before: int, arrival: float) -> NoReturn:
    """Say which row of a chunk is wrong, and how."""
    for line, row in enumerate(chunk, before + 2):
        where = f"{name}, line {line}"
        if len(row) != len(header):
            raise BadTrace(where, ",".join(row)[:LONGEST_LINE], f"must have {len(header)} fields")
        when = _number(row[0])
        if when is None or not arrival <= when <= LATEST_SECONDS:
            bound = f"at least those of the row before ({arrival:g})"
            rule = f"must be seconds from the start, {bound}, at most ten years"
            cell = f"{where}, {header[0]}"
            raise BadTrace(cell, row[0], rule)
        arrival = when
        for field, text in list(zip(header, row, strict=True))[1:]:
            least = 1 if field == "output_tokens" else 0
            if not (text.strip().isdecimal() and least <= int(text) <= LARGEST_TOKENS):
                rule = f"must be a whole number from {least} to {LARGEST_TOKENS:,}"
                cell = f"{where}, {field}"
                raise BadTrace(cell, text, rule)
    raise BadTrace(name, None, "must have plain numbers only")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
