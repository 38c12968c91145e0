"""What is told of input that the types refuse: field, value and rule, in the words of the API.

The API server has words of its own for a bad bound or form; a broken rule has the same words everywhere.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from llamafleet.api import texts
from llamafleet.api.base import BrokenRule
from llamafleet.errors import InvalidSpec

ABSENT: Final = "(absent)"

LONGEST_VALUE: Final = 80
"""Characters of a bad value that are repeated to its author, who has the rest."""

_PLAIN: Final = {
    "missing": "must be given",
    "extra_forbidden": "must be left out: there is no field of that name here",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "dict_type": "must be a map of keys to values",
    "model_type": "must be a map of fields",
    "tuple_type": "must be a list",
}
"""Words for pydantic's kinds of error whose own message speaks of Python."""

_MISTYPED: Final = frozenset({"int_type", "bool_type", "dict_type", "model_type", "tuple_type"})
"""Where text stands in place of something else, only its quotes tell them apart."""


def validation_problem(error: ValidationError) -> InvalidSpec:
    """The first thing that pydantic disliked, as the author of the resource knows it.

    A field that does not exist comes first: misspelt, it is the one that another error finds missing.
    """
    first = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    cause = first.get("ctx", {}).get("error")
    below = cause.at if isinstance(cause, BrokenRule) else ()
    field = _path((*first["loc"], *below)) or error.title
    value = ABSENT if first["type"] == "missing" else _at(first["input"], below)
    rule = _PLAIN.get(first["type"]) or _form(first.get("ctx", {})) or _reworded(first["msg"], field)
    return InvalidSpec(field, _shown(value, quoted=first["type"] in _MISTYPED), rule)


def _path(steps: tuple[str | int, ...]) -> str:
    """The steps to a field as Kubernetes writes them: ``spec.schedule.windows[0].start``."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).removeprefix(".")


def _at(value: object, steps: tuple[str | int, ...]) -> object:
    for step in steps:
        inside = dict(enumerate(value)) if isinstance(value, list) else value
        value = inside.get(step, ABSENT) if isinstance(inside, Mapping) else ABSENT
    return value


def _form(context: dict[str, Any]) -> str | None:
    return texts.FORMS.get(context.get("pattern", ""))


def _reworded(message: str, field: str) -> str:
    """The message without its subject: ``must be …``."""
    subject = re.sub(r"\[\d+\]", "", field)
    message = message.removeprefix("Value error, ").replace(" after validation", "")
    return re.sub(rf"^(\w+ should|{re.escape(subject)} must) ", "must ", message)


def _shown(value: object, *, quoted: bool) -> str:
    """A value as its author wrote it, or as JSON where that would mislead; cut where it is long."""
    plain = isinstance(value, str) and value != "" and value.isprintable() and not quoted
    text = str(value) if plain else _escaped(json.dumps(value, default=str, ensure_ascii=False))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _escaped(text: str) -> str:
    """The text without anything that a terminal would act on instead of showing it."""
    shown = (letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    return "".join(shown)
