"""The field tables of the documentation, generated from the same schema as the CRDs.

A table lies between two comments of its page; everything else on the page is written by people.
"""

from collections.abc import Iterator
from typing import Any, Final

from llamafleet.api.crd import Kind, schema
from llamafleet.api.llamadeployment import NOT_YET_IN_EFFECT
from llamafleet.api.scalars import AUTO_DURATION_PATTERN, DURATION_PATTERN, MONEY_PATTERN

_HEAD: Final = "| Field | Type | Default | Meaning |\n| --- | --- | --- | --- |\n"
_TEXT_TYPES: Final = {
    MONEY_PATTERN: "USD as a string",
    DURATION_PATTERN: "duration",
    AUTO_DURATION_PATTERN: "`Auto` or duration",
}

_END: Final = "<!-- end of fields -->"


def page_name(kind: Kind) -> str:
    """The file name of a kind's page."""
    return f"{kind.name.lower()}.md"


def with_tables(page: str, kind: Kind) -> str:
    """The page with its field tables of spec and status made anew.

    Raises:
        ValueError: a table's begin has no end.
    """
    for part, below in schema(kind)["properties"].items():
        page = _with_table(page, f"<!-- fields of {part} -->\n", _HEAD + "".join(_rows(part, below)))
    return page


def _with_table(page: str, begin: str, table: str) -> str:
    if begin not in page:
        return page
    start = page.index(begin) + len(begin)
    return f"{page[:start]}\n{table}\n{page[page.index(_END, start) :]}"


def _rows(path: str, field: dict[str, Any]) -> Iterator[str]:
    """One row for each field below this one, depth first."""
    inner = field.get("items", field)
    prefix = f"{path}[]" if "items" in field else path
    required = inner.get("required", [])
    for name, below in inner.get("properties", {}).items():
        yield _row(f"{prefix}.{name}", below, required=name in required)
        yield from _rows(f"{prefix}.{name}", below)


def _row(path: str, field: dict[str, Any], *, required: bool) -> str:
    default = "required" if required else _default(field)
    later = any(path == name or path.startswith((f"{name}.", f"{name}[")) for name in NOT_YET_IN_EFFECT)
    meaning = field["description"] + (" *Not yet in effect.*" if later else "")
    return f"| `{path}` | {_type(field)} | {default} | {meaning} |\n"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if default in (None, {}):
        return ""
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def _type(field: dict[str, Any]) -> str:
    """The type of a field in a few words."""
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "x-kubernetes-int-or-string" in field:
        return "quantity"
    if "additionalProperties" in field:
        return f"map of {_type(field['additionalProperties'])}"
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if field["type"] == "integer":
        return _integer(field)
    plain = str(field.get("format", field["type"]))
    return _TEXT_TYPES.get(field.get("pattern", ""), plain)


def _integer(field: dict[str, Any]) -> str:
    """An integer with its bounds, unless the upper one is the end of the number type."""
    bounded = field.get("maximum", 2**31 - 1) < 2**31 - 1
    return f"integer, {field['minimum']} to {field['maximum']}" if bounded else "integer"
