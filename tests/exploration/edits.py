"""Edits: from one spec to another, by one property or a few that are set, changed or removed."""

import copy
from typing import Any, Final

from hypothesis import strategies as st

from exploration.resources import SPEC
from exploration.schema import Draw, Schema, distinct, values

MOST_CHANGES: Final = 3


@st.composite
def edited(draw: Draw, spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with one to three changes, at any depth. A rule may refuse what comes of it."""
    for _ in range(draw(st.integers(1, MOST_CHANGES))):
        spec = draw(_fields(SPEC, spec, "spec"))
    return spec


@st.composite
def _changed(draw: Draw, schema: Schema, value: Any, path: str) -> Any:
    """Another value in this place, or the same with a change somewhere inside."""
    is_inside = draw(st.integers(0, 3)) > 0
    if is_inside and isinstance(value, dict) and "properties" in schema:
        return draw(_fields(schema, value, path))
    if is_inside and isinstance(value, list) and value:
        return draw(_items(schema, value, path))
    return draw(values(schema, path))


@st.composite
def _fields(draw: Draw, schema: Schema, value: dict[str, Any], path: str) -> dict[str, Any]:
    """A map with one of its fields set, changed or removed."""
    name = draw(st.sampled_from(sorted(schema["properties"])))
    below, changed = schema["properties"][name], copy.deepcopy(value)
    if name in changed and name not in schema.get("required", ()) and draw(st.integers(0, 2)) == 0:
        del changed[name]
    elif name in changed:
        changed[name] = draw(_changed(below, changed[name], f"{path}.{name}"))
    else:
        changed[name] = draw(values(below, f"{path}.{name}"))
    return changed


@st.composite
def _items(draw: Draw, schema: Schema, value: list[Any], path: str) -> list[Any]:
    """A list with an item more, one less, one changed, or in another order."""
    place, what = draw(st.integers(0, len(value) - 1)), draw(st.integers(0, 3))
    changed = copy.deepcopy(value)
    if what == 0:
        del changed[place]
    elif what == 1:
        changed.insert(place, draw(values(schema["items"], f"{path}[]")))
    elif what == 2:
        changed.reverse()
    else:
        changed[place] = draw(_changed(schema["items"], changed[place], f"{path}[]"))
    return distinct(changed, schema)
