"""What every record of the API has in common, and how a rule between fields is declared.

Records are values: frozen, camelCase outside and snake_case inside. They are lenient on read (an
unknown field belongs to a newer CRD); strictness is the API server's, by the CRD, and on a laptop that of
:mod:`llamafleet.api.reading`. No field lives here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")

RULES_KEY: Final = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that the API server itself enforces, with its twin for where there is no API server.

    Attributes:
        cel: a CEL expression over ``self`` that is true for a good value.
        message: field and rule in plain English, shown to whoever wrote the bad value.
        holds: the same question in Python, asked of the value that was read.
        at: the path from ``self`` to the field that breaks the rule; empty for ``self`` as a whole.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool]
    at: str = ""

    def as_schema(self) -> dict[str, str]:
        """The rule as an entry of ``x-kubernetes-validations``."""
        entry = {"rule": self.cel, "message": self.message}
        # The schema of metadata is Kubernetes' own: a path cannot lead into it.
        pointed = self.at and not self.at.startswith("metadata.")
        return {**entry, "fieldPath": f".{self.at}"} if pointed else entry


class BrokenRule(ValueError):
    """A value breaks a rule of its type.

    Args:
        message: the rule.
        at: the steps from the value to the part that breaks it; none when it is the value as a whole.
    """

    def __init__(self, message: str, at: tuple[str | int, ...] = ()) -> None:
        """Keep the place beside the words."""
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Obeys:
    """An annotation: the values of a field obey these rules, which look at one value each."""

    rules: tuple[Rule, ...]

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Ask each rule after the type's own checks."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """State each rule beside the type's own bounds."""
        return {**handler(core), RULES_KEY: [rule.as_schema() for rule in self.rules]}

    def _checked(self, value: T) -> T:
        _check(value, self.rules)
        return value


def _check(value: object, rules: tuple[Rule, ...]) -> None:
    """Raises BrokenRule for the first rule that does not hold."""
    for rule in rules:
        if not rule.holds(value):
            raise BrokenRule(rule.message, tuple(rule.at.split(".")) if rule.at else ())


def field_name(name: str) -> str:
    """The outside name of a field: camelCase, with the unit GiB spelled as it should be."""
    return to_camel(name).replace("Gib", "GiB")


def _declare(schema: dict[str, Any], record: type[BaseModel]) -> None:
    """Puts the rules of a record into its schema."""
    if issubclass(record, Record) and record.rules:
        schema[RULES_KEY] = [rule.as_schema() for rule in record.rules]


class Record(BaseModel):
    """The base of every type of the API; the docstring under a field is its description in the CRD."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        alias_generator=field_name,
        use_attribute_docstrings=True,
        json_schema_extra=_declare,
    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    """Rules between the fields of this type, in the order in which they are checked."""

    @model_validator(mode="after")
    def _obeys_its_rules(self) -> Self:
        _check(self, self.rules)
        return self
