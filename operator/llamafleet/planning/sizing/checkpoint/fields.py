"""The keys of a checkpoint's JSON files, read one by one with the type and the range that they must have.

Nothing here knows what a key means.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeGuard

from llamafleet.errors import InvalidSpec

LONGEST_SHOWN: Final = 80
"""Characters of a value that a message shows."""

LONGEST_TEXT: Final = 1000
"""Characters of one text: a tensor's full name has about a hundred."""

MOST_DIGITS: Final = 18
"""Digits of a number that a message shows: more are a mistake."""


@dataclass(frozen=True, slots=True)
class Section:
    """One JSON object of a file.

    Attributes:
        file: the name of the file.
        path: where in the file the object is, each key followed by a dot; empty for the file itself.
        content: the object.
    """

    file: str
    path: str
    content: Mapping[str, Any]

    def refuse(self, key: str, rule: str) -> NoReturn:
        """Raise what is wrong with a key.

        Raises:
            InvalidSpec: always.
        """
        value = shown(self.content[key]) if key in self.content else "absent"
        field = f"{self.path}{_printable(key)} in {self.file}"
        raise InvalidSpec(field, value, rule)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value; ``null`` is none."""
        return self.content.get(key) is not None

    def whole(self, key: str, most: int, *, least: int = 1, default: int | None = None) -> int:
        """A whole number from ``least`` to ``most``; the default when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else, or absent without a default.
        """
        if default is not None and not self.has(key):
            return default
        value = self.content.get(key)
        if not is_whole(value) or not least <= value <= most:
            self.refuse(key, f"must be a whole number from {least} to {most}")
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """A truth value; the default when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else.
        """
        value = self.content.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(key, "must be true or false")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text; the default when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else, longer than any name, or absent without a default.
        """
        value = self.content.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            self.refuse(key, f"must be a text of at most {LONGEST_TEXT} characters")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else.
        """
        items = self.items(key)
        if not all(isinstance(item, str) and len(item) <= LONGEST_TEXT for item in items):
            self.refuse(key, f"must be a list of texts of at most {LONGEST_TEXT} characters")
        return tuple(items)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers; empty when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else.
        """
        items = self.items(key)
        if not all(is_whole(item) for item in items):
            self.refuse(key, "must be a list of whole numbers")
        return tuple(int(item) for item in items)

    def items(self, key: str) -> list[Any]:
        """A list; empty when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else.
        """
        value = self.content.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(key, "must be a list")
        return value

    def section(self, key: str) -> "Section | None":
        """An object; None when the key is absent or ``null``.

        Raises:
            InvalidSpec: it is something else.
        """
        value = self.content.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.refuse(key, "must be an object")
        return Section(self.file, f"{self.path}{_printable(key)}.", value)


def is_whole(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a whole number; ``8.0`` is, and a truth value is to Python only."""
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A JSON value as a message shows it: on one line and never long, whatever it is."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        return f"a number of more than {MOST_DIGITS} digits"
    return f'"{_printable(value)}"' if isinstance(value, str) else json.dumps(value)


def _printable(text: str) -> str:
    """A text that can do nothing to a terminal, cut when it is long."""
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    return cut.encode("unicode_escape").decode("ascii")
