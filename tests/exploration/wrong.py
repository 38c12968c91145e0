"""Mistakes, made on purpose at every place that a resource has, by what its schema says of that place."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

from exploration.mending import Json, Step
from exploration.schema import Draw, Schema

NOT_THIS: Final = {"object": "text", "array": "text", "string": 7, "integer": "text", "boolean": "yes"}
"""A value of another type, for each type."""

GONE: Final = object()
"""In the place of a value: the field is left out."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to do wrong.

    Attributes:
        steps: where, from spec on.
        value: what stands there then; ``GONE``: nothing.
        what: the kind of mistake, in words.
    """

    steps: tuple[Step, ...]
    value: Any
    what: str

    @property
    def field(self) -> str:
        """The name of the field in which it is, or of the nearest one above an item of a list."""
        return next(str(step) for step in reversed(self.steps) if isinstance(step, str))

    def made(self, raw: Json) -> Json:
        """The resource with the mistake."""
        raw = copy.deepcopy(raw)
        holder: Any = raw
        for step in self.steps[:-1]:
            holder = holder[step]
        if self.value is GONE:
            del holder[self.steps[-1]]
        else:
            holder[self.steps[-1]] = self.value
        return raw


def mistakes(schema: Schema, value: Any, steps: tuple[Step, ...] = ("spec",)) -> Iterator[Mistake]:
    """Every mistake that can be made in this value and below it."""
    if not schema.get("x-kubernetes-int-or-string"):
        yield Mistake(steps, NOT_THIS[schema["type"]], "wrong type")
    if isinstance(value, dict) and "properties" in schema:
        yield Mistake((*steps, "misspelt"), 1, "unknown field")
        for name in schema.get("required", ()):
            yield Mistake((*steps, name), GONE, "missing")
        for name, below in value.items():
            yield from mistakes(schema["properties"][name], below, (*steps, name))
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from mistakes(schema["additionalProperties"], below, (*steps, name))
    elif isinstance(value, list):
        if value and "maxItems" in schema:
            yield Mistake(steps, value[:1] * (schema["maxItems"] + 1), "too many")
        for number, below in enumerate(value):
            yield from mistakes(schema["items"], below, (*steps, number))
    else:
        yield from _of_scalar(schema, steps)


def _of_scalar(schema: Schema, steps: tuple[Step, ...]) -> Iterator[Mistake]:
    if "enum" in schema:
        yield Mistake(steps, "Nonsense", "no value of the enum")
    if schema.get("type") == "integer":
        yield Mistake(steps, schema["minimum"] - 1, "below the minimum")
        yield Mistake(steps, schema["maximum"] + 1, "above the maximum")
        yield Mistake(steps, schema["minimum"] + 0.5, "no whole number")
    if "pattern" in schema:
        yield Mistake(steps, "\n!", "against the pattern")
    if schema.get("format") == "date":
        yield Mistake(steps, "2026-02-30", "no day")
    if "maxLength" in schema and schema.get("type") == "string":
        yield Mistake(steps, "a" * (schema["maxLength"] + 1), "too long")


@st.composite
def mistaken(draw: Draw, schema: Schema, raw: Json) -> tuple[Json, Mistake]:
    """The resource with one mistake, and which."""
    mistake = draw(st.sampled_from([*mistakes(schema, raw["spec"])]))
    return mistake.made(raw), mistake
