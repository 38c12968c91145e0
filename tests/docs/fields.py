"""The fields and the keys that our kinds have, for whoever names them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from llamafleet.api import names
from llamafleet.api.crd import KINDS, schema

OURS: Final = frozenset(
    word
    for kind in KINDS
    for word in (kind.name.lower(), kind.plural, kind.short, f"{kind.plural}.{names.GROUP}")
)
"""Every word by which kubectl knows a kind of ours."""

KEYS: Final = frozenset(
    value for value in vars(names).values() if isinstance(value, str) and value.startswith(f"{names.GROUP}/")
)
"""The keys of our labels and annotations, and our API version."""


@cache
def paths() -> frozenset[str]:
    """Every field of our kinds, without the marks of lists."""
    return frozenset(
        path
        for kind in KINDS
        for part in ("spec", "status")
        for path in _below(part, kind_schema(kind, part))
    )


def kind_schema(kind: Any, part: str) -> dict[str, Any]:
    """The schema of the spec or the status of a kind; empty where it has none."""
    found: dict[str, Any] = schema(kind)["properties"].get(part, {})
    return found


def exists(path: str) -> bool:
    """Whether a kind of ours has this field. A list may be written with brackets and whatever is in them."""
    return re.sub(r"\[[^\]]*\]", "", path).rstrip(".") in paths()


def _below(path: str, field: dict[str, Any]) -> Iterator[str]:
    yield path
    for name, inner in {
        **field.get("properties", {}),
        **field.get("items", {}).get("properties", {}),
    }.items():
        yield from _below(f"{path}.{name}", inner)
