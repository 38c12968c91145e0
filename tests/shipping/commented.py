"""The values of a chart as their file tells them: path, default, and the comment above.

A comment that begins with ``# --`` belongs to the key on the next line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MARK: Final = "# -- "


@dataclass(frozen=True, slots=True)
class Value:
    """One key of the values.

    Attributes:
        path: the keys that lead to it.
        default: what stands in the file.
        meaning: the comment above it, as one line; empty without one.
        whole: whether it is a value, and no map of values that are told one by one.
    """

    path: tuple[str, ...]
    default: Any
    meaning: str
    whole: bool

    @property
    def name(self) -> str:
        """The path as ``--set`` takes it."""
        return ".".join(self.path)


def values(path: Path) -> list[Value]:
    """Every key of the file, in its order."""
    text = path.read_text("utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines()
    return list(_values(root, lines, ())) if isinstance(root, yaml.MappingNode) else []


def _values(node: yaml.MappingNode, lines: list[str], above: tuple[str, ...]) -> Iterator[Value]:
    for key, value in node.value:
        path = (*above, key.value)
        first = not lines[key.start_mark.line][: key.start_mark.column].strip()
        meaning = _comment(lines, key.start_mark.line) if first else ""
        inner = list(_values(value, lines, path)) if isinstance(value, yaml.MappingNode) else []
        told = [one for one in inner if one.meaning]
        yield Value(path, _default(value), meaning, not told)
        yield from told


def _default(node: yaml.Node) -> Any:
    return yaml.safe_load(yaml.serialize(node, Dumper=yaml.SafeDumper))


def _comment(lines: list[str], line: int) -> str:
    """The comment that ends right above a line."""
    found: list[str] = []
    for text in reversed([one.strip() for one in lines[:line]]):
        if text.startswith(MARK):
            return " ".join([text.removeprefix(MARK), *reversed(found)])
        if not text.startswith("# "):
            break
        found.append(text.removeprefix("# "))
    return ""
