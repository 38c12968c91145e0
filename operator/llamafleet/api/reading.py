"""Reading a resource where there is no API server: on a laptop, as strictly as the API server takes it.

The operator does not read so: what it sees has passed the API server, perhaps by a newer CRD.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.names import API_VERSION
from llamafleet.api.problem import ABSENT, validation_problem
from llamafleet.errors import InvalidSpec

K = TypeVar("K", LlamaDeployment, GpuPool)

_NOT_OURS: Final = frozenset({"apiVersion", "kind", "status"})
"""What every object may have and no author decides here; the operator writes the status."""


def read_strictly(kind: type[K], body: Mapping[str, Any]) -> K:
    """A resource from a parsed manifest, by every rule that the API server has for it.

    An unknown field is refused, and text where a number belongs. Null is absent, as it is to the API server,
    and a whole number may have a decimal point, as kubectl takes it from YAML.
    Of the metadata only what the types know is read. The GPU of a pool is the one thing that is not held
    against the catalogue: a values file may add to that.

    Raises:
        InvalidSpec: the API server would refuse the resource.
    """
    _check_version(body.get("apiVersion", ABSENT))
    own = {name: value for name, value in body.items() if name not in _NOT_OURS}
    try:
        text = to_json(_plain({**own, "metadata": _metadata(body.get("metadata"))}))
        return kind.model_validate_json(text, strict=True, extra="forbid", by_alias=True, by_name=False)
    except ValidationError as error:
        raise validation_problem(error) from error
    except PydanticSerializationError as error:
        rule = f"must be texts, numbers, lists and maps that do not contain themselves: {error}"
        raise InvalidSpec(kind.__name__, "(as written)", rule) from error


def _check_version(version: object) -> None:
    if version != API_VERSION:
        field, rule = "apiVersion", f"must be {API_VERSION}"
        raise InvalidSpec(field, version, rule)


def _metadata(given: object) -> object:
    """The metadata that we know; the rest is for Kubernetes to check."""
    if not isinstance(given, Mapping):
        return given
    known = {field.alias for field in ObjectMeta.model_fields.values()}
    return {name: value for name, value in given.items() if name in known}


def _plain(body: object) -> Any:  # noqa: ANN401 - JSON
    """The body as kubectl sends it and the API server sees it: JSON, whole numbers as such, without nulls."""
    return json.loads(to_json(body), object_hook=_without_nulls, parse_float=_number)


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
