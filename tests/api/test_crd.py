"""The generated definitions: structural, bounded, described, and the same as the committed files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from llamafleet.api.base import RULES_KEY
from llamafleet.api.crd import KINDS, Kind, crds, schema, to_yaml
from llamafleet.api.llamadeployment import NOT_YET_IN_EFFECT
from llamafleet.api.reference import page_name, with_tables
from llamafleet.catalogue import models

ROOT = Path(__file__).parents[2]

FORBIDDEN = frozenset(
    {
        "$ref",
        "$defs",
        "allOf",
        "const",
        "examples",
        "exclusiveMinimum",
        "nullable",
        "oneOf",
        "prefixItems",
        "title",
    }
)
"""Words that a structural schema must not have, or that only repeat what stands elsewhere."""


def nodes(path: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below this one, with its path."""
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", below)
    for word, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if word in node:
            yield from nodes(f"{path}{mark}", node[word])


ALL_NODES = [
    pytest.param(node, id=path)
    for kind in KINDS
    for path, node in nodes(kind.name, schema(kind))
    if path != f"{kind.name}.metadata"
]


@pytest.mark.parametrize("node", ALL_NODES)
def test_every_value_is_bounded(node: dict[str, Any]) -> None:
    if "x-kubernetes-int-or-string" in node:
        assert {"maxLength", "pattern", "minimum"} <= node.keys()
    elif node["type"] == "string":
        assert "enum" in node or "maxLength" in node
    elif node["type"] == "integer":
        assert "enum" in node or {"minimum", "maximum", "format"} <= node.keys()
    elif node["type"] == "array":
        assert {"maxItems", "x-kubernetes-list-type"} <= node.keys()
    elif node["type"] == "object":
        assert ("properties" in node) != ("additionalProperties" in node)
        assert "properties" in node or "maxProperties" in node
    else:
        assert node["type"] == "boolean"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_text_of_a_spec_has_a_form(kind: Kind) -> None:
    for path, node in nodes("spec", schema(kind)["properties"]["spec"]):
        if node.get("type") == "string":
            assert {"enum", "pattern", "format", RULES_KEY} & node.keys(), path


@pytest.mark.parametrize("node", ALL_NODES)
def test_nothing_is_said_that_a_structural_schema_forbids(node: dict[str, Any]) -> None:
    assert not FORBIDDEN & node.keys()
    assert ("anyOf" in node) == ("x-kubernetes-int-or-string" in node)
    assert "default" not in node or node["default"] is not None


@pytest.mark.parametrize("node", ALL_NODES)
def test_every_field_is_described(node: dict[str, Any]) -> None:
    for name, below in node.get("properties", {}).items():
        if name != "metadata":
            assert below["description"].endswith("."), name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_optional_field_of_a_spec_says_its_default_or_what_absence_means(kind: Kind) -> None:
    for path, node in nodes("spec", schema(kind)["properties"]["spec"]):
        for name, below in node.get("properties", {}).items():
            words = ("Required",) if name in node.get("required", []) else ("Default", "Absent", "absent")
            assert any(word in below["description"] for word in words), f"{path}.{name}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_default_is_what_the_description_says(kind: Kind) -> None:
    for path, node in nodes("spec", schema(kind)["properties"]["spec"]):
        default = node.get("default", {})
        if default != {}:
            text = str(default).lower() if isinstance(default, bool) else str(default)
            assert f"Default {text}" in node["description"], path


@pytest.mark.parametrize("node", ALL_NODES)
def test_every_rule_speaks_in_sentences_about_fields(node: dict[str, Any]) -> None:
    for rule in node.get("x-kubernetes-validations", []):
        assert " must " in rule["message"] or " exclude " in rule["message"]


def test_items_of_a_keyed_list_must_have_their_key() -> None:
    for parameter in ALL_NODES:
        (node,) = parameter.values
        assert isinstance(node, dict)
        for key in node.get("x-kubernetes-list-map-keys", []):
            assert key in node["items"]["required"]


def test_fields_that_are_not_yet_in_effect_exist() -> None:
    paths = {path for path, _ in nodes("spec", schema(KINDS[0])["properties"]["spec"])}

    assert set(NOT_YET_IN_EFFECT) <= paths


def test_a_model_that_was_never_released_is_named_only_to_be_refused() -> None:
    variant = schema(KINDS[0])["properties"]["spec"]["properties"]["model"]["properties"]["variant"]

    assert variant["enum"] == [*models(), "behemoth", "llama-4-behemoth"]
    assert [rule["rule"] for rule in variant["x-kubernetes-validations"]] == [
        "!(self in ['behemoth', 'llama-4-behemoth'])"
    ]
    assert "to be refused with the reason" in variant["description"]


def test_a_rule_points_to_the_field_that_breaks_it() -> None:
    scaling = schema(KINDS[0])["properties"]["spec"]["properties"]["scaling"]

    assert scaling["x-kubernetes-validations"] == [
        {
            "rule": "self.minReplicas <= self.maxReplicas",
            "message": "spec.scaling.minReplicas must be at most spec.scaling.maxReplicas",
            "fieldPath": ".minReplicas",
        }
    ]


def test_kubectl_shows_what_a_person_asks_first() -> None:
    version = crds()[0]["spec"]["versions"][0]
    columns = [column["name"] for column in version["additionalPrinterColumns"] if "priority" not in column]

    assert columns == ["Ready", "Model", "GPUs", "Ready replicas", "Desired", "$/h", "Reason", "Age"]


def test_an_autoscaler_finds_the_scale_subresource() -> None:
    assert crds()[0]["spec"]["versions"][0]["subresources"] == {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        },
    }


def test_a_definition_survives_its_text() -> None:
    for crd in crds():
        assert yaml.safe_load(to_yaml(crd)) == crd


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd["spec"]["names"]["kind"])
def test_the_committed_definition_is_the_generated_one(crd: dict[str, Any]) -> None:
    file = ROOT / "crds" / f"{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"

    assert file.read_text(encoding="utf-8") == to_yaml(crd), "run make generate"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_documented_fields_are_those_of_the_types(kind: Kind) -> None:
    page = (ROOT / "docs" / page_name(kind)).read_text(encoding="utf-8")

    assert "| `spec." in page
    assert with_tables(page, kind) == page, "run make generate"
