"""A checkpoint on disk: its config.json, and what its index or its safetensors files say of its tensors.

JSON and the headers of safetensors files are read, each up to a bound; weights are never read, and nothing
is written. What the files mean is known in ``planning.checkpoint``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from llamafleet.catalogue import Catalogue, ModelFacts
from llamafleet.cli.files import BadInput
from llamafleet.planning.sizing.checkpoint import CONFIG, INDEX, OwnWeights, read_checkpoint

SAFETENSORS: Final = "*.safetensors"

LARGEST_JSON: Final = 50 * 10**6
"""Bytes of a JSON file: an index that names every expert of Maverick by itself has about five million."""

LARGEST_HEADER: Final = 100 * 10**6
"""Bytes of the header of a safetensors file: the limit that the format itself sets."""

LENGTH_BYTES: Final = 8
"""A safetensors file begins with the length of its header: eight bytes, the lowest first."""

METADATA: Final = "__metadata__"
"""The one key of a header that is no tensor."""

OFFSETS: Final = "data_offsets"
CUT_SHORT: Final = "must be a whole safetensors file: this one is cut short, or no such file"


def read_weights(path: Path, model: ModelFacts, known: Catalogue) -> OwnWeights:
    """What a checkpoint says of itself.

    Args:
        path: the folder with its config.json and, where they are at hand, its index or its safetensors files;
            or a config.json alone.
        model: the model that its author says it is.
        known: the catalogue.

    Raises:
        BadInput: a file is missing, cannot be read, or is not what its name says.
        InvalidSpec: the checkpoint is of another variant, cannot be served, or contradicts itself.
    """
    try:
        config, index = _files(path)
    except OSError as error:
        raise _bad(Path(error.filename or path), error.strerror or str(error)) from error
    return read_checkpoint(config, index, model, known)


def _files(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The content of the config.json, and that of the index where a folder has one."""
    if path.is_dir():
        return _read_object(path / CONFIG), _index(path)
    return _read_object(path), None


def _index(folder: Path) -> Mapping[str, Any] | None:
    """The index of a folder, or one made of the headers of its safetensors files; None without either."""
    file = folder / INDEX
    if file.exists():
        return _read_object(file)
    files = sorted(folder.glob(SAFETENSORS))
    return _index_of(files) if files else None


def _index_of(files: Sequence[Path]) -> Mapping[str, Any]:
    """What the index of these files would be."""
    sizes = {file.name: _tensor_bytes(file) for file in files}
    return {
        "metadata": {"total_size": sum(sum(tensors.values()) for tensors in sizes.values())},
        "weight_map": {name: file for file, tensors in sizes.items() for name in tensors},
    }


def _tensor_bytes(file: Path) -> dict[str, int]:
    """The bytes of every tensor of a safetensors file, by name."""
    header, stored = _header(file)
    return {name: _size(file, entry, stored) for name, entry in header.items() if name != METADATA}


def _header(file: Path) -> tuple[dict[str, Any], int]:
    """The header, and how many bytes follow it."""
    with _open(file) as stream:
        length = int.from_bytes(stream.read(LENGTH_BYTES), "little")
        stored = file.stat().st_size - LENGTH_BYTES - length
        if stored < 0 or length > LARGEST_HEADER:
            raise _bad(file, CUT_SHORT)
        return _parse_object(file, stream.read(length)), stored


def _size(file: Path, entry: object, stored: int) -> int:
    offsets = entry.get(OFFSETS) if isinstance(entry, Mapping) else None
    if not isinstance(offsets, list) or [type(offset) for offset in offsets] != [int, int]:
        raise _bad(file, f"must give two {OFFSETS} for every tensor")
    start, end = offsets
    if not 0 <= start <= end <= stored:
        raise _bad(file, CUT_SHORT)
    return int(end - start)


def _read_object(file: Path) -> dict[str, Any]:
    """The JSON object that a file holds."""
    with _open(file) as stream:
        content = stream.read(LARGEST_JSON + 1)
    if len(content) > LARGEST_JSON:
        raise _bad(file, f"must have at most {LARGEST_JSON // 10**6} MB")
    return _parse_object(file, content)


def _open(file: Path) -> BinaryIO:
    """Open a regular file: a pipe or a device would keep us waiting."""
    if file.exists() and not file.is_file():
        raise _bad(file, "must be a file")
    return file.open("rb")


def _parse_object(file: Path, content: bytes) -> dict[str, Any]:
    """The JSON object in a part of a file."""
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _bad(file, f"must be JSON: {_problem(error)}") from error
    if not isinstance(value, dict):
        raise _bad(file, "must be a JSON object")
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


def _bad(file: Path, rule: str) -> BadInput:
    """What is wrong with a file, to be raised."""
    return BadInput(f"{file}: {rule}")
