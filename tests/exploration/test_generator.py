"""What the schemas yield: every property comes, bounds are hit, and what is called a mistake is one."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from exploration.mending import objection, refusal
from exploration.resources import POOL, SPEC, STANDING, accepted, llama, planned, pool_specs, specs
from exploration.schema import Schema, values
from exploration.walks import Walk, smaller, walk
from exploration.wrong import mistakes
from llamafleet.api.llamadeployment import LlamaDeployment


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many values, always the same."""
    found: list[Any] = []

    def keep(value: Any) -> None:
        found.append(value)

    run = settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )(given(strategy)(keep))
    seed(7)(run)()
    return found


def paths(schema: Schema, path: str) -> Iterator[str]:
    """Every property below a schema."""
    yield path
    for name, below in schema.get("properties", {}).items():
        yield from paths(below, f"{path}.{name}")
    if "items" in schema:
        yield from paths(schema["items"], f"{path}[]")


def met(schema: Schema, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every property of a value, with what stands there."""
    yield path, value
    if isinstance(value, dict) and "properties" in schema:
        for name, below in value.items():
            yield from met(schema["properties"][name], below, f"{path}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from met(schema["items"], item, f"{path}[]")


BOTH: Final = pytest.mark.parametrize(
    ("schema", "path"), [(SPEC, "spec"), (POOL, "pool")], ids=["LlamaDeployment", "GpuPool"]
)


@BOTH
def test_every_property_comes_and_every_optional_one_is_absent_more_often_than_not(
    schema: Schema, path: str
) -> None:
    drawings = drawn(values(schema, path), 800)
    seen = {place for value in drawings for place, _ in met(schema, value, path)}
    assert seen >= {*paths(schema, path)}
    for name in schema["properties"].keys() - set(schema["required"]):
        assert 0.1 < sum(name in value for value in drawings) / len(drawings) < 0.6, name


@BOTH
def test_the_bounds_of_every_number_and_every_value_of_every_enum_are_hit(schema: Schema, path: str) -> None:
    for place, below in numbers_and_enums(schema, path):
        found = drawn(values(below, place if "enum" in below else "anywhere"), 150)
        wanted = {*below["enum"]} if "enum" in below else {below["minimum"], below["maximum"]}
        assert wanted <= {*found}, place


def numbers_and_enums(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    if "enum" in schema or schema.get("type") == "integer":
        yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from numbers_and_enums(below, f"{path}.{name}")
    if "items" in schema:
        yield from numbers_and_enums(schema["items"], f"{path}[]")


def test_resources_are_such_as_they_are_called() -> None:
    assert all(refusal(LlamaDeployment, raw) is None for raw in drawn(accepted(), 80))
    assert all(objection(raw, STANDING) is None for raw in drawn(planned(), 80))
    assert any(objection(raw, STANDING) for raw in drawn(accepted(), 80)), "the planner is asked, too"
    assert any(refusal(LlamaDeployment, llama(spec)) for spec in drawn(specs(), 80)), "and the rules of CEL"
    assert len({json.dumps(spec, sort_keys=True) for spec in drawn(pool_specs(), 100)}) > 50


def test_every_mistake_is_one_to_a_laptop_too() -> None:
    """All that the schema can say no to, in some hundred resources."""
    kinds = set()
    for raw in drawn(accepted(), 250):
        for mistake in mistakes(SPEC, raw["spec"]):
            wrong = {**raw, **mistake.made({"spec": raw["spec"]})}
            assert refusal(LlamaDeployment, wrong) is not None, mistake
            kinds.add(mistake.what)
    assert kinds == {
        *("wrong type", "unknown field", "missing", "too many", "no value of the enum", "below the minimum"),
        *("above the maximum", "no whole number", "against the pattern", "no day", "too long"),
    }


def test_a_walk_has_a_number_and_is_always_the_same() -> None:
    numbers = range(20)
    first = [walk(3, number) for number in numbers]
    assert [walk(3, number) for number in numbers] == first
    assert len({one.dumped() for one in first}) > 17
    assert [Walk.loaded(one.dumped()) for one in first] == first
    assert {step.do for one in first for step in one.steps} == {"apply", "refused", "pool"}
    assert all(sum(step.is_a for step in one.steps) > 1 for one in first)


def test_a_walk_is_made_smaller_until_nothing_can_go() -> None:
    def fails(one: Walk) -> bool:
        return any((step.spec or {}).get("suspend") is True for step in one.steps if step.do == "apply")

    big = next(one for one in (walk(3, number) for number in range(200)) if fails(one) and len(one.steps) > 3)
    least = shrunk(big, fails)
    assert len(least.steps) == 1
    assert least.steps[0].spec is not None
    assert least.steps[0].spec.keys() == {"model", "suspend"}


def shrunk(big: Walk, fails: Callable[[Walk], bool]) -> Walk:
    """The smallest walk that still fails, by the same small steps as a real one."""
    while found := next((one for one in smaller(big) if one != big and fails(one)), None):
        big = found
    return big
