"""Whether an object still is what we asked for. A quiet fleet writes nothing because of this.

Fields that others added are theirs and do not count. Fields that we no longer ask for are found by the
digest that every intent carries as an annotation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

KEYED_LISTS: Final = frozenset(
    {"containers", "env", "ports", "volumes", "volumeMounts", "ownerReferences"},
)
"""Lists that the API server merges item by item: others may add items of their own.
All other lists are ours as a whole, and must be equal."""


def holds(intent: Any, live: Any, field: str = "") -> bool:  # noqa: ANN401 - any JSON value
    """Whether ``live`` shows everything that ``intent`` asks for."""
    if isinstance(intent, Mapping):
        return isinstance(live, Mapping) and all(
            holds(value, live[key], key) if key in live else _empty(value) for key, value in intent.items()
        )
    if isinstance(intent, list):
        return isinstance(live, list) and _list_holds(intent, live, field)
    return bool(intent == live)


def _list_holds(intent: Sequence[Any], live: Sequence[Any], field: str) -> bool:
    if field in KEYED_LISTS:
        return all(any(holds(wanted, item) for item in live) for wanted in intent)
    return len(intent) == len(live) and all(holds(*pair) for pair in zip(intent, live, strict=True))


def _empty(intent: Any) -> bool:  # noqa: ANN401 - any JSON value
    """The API server leaves out empty lists and maps; asking for one and finding none is no difference."""
    return intent in ([], {})
