"""The field tables of the documentation, generated from the same schema as the CRDs.

A table, or a list of rules, lies between two comments of its page; everything else on the page is written by
people.
"""

from collections.abc import Iterator
from typing import Any, Final

from llamafleet.api.crd import Kind, schema
from llamafleet.api.llamadeployment import NOT_YET_IN_EFFECT
from llamafleet.api.reference_types import is_named, type_words

_HEAD: Final = "| Field | Type | Default | Meaning |\n| --- | --- | --- | --- |\n"
_END: Final = {"fields": "<!-- end of fields -->", "rules": "<!-- end of rules -->"}


def page_name(kind: Kind) -> str:
    """The file name of a kind's page."""
    return f"{kind.name.lower()}.md"


def with_tables(page: str, kind: Kind) -> str:
    """The page with its field tables of spec and status, and its rules of spec, made anew.

    Raises:
        ValueError: the begin of a table or of a list has no end.
    """
    for part, below in schema(kind)["properties"].items():
        page = _between(page, "fields", part, _HEAD + "".join(_rows(part, below)))
        page = _between(page, "rules", part, "".join(_rules(part, below)))
    return page


def _between(page: str, what: str, part: str, text: str) -> str:
    begin = f"<!-- {what} of {part} -->\n"
    if begin not in page:
        return page
    start = page.index(begin) + len(begin)
    return f"{page[:start]}\n{text}\n{page[page.index(_END[what], start) :]}"


def _fields(path: str, field: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each field below this one with its path, and whether it must be given; depth first."""
    inner = field.get("items", field)
    prefix = f"{path}[]" if "items" in field else path
    required = inner.get("required", [])
    for name, below in inner.get("properties", {}).items():
        yield f"{prefix}.{name}", below, name in required
        yield from _fields(f"{prefix}.{name}", below)


def _rows(path: str, field: dict[str, Any]) -> Iterator[str]:
    """One row for each field below this one."""
    for below, shape, required in _fields(path, field):
        default = "required" if required else _default(shape)
        later = any(below == name or below.startswith((f"{name}.", f"{name}[")) for name in NOT_YET_IN_EFFECT)
        meaning = shape["description"] + (" *Not yet in effect.*" if later else "")
        yield f"| `{below}` | {type_words(shape)} | {default} | {meaning} |\n"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if default in (None, {}):
        return ""
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


def _rules(path: str, field: dict[str, Any]) -> Iterator[str]:
    """One item for each rule that the API server knows beside types and bounds, with the rule itself."""
    yield from _rules_of(path, field)
    for below, shape, _ in _fields(path, field):
        yield from _rules_of(below, shape)


def _rules_of(path: str, field: dict[str, Any]) -> Iterator[str]:
    """The rules of a field, of its items and of its values."""
    for rule in field.get("x-kubernetes-validations", []):
        yield f"* `{path}`: {rule['message']}. In CEL: `{rule['rule']}`\n"
    if "pattern" in field and not is_named(field):
        yield f"* `{path}` must match `{field['pattern']}`\n"
    for word, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if word in field:
            yield from _rules_of(f"{path}{mark}", field[word])
