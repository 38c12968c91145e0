"""Amounts of a resource as Kubernetes writes them: ``500m``, ``144Gi``, ``1e3`` or a plain integer.

The value is exact; the author's own text is kept, so that what we render is what was asked for.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

QUANTITY_PATTERN: Final = (
    r"^([0-9]{1,18}(\.[0-9]{0,9})?|\.[0-9]{1,9})([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?$"
)
"""The serialization format of Kubernetes' apimachinery ``resource.Quantity``, without a sign."""

END: Final = 2**63
"""The first whole number that Kubernetes does not take for one."""

_BINARY: Final = {f"{letter}i": Decimal(1024**power) for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL: Final = {
    **{letter: Decimal(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
    **{letter: Decimal(1).scaleb(-3 * power) for power, letter in enumerate("mun", start=1)},
}


def parse_quantity(text: str) -> Decimal:
    """The exact value of a Kubernetes quantity, in its base unit (cores, bytes).

    Raises:
        ValueError: the text is no quantity, or a negative one.
    """
    match = re.fullmatch(QUANTITY_PATTERN, text, re.ASCII)
    if match is None:
        message = 'must be a Kubernetes quantity of zero or more, such as "500m", "16" or "144Gi"'
        raise ValueError(message)
    number, suffix = Decimal(match[1]), match[3] or ""
    if suffix[:1] in {"e", "E"} and len(suffix) > 1 and suffix != "Ei":
        return number.scaleb(int(suffix[1:]))
    return number * (_BINARY | _DECIMAL | {"": Decimal(1)})[suffix]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity: the author's text and its exact value in the base unit (cores, bytes)."""

    text: str
    value: Decimal

    @classmethod
    def parse(cls, given: object) -> "Quantity":
        """A quantity from its text or a plain integer.

        Raises:
            ValueError: the given value is neither, or negative.
        """
        if isinstance(given, cls):
            return given
        if type(given) is int and 0 <= given < END:  # a boolean is an integer to Python, never a quantity
            return cls(str(given), Decimal(given))
        text = given if isinstance(given, str) else ""
        return cls(text, parse_quantity(text))

    def __str__(self) -> str:
        """The author's own text."""
        return self.text

    def whole(self) -> int:
        """The value as an integer, rounded up as Kubernetes does."""
        return math.ceil(self.value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read by ``parse``, write as the author's text."""
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """An integer or a string, as the CRD of a core kind has it."""
        schema: dict[str, Any] = {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "minimum": 0,
            "maxLength": 40,
            "pattern": QUANTITY_PATTERN,
        }
        return schema
