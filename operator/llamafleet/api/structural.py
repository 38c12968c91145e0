"""A pydantic type as a structural schema, the dialect of JSON Schema that CRDs are written in.

Only the translation lives here; what the fields mean, and their bounds, are stated on the types.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from llamafleet.api.scalars import format_duration

Schema = dict[str, Any]

_DROPPED: Final = frozenset({"title", "examples", "$defs"})
"""Words of JSON Schema that a structural schema must not or need not have."""

_INT32_MAX: Final = 2**31 - 1


class _Generator(GenerateJsonSchema):
    """Writes the default of a duration as its author would, not in ISO 8601."""

    def encode_default(self, dft: object) -> object:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def structural_schema(kind: type[BaseModel]) -> Schema:
    """The structural schema of a type: no references, no nulls, each default once."""
    schema = kind.model_json_schema(schema_generator=_Generator)
    return _translate(schema, schema.get("$defs", {}))


def _translate(schema: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Schema:
    """One schema and everything below it."""
    merged = _without_null(_resolve(schema, definitions), definitions)
    result = {key: value for key, value in merged.items() if key not in _DROPPED}
    if "const" in result:
        result["enum"] = [result.pop("const")]
    if "description" in result:
        result["description"] = " ".join(result["description"].split())
    if result.get("type") == "integer":
        result["format"] = "int32" if result.get("maximum", _INT32_MAX) <= _INT32_MAX else "int64"
    _translate_below(result, definitions)
    _set_default(result)
    return dict(sorted(result.items(), key=_position))


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Schema:
    """The schema with its reference put in place; what stands beside the reference wins."""
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    if "$ref" not in schema:
        return beside
    name = schema["$ref"].removeprefix("#/$defs/")
    return {**_resolve(definitions[name], definitions), **beside}


def _without_null(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """``T or null`` as T: in a CRD an optional field is one that may be absent."""
    choices = schema.get("anyOf", [])
    others = [choice for choice in choices if choice != {"type": "null"}]
    if len(others) != 1:
        return schema
    beside = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**_resolve(others[0], definitions), **beside}


def _translate_below(schema: Schema, definitions: Mapping[str, Schema]) -> None:
    if "properties" in schema:
        schema["properties"] = {
            name: _translate(below, definitions) for name, below in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _translate(schema[key], definitions)


def _set_default(schema: Schema) -> None:
    """An object's default is empty, because its fields carry their own; no value means no default."""
    if schema.get("default") in (None, [], ""):
        schema.pop("default", None)
    elif "properties" in schema:
        schema["default"] = {}


def _position(item: tuple[str, Any]) -> int:
    """Meaning first, then type and bounds, then what is below."""
    order = ("description", "type", "format", "enum", "default")
    last = ("required", "properties", "items", "additionalProperties", "x-kubernetes-validations")
    name = item[0]
    if name in order:
        return order.index(name)
    return len(order) + (1 + last.index(name) if name in last else 0)
