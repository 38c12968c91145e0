"""A value that is misspelt, or of a wrong type, is refused, and the message says where it stands."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from charts.examples import EXAMPLES
from charts.rendered import CHART, KINDS_CHART, Object, tried
from testbed.wheels import MAJORS, Major

SCHEMA: Object = json.loads((CHART / "values.schema.json").read_text())
FREE = {"global"}
"""Values that are anybody's."""


def resolved(schema: Object) -> Object:
    reference: str = schema.get("$ref", "")
    return SCHEMA["definitions"][reference.rpartition("/")[2]] if reference else schema


def levels(schema: Object, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Object]]:
    """Every object of the values that has properties: where it stands, and its schema."""
    schema = resolved(schema)
    if "properties" in schema:
        yield path, schema
        for key, inner in schema["properties"].items():
            if path or key not in FREE:
                yield from levels(inner, (*path, key))
    if isinstance(schema.get("items"), dict):
        yield from levels(schema["items"], (*path, 0))
    for inner in schema.get("patternProperties", {}).values():
        yield from levels(inner, (*path, "LlamafleetSlow" if "rules" in path else "some"))


def at(path: tuple[Any, ...], value: Any) -> Any:
    """Values with nothing but this one, there."""
    for key in reversed(path):
        value = [value] if isinstance(key, int) else {key: value}
    return value


LEVELS = dict(levels(SCHEMA))


def test_there_are_levels_deep_in_what_kubernetes_and_our_kinds_define() -> None:
    found = {".".join(map(str, path)) for path in LEVELS}
    assert {"", "operator.lease", "gpuPools.some.price", "tolerations.0"} <= found
    assert any(one.startswith("waker.affinity.podAntiAffinity.") for one in found)
    assert len(found) > 60


@pytest.mark.parametrize("path", LEVELS, ids=lambda path: ".".join(map(str, path)) or "the top")
def test_every_misspelt_key_is_refused_at_every_level(path: tuple[Any, ...]) -> None:
    for key in LEVELS[path]["properties"]:
        for wrong in (key[:-1], f"{key}s", key.swapcase()):
            if wrong in LEVELS[path]["properties"]:
                continue  # limits and limit: another key
            errors = list(Draft7Validator(SCHEMA).iter_errors(at(path, {wrong: {}})))
            assert any(wrong in error.message and tuple(error.path) == path for error in errors), wrong


def everywhere_wrong() -> Object:
    """Values with one key at each level that nobody knows."""
    values: Object = {}
    for path in LEVELS:
        here: Any = values
        for position, key in enumerate(path):
            following: Any = [] if path[position + 1 : position + 2] == (0,) else {}
            if isinstance(here, list):
                here.extend([{}] if not here else [])
                here = here[0]
            else:
                here = here.setdefault(key, following)
        here["mispelt"] = 1
    return values


@pytest.mark.parametrize("major", MAJORS)
def test_helm_itself_names_each_of_them(major: Major) -> None:
    result = tried(everywhere_wrong(), major=major)
    assert result.returncode
    said = [line for line in result.stderr.splitlines() if "mispelt" in line]
    if major == 3:
        places = {line.partition("- ")[2].partition(":")[0] for line in said}
        assert places == {".".join(map(str, path)) or "(root)" for path in LEVELS}
    else:
        places = {line.partition("at '")[2].partition("'")[0] for line in said}
        assert places == {"".join(f"/{key}" for key in path) for path in LEVELS}


WRONG: dict[str, Any] = {
    "replicas": "two",
    "image.tag": 1.0,
    "image.digest": "sha256:abc",
    "image.repository": "registry.example/llamafleet --privileged",
    "image.pullPolicy": "Sometimes",
    "namespaces": "team-a",
    "operator.workers": 0,
    "operator.lease.duration": 90,
    "operator.lease.name": "a,b --identity=x",
    "operator.prometheusUrl": "http://user:word@prometheus",
    "commonLabels": {"team": 7},
    "resources.limits": "512Mi",
    "networkPolicy.apiServerPorts": [],
    "podDisruptionBudget.maxUnavailable": "half",
    "waker.enabled": "yes",
    "waker.maxHeld": 0,
    "gpuPools": {"Big": {"gpu": "l4"}},
    "flowSchema.matchingPrecedence": 0,
    "admissionPolicy.registries": ["https://registry.example"],
    "monitoring.podMonitor.interval": "soon",
}


@pytest.mark.parametrize("major", MAJORS)
def test_a_value_of_a_wrong_type_or_form_is_refused_by_its_name(major: Major) -> None:
    values: Object = {}
    for name, wrong in WRONG.items():
        *above, last = name.split(".")
        here = values
        for key in above:
            here = here.setdefault(key, {})
        here[last] = wrong
    result = tried(values, major=major)
    assert result.returncode
    for name in WRONG:
        assert (name if major == 3 else f"/{name.replace('.', '/')}") in result.stderr, name


@pytest.mark.parametrize("major", MAJORS)
def test_the_chart_of_the_kinds_is_closed_too(major: Major) -> None:
    result = tried({"commonLables": {}}, major=major, chart=KINDS_CHART)
    assert result.returncode
    assert "commonLables" in result.stderr


def test_an_umbrella_chart_may_hand_its_globals_down() -> None:
    assert not tried({"global": {"domain": "example.com"}}).returncode


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_valid(name: str) -> None:
    assert list(Draft7Validator(SCHEMA).iter_errors(EXAMPLES[name])) == []


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(SCHEMA)
