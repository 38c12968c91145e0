"""The header of a safetensors file: which tensors it holds, and the bytes of each. No weight is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from llamafleet.cli.jsonfile import bad, open_file, parse_object

LARGEST_HEADER: Final = 100 * 10**6
"""Bytes of a header: the limit that the format itself sets."""

LENGTH_BYTES: Final = 8
"""A file begins with the length of its header: eight bytes, the lowest first."""

METADATA: Final = "__metadata__"
"""The one key of a header that is no tensor."""

OFFSETS: Final = "data_offsets"
CUT_SHORT: Final = "must be a whole safetensors file: this one is cut short, or no such file"


def tensor_bytes(file: Path) -> dict[str, int]:
    """The bytes of every tensor of a file, by name.

    Raises:
        BadInput: the file is no safetensors file, or ends before its tensors do.
        OSError: it is missing or cannot be read.
    """
    header, stored = _header(file)
    return {name: _size(file, entry, stored) for name, entry in header.items() if name != METADATA}


def _header(file: Path) -> tuple[dict[str, Any], int]:
    """The header, and how many bytes follow it."""
    with open_file(file) as stream:
        length = int.from_bytes(stream.read(LENGTH_BYTES), "little")
        stored = file.stat().st_size - LENGTH_BYTES - length
        if stored < 0 or length > LARGEST_HEADER:
            raise bad(file, CUT_SHORT)
        return parse_object(file, stream.read(length)), stored


def _size(file: Path, entry: object, stored: int) -> int:
    offsets = entry.get(OFFSETS) if isinstance(entry, Mapping) else None
    if not isinstance(offsets, list) or [type(offset) for offset in offsets] != [int, int]:
        raise bad(file, f"must give two {OFFSETS} for every tensor")
    start, end = offsets
    if not 0 <= start <= end <= stored:
        raise bad(file, CUT_SHORT)
    return int(end - start)
