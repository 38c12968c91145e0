"""The three kinds of list that a CRD knows, by how the parts that two authors write are put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from llamafleet.api.base import BrokenRule


def keyed_by(key: str) -> dict[str, Any]:
    """Marks a list whose items are told apart by one field, so that two authors can each own an item."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def distinct() -> dict[str, Any]:
    """Marks a list of scalars that names nothing twice."""
    return {"x-kubernetes-list-type": "set"}


def in_order() -> dict[str, Any]:
    """Marks a list that is one value: its order counts, and one author owns all of it."""
    return {"x-kubernetes-list-type": "atomic"}


@dataclass(frozen=True, slots=True)
class Once:
    """An annotation: no two items of a list are the same, or have the same value in their key field."""

    key: str = ""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Look for twins after the checks of each item."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The list type that makes the API server look, too."""
        return {**handler(core), **(keyed_by(self.key) if self.key else distinct())}

    def _checked(self, items: Sequence[Any]) -> Sequence[Any]:
        names = [getattr(item, self.key) if self.key else item for item in items]
        for index, name in enumerate(names):
            if name in names[:index]:
                message = "must differ from every other item of the list"
                raise BrokenRule(message, (index, self.key) if self.key else (index,))
        return items
