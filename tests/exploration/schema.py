"""Values from the structural schemas of our own CRDs, as Hypothesis strategies.

The schema alone decides what is drawn: every property can come, optional ones are absent more often than
not, bounds are hit on purpose, texts come from their patterns. Where a pattern admits mostly nonsense,
``interesting`` offers better values for four draws of five. The rules between fields (CEL) are not looked at.

Why not hypothesis-jsonschema: its last release (0.23.1) breaks with the Hypothesis that is pinned here, it
has no word for "absent more often than not", and edits and mistakes need a walk of our own anyway.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from builders import ROOT
from exploration.interesting import KEYS, VALUES

Schema = Mapping[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

MOST_ITEMS: Final = 3
"""Items of an ordinary list; one list in thirty gets as many as the schema allows, up to the next figure."""

LONGEST_LIST: Final = 40

OFFSETS: Final = ("Z", "+00:00", "-11:30", "+05:45", "+14:00")

PRESENT_PERCENT: Final = {0: 45, 1: 45}
"""How often an optional property is given, by its depth below spec."""

DEEP_PERCENT: Final = 35


def crd_schema(plural: str) -> Schema:
    """The schema of ``spec`` in the CRD file of that plural."""
    crd = yaml.safe_load((ROOT / "crds" / f"llamafleet.io_{plural}.yaml").read_text("utf-8"))
    found: Schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def values(schema: Schema, path: str) -> st.SearchStrategy[Any]:
    """Anything that the schema of this path takes, its CEL rules aside."""
    plain = _by_schema(schema, path)
    if path not in VALUES:
        return plain
    return st.integers(0, 4).flatmap(lambda chance: plain if chance == 4 else VALUES[path])


def _by_schema(schema: Schema, path: str) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return st.one_of(_integers({"minimum": 0, "maximum": 2**40}), _texts(schema))
    kinds: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "object": lambda: _object(schema, path),
        "array": lambda: _list(schema, path),
        "string": lambda: _texts(schema),
        "integer": lambda: _integers(schema),
        "boolean": st.booleans,
    }
    return kinds[schema["type"]]()


def _integers(schema: Schema) -> st.SearchStrategy[int]:
    """Small numbers, edges, and anything between."""
    low, high = schema["minimum"], schema["maximum"]
    edges = [low, high, min(low + 1, high), max(high - 1, low)]
    powers = [low + 2**exponent for exponent in range(31) if low + 2**exponent <= high]
    return st.one_of(
        st.integers(low, min(low + 8, high)),
        st.sampled_from(edges),
        st.sampled_from(powers or edges),
        st.integers(low, high),
    )


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    """Texts of a format or a pattern; one in ten is stretched to the greatest length."""
    most = schema.get("maxLength", 63)
    if schema.get("format") == "date":
        return st.dates().map(str)
    if schema.get("format") == "date-time":
        return st.tuples(st.datetimes().map(_seconds), st.sampled_from(OFFSETS)).map("".join)
    form = schema.get("pattern", "^[ -~]*$")
    letters = st.characters(codec="utf-8")
    short = st.from_regex(re.compile(form), fullmatch=True, alphabet=letters)
    return (
        st.tuples(short, st.integers(0, 9))
        .map(lambda drawn: _stretched(drawn[0], form, most) if drawn[1] == 9 else drawn[0][:most])
        .filter(lambda text: re.fullmatch(form.removesuffix("$"), text) is not None)
    )


def _seconds(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _stretched(text: str, form: str, most: int) -> str:
    """The text as long as it may be, by doubling a letter in it; as it is where that breaks its form."""
    for place in range(len(text)):
        longer = text[:place] + text[place] * (most - len(text) + 1) + text[place + 1 :]
        if len(longer) == most and re.fullmatch(form.removesuffix("$"), longer):
            return longer
    return text[:most]


def _object(schema: Schema, path: str) -> st.SearchStrategy[dict[str, Any]]:
    if "additionalProperties" in schema:
        keys = st.sampled_from(KEYS[path])
        below = values(schema["additionalProperties"], f"{path}.*")
        return st.dictionaries(keys, below, max_size=min(MOST_ITEMS, schema.get("maxProperties", MOST_ITEMS)))
    return _fields(schema, path)


@st.composite
def _fields(draw: Draw, schema: Schema, path: str) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    percent = PRESENT_PERCENT.get(path.count("."), DEEP_PERCENT)
    found = {}
    for name, below in schema.get("properties", {}).items():
        if name in required or draw(st.integers(0, 99)) >= 100 - percent:
            found[name] = draw(values(below, f"{path}.{name}"))
    return found


@st.composite
def _list(draw: Draw, schema: Schema, path: str) -> list[Any]:
    items, most = (
        values(schema["items"], f"{path}[]"),
        min(schema.get("maxItems", LONGEST_LIST), LONGEST_LIST),
    )
    is_long = draw(st.integers(0, 29)) == 29
    size = most if is_long else draw(st.integers(0, MOST_ITEMS))
    found = [draw(items) for _ in range(min(size, MOST_ITEMS + 1))]
    return distinct([*found, *(_varied(found[0], number) for number in range(len(found), size))], schema)


def _varied(item: Any, number: int) -> Any:
    """One more item like this one, under a name of its own: to draw forty would take too long."""
    if isinstance(item, dict) and "name" in item:
        return {**item, "name": f"n{number}"}
    return item


def distinct(items: list[Any], schema: Schema) -> list[Any]:
    """The items without those that a set or a map of the API would refuse as duplicates."""
    keys = schema.get("x-kubernetes-list-map-keys")
    if schema.get("x-kubernetes-list-type") not in {"set", "map"}:
        return items
    seen: dict[str, Any] = {}
    for item in items:
        seen.setdefault(str([item.get(key) for key in keys] if keys else item), item)
    return [*seen.values()]
