"""Fields that are accepted and checked, yet change nothing in this release."""

from pydantic.alias_generators import to_snake

from llamafleet.api.base import Record
from llamafleet.api.llamadeployment import NOT_YET_IN_EFFECT, LlamaDeploymentSpec


def not_in_effect(spec: LlamaDeploymentSpec) -> tuple[str, ...]:
    """The paths of those fields that the author uses: that are set, and not to their default."""
    return tuple(path for path in NOT_YET_IN_EFFECT if _is_used(spec, path.split(".")[1:]))


def _is_used(record: Record | None, path: list[str]) -> bool:
    """The API server fills defaults in, so a field that holds its default was not chosen by anybody."""
    if record is None:
        return False
    name = to_snake(path[0])
    value = getattr(record, name)
    if len(path) > 1:
        return _is_used(value, path[1:])
    return bool(value != type(record).model_fields[name].get_default(call_default_factory=True))
