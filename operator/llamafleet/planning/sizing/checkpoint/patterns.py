"""Which layers a quantization config means by its lists of names, patterns and wildcards.

A pattern is never run as a regular expression: it is somebody's text, and could run for ever. The few signs
that such lists use in practice are read as wildcards; whatever else stands there is refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from llamafleet.planning.sizing.checkpoint.linears import LM_HEAD, VISION, Linear

REGEX: Final = "re:"
"""What a regular expression begins with in a compressed-tensors list."""

EVERY: Final = "Linear"
"""The class name by which such a list means every linear layer."""

_SIGN: Final = re.compile(r"\\\.|\.[*+]\??|(?:\\d|\[0-9\])[*+]?|\.|[\w-]")
"""One sign of a pattern that can be read: a dot, anything, a number, any one character, a letter."""

_TEXT_PREFIXES: Final = ("model.", "language_model.model.", "model.language_model.")
"""What stands before ``layers`` in the names of the language model: alone, in a model that sees, and there
from transformers 4.52 on."""

_PARTS: Final = {
    VISION["vision_tower"]: ("model.layers.0.mlp.fc1", "transformer.layers.0.mlp.fc1"),
    VISION["mm_projector"]: ("linear_1", ""),
}
"""A layer of each vision part that speaks for all of it, as Llama 4 and as Llama 3.2 Vision name it."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers that a list means.

    Attributes:
        names: names and parts of names, each between dots.
        globs: shell patterns of full names.
    """

    names: frozenset[str]
    globs: tuple[str, ...]

    def __contains__(self, linear: Linear) -> bool:
        """Whether the list means this layer, by one of the full names that it may have."""
        if EVERY in self.names:
            return True
        return any(
            not self.names.isdisjoint(_parts(name)) or any(fnmatchcase(name, glob) for glob in self.globs)
            for name in _full_names(linear.name)
        )


def layers(entries: Iterable[str]) -> Layers:
    """Read a list.

    Raises:
        ValueError: an entry is a pattern that cannot be read; the message is the entry.
    """
    names, globs = set(), []
    for entry in entries:
        if entry.startswith(REGEX):
            globs.append(_glob(entry))
        elif "*" in entry:
            globs.append(entry)
        else:
            names.add(entry)
    return Layers(frozenset(names), tuple(globs))


def _glob(entry: str) -> str:
    """A regular expression, which is matched from the start of a name, as a shell pattern."""
    pattern = entry.removeprefix(REGEX).removeprefix("^")
    body = pattern.removesuffix("$")
    signs = _SIGN.findall(body)
    if "".join(signs) != body:
        raise ValueError(entry)
    return "".join(map(_wildcard, signs)) + ("*" if body == pattern else "")


def _wildcard(sign: str) -> str:
    if sign == r"\.":
        return "."
    if sign == ".":
        return "?"
    return "*" if len(sign) > 1 else sign


def _full_names(name: str) -> Iterator[str]:
    """Every name that a layer may have in a checkpoint."""
    if name in _PARTS:
        for part in _PARTS[name]:
            full = f"{name}.{part}".removesuffix(".")
            yield from (full, f"model.{full}")
    elif name == LM_HEAD:
        yield from (name, f"language_model.{name}")
    else:
        yield from (f"{prefix}{name}" for prefix in _TEXT_PREFIXES)


def _parts(name: str) -> Iterator[str]:
    """Every run of the words of a name: ``a.b`` gives ``a``, ``a.b`` and ``b``."""
    words = name.split(".")
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            yield ".".join(words[start:end])
