"""A checkpoint on disk: its config.json, and what its index or its safetensors files say of its tensors.

Weights are never read, and nothing is written. What the files mean is known in ``planning.checkpoint``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from llamafleet.catalogue import Catalogue, ModelFacts
from llamafleet.cli.jsonfile import bad, read_object
from llamafleet.cli.safetensors import tensor_bytes
from llamafleet.errors import InvalidSpec
from llamafleet.planning.checkpoint import CONFIG, INDEX, OwnWeights, read_checkpoint
from llamafleet.planning.wanted import VARIANT

SAFETENSORS: Final = "*.safetensors"

LARGEST_JSON: Final = 50 * 10**6
"""Bytes of a JSON file: an index that names every expert of Maverick by itself has about five million."""


def read_weights(path: Path, variant: str, known: Catalogue) -> OwnWeights:
    """What a checkpoint says of itself.

    Args:
        path: the folder with its config.json and, where they are at hand, its index or its safetensors files;
            or a config.json alone.
        variant: the variant that its author says it is.
        known: the catalogue.

    Raises:
        BadInput: a file is missing, cannot be read, or is not what its name says.
        InvalidSpec: the checkpoint is of another variant, cannot be served, or contradicts itself.
    """
    model = _model(variant, known)
    try:
        config, index = _files(path)
    except OSError as error:
        raise bad(Path(error.filename or path), error.strerror or str(error)) from error
    return read_checkpoint(config, index, model, known)


def _model(variant: str, known: Catalogue) -> ModelFacts:
    if variant in known.models:
        return known.models[variant]
    rule = known.unreleased.get(variant, f"must be one of {', '.join(known.models)}")
    raise InvalidSpec(VARIANT, variant, rule)


def _files(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The content of the config.json, and that of the index where a folder has one."""
    if path.is_dir():
        return read_object(path / CONFIG, LARGEST_JSON), _index(path)
    return read_object(path, LARGEST_JSON), None


def _index(folder: Path) -> Mapping[str, Any] | None:
    """The index of a folder, or one made of the headers of its safetensors files; None without either."""
    file = folder / INDEX
    if file.exists():
        return read_object(file, LARGEST_JSON)
    files = sorted(folder.glob(SAFETENSORS))
    return _index_of(files) if files else None


def _index_of(files: Sequence[Path]) -> Mapping[str, Any]:
    """What the index of these files would be."""
    sizes = {file.name: tensor_bytes(file) for file in files}
    return {
        "metadata": {"total_size": sum(sum(tensors.values()) for tensors in sizes.values())},
        "weight_map": {name: file for file, tensors in sizes.items() for name in tensors},
    }
