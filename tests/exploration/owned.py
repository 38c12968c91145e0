"""The part of a live object that one field manager owns, by its managedFields."""

import json
from typing import Any

from exploration.mending import Json

NOTHING: Any = object()


def owned(raw: Json, manager: str, subresource: str | None = None) -> Any:
    """The fields of an object that this manager has applied, as they stand; None when it owns none."""
    for entry in raw["metadata"].get("managedFields", ()):
        is_ours = entry["manager"] == manager and entry["operation"] == "Apply"
        if is_ours and entry.get("subresource") == subresource:
            return _part(raw, entry["fieldsV1"])
    return None


def _part(value: Any, fields: Json) -> Any:
    """What the set of fields marks in a value; a field without any below it is owned as a whole."""
    below = {key: inner for key, inner in fields.items() if key != "."}
    if not below or value is None:
        return value
    if isinstance(value, dict):
        names = {key.removeprefix("f:"): inner for key, inner in below.items()}
        return {name: _part(value[name], inner) for name, inner in names.items() if name in value}
    return [_part(item, inner) for item in value for key, inner in below.items() if _is_meant(item, key)]


def _is_meant(item: Any, key: str) -> bool:
    """Whether ``k:{"name":"x"}`` or ``v:"x"`` names this item of a list."""
    sort, _, text = key.partition(":")
    meant = json.loads(text)
    if sort == "v":
        return bool(item == meant)
    return isinstance(item, dict) and all(item.get(name) == value for name, value in meant.items())
