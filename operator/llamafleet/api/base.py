"""What every record of the API has in common, and how a rule between fields is declared.

Records are values: frozen, camelCase outside and snake_case inside. They are lenient on read (an
unknown field belongs to a newer CRD); strictness is the API server's, by the CRD. No field lives here.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule between fields that the API server itself enforces.

    Attributes:
        cel: a CEL expression over ``self`` that is true for a good value.
        message: field and rule in plain English, shown to whoever wrote the bad value.
    """

    cel: str
    message: str

    def as_schema(self) -> dict[str, str]:
        """The rule as an entry of ``x-kubernetes-validations``."""
        return {"rule": self.cel, "message": self.message}


def field_name(name: str) -> str:
    """The outside name of a field: camelCase, with the unit GiB spelled as it should be."""
    return to_camel(name).replace("Gib", "GiB")


def _declare(schema: dict[str, Any], record: type[BaseModel]) -> None:
    """Puts the rules of a record into its schema."""
    if issubclass(record, Record) and record.rules:
        schema["x-kubernetes-validations"] = [rule.as_schema() for rule in record.rules]


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
