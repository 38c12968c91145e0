"""How the documentation names the type of a field, with its bounds."""

from typing import Any, Final

from llamafleet.api.ledger import AMOUNT_PATTERN, MONTH_PATTERN
from llamafleet.api.scalars import AUTO_DURATION_PATTERN, DATE_PATTERN, DURATION_PATTERN, MONEY_PATTERN
from llamafleet.api.texts import DIGITS_PATTERN

_NAMED: Final = {
    MONEY_PATTERN: "USD as a string",
    DURATION_PATTERN: "duration",
    AUTO_DURATION_PATTERN: "`Auto` or duration",
    AMOUNT_PATTERN: "USD as a string",
    DIGITS_PATTERN: "decimal as a string",
    MONTH_PATTERN: "month, YYYY-MM",
    DATE_PATTERN: "day, YYYY-MM-DD",
}
"""Texts whose form has a name: it says more than the pattern, and their length follows from it."""

_LARGEST: Final = 2**31 - 1
"""An upper bound from here on is the end of the number's type, and nobody's decision."""


def type_words(field: dict[str, Any]) -> str:
    """The type of a field and its bounds, in a few words."""
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "x-kubernetes-int-or-string" in field:
        return "quantity"
    if "additionalProperties" in field:
        return f"map of {type_words(field['additionalProperties'])}, at most {field['maxProperties']}"
    if field["type"] == "array":
        return f"list of {type_words(field['items'])}, at most {field['maxItems']}"
    if field["type"] == "integer":
        return _integer(field)
    return _text(field) if field["type"] == "string" else str(field["type"])


def is_named(field: dict[str, Any]) -> bool:
    """Whether the type tells the form of a text, so that its pattern need not."""
    return field.get("pattern") in _NAMED or "format" in field or "x-kubernetes-int-or-string" in field


def _text(field: dict[str, Any]) -> str:
    if is_named(field):
        return _NAMED.get(field.get("pattern", "")) or str(field["format"])
    return f"string, at most {field['maxLength']:,} characters"


def _integer(field: dict[str, Any]) -> str:
    """An integer with its bounds, unless the upper one is the end of the number type."""
    if field["maximum"] < _LARGEST:
        return f"integer, {field['minimum']} to {field['maximum']}"
    return f"integer, at least {field['minimum']}"
