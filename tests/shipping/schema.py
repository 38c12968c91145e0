"""``values.schema.json`` of the charts: which values there are, what they mean, and what they may be.

The types stand in ``values-schema.yaml``, meanings and defaults in ``values.yaml``. What Kubernetes or our
kinds define comes from there: a misspelt field deep in an affinity or in a GpuPool is refused as well.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from kubernetes.client import (
    V1Affinity,
    V1LocalObjectReference,
    V1ResourceRequirements,
    V1Toleration,
    V1TopologySpreadConstraint,
)

from shipping.commented import Value, values
from shipping.places import CHART, KINDS, KINDS_CHART

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
TYPES: Final = Path(__file__).with_name("values-schema.yaml")
MODELS: Final = (
    V1Affinity,
    V1LocalObjectReference,
    V1ResourceRequirements,
    V1Toleration,
    V1TopologySpreadConstraint,
)
QUANTITIES: Final = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
KEPT: Final = frozenset(
    (
        *("type", "properties", "additionalProperties", "items", "required", "enum", "anyOf", "$ref"),
        *("pattern", "minimum", "maximum", "maxLength", "minLength", "maxItems", "maxProperties"),
    )
)
"""What a values schema needs of the schemas that others wrote."""


def schemas() -> dict[Path, str]:
    """The schemas of both charts."""
    own = yaml.safe_load(TYPES.read_text("utf-8"))
    own["definitions"] |= {**dict(_models()), "GpuPool": _pool()}
    small = {
        "properties": {name: own["properties"][name] for name in ("commonLabels", "global")},
        "definitions": {"labels": own["definitions"]["labels"]},
    }
    return {
        folder / "values.schema.json": _text(raw, values(folder / "values.yaml"))
        for folder, raw in ((CHART, own), (KINDS_CHART, small))
    }


def _text(raw: Mapping[str, Any], told: Iterable[Value]) -> str:
    schema = {"$schema": DRAFT, **_closed(raw)}
    for value in told:
        _describe(schema, value)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _closed(schema: Any) -> Any:
    """The schema with every object closed that names its properties."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _closed(one) for key, one in schema.items()}
    if isinstance(schema.get("properties"), dict) and "$ref" not in schema["properties"]:
        return {"type": "object", "additionalProperties": False, **inner}
    return inner


def _describe(schema: dict[str, Any], value: Value) -> None:
    """Put meaning and default where the value stands; inside of a definition there is one text for all."""
    for key in value.path:
        if "properties" not in schema:
            return
        schema = schema["properties"][key]
    schema["description"] = value.meaning
    if value.whole:
        schema["default"] = value.default


def _models() -> Iterable[tuple[str, Any]]:
    """Kubernetes' own types, of which the client library has closed schemas."""
    for model in MODELS:
        raw = model.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
        for name, inner in raw.pop("$defs", {}).items():
            yield name, _plain(inner)
        yield model.__name__, _with_numbers(_plain(raw))


def _with_numbers(schema: dict[str, Any]) -> dict[str, Any]:
    """A quantity may be written as a number: cpu: 1."""
    for name in ("requests", "limits"):
        if name in schema["properties"]:
            schema["properties"][name] = QUANTITIES
    return schema


def _pool() -> Any:
    """The spec of a GpuPool; the API server has the rules between its fields."""
    kind = yaml.safe_load((KINDS / "llamafleet.io_gpupools.yaml").read_text("utf-8"))
    (version,) = kind["spec"]["versions"]
    return _closed(_plain(version["schema"]["openAPIV3Schema"]["properties"]["spec"]))


def _plain(schema: Any) -> Any:
    """A schema without titles, texts and nulls: absent and null are the same to Helm."""
    options = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(options) == 1:
        return _plain(options[0])
    plain = {key: value for key, value in schema.items() if key in KEPT}
    if options:
        plain["anyOf"] = options
    if "properties" in plain:
        plain["properties"] = {key: _plain(one) for key, one in plain["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(plain.get(key), dict):
            plain[key] = _plain(plain[key])
    return plain
