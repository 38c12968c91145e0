"""A status for a kind that is older than this operator, as an upgrade without the CRDs leaves it.

The API server refuses an apply that has a field which its definition lacks, and with it the whole status: the
account of the money, too. So what it does not know is left out, and the rest is written.
"""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from llamafleet.adapters.transport import Transport
from llamafleet.errors import Unavailable

_UNKNOWN: Final = re.compile(r"\.status((?:\.\w+|\[[^\]]*\])+): field not declared in schema", re.ASCII)
"""One of possibly many in the refusal of an apply (``ValidationErrors`` in structured-merge-diff)."""

_STEP: Final = re.compile(r"\.(\w+)|(\[)", re.ASCII)

log = logging.getLogger(__name__)


async def apply_status(transport: Transport, path: str, intent: Mapping[str, Any]) -> bytes:
    """Apply the status of an object, without the fields that its definition in the cluster lacks.

    A refusal names some of them and not always all, so it is tried until all are out.

    Raises:
        Unavailable: as an apply does.
    """
    status, left_out = intent["status"], set[tuple[str, ...]]()
    while True:
        try:
            body = await transport.apply(path, {**intent, "status": status})
        except Unavailable as error:
            unknown = unknown_fields(str(error)) - left_out
            if not unknown:
                raise
            left_out |= unknown
            for steps in unknown:
                status = without(status, steps)
        else:
            if left_out:
                log.warning("%s: the CRD is older than this operator: it lacks %s", path, _names(left_out))
            return body


def _names(fields: Iterable[tuple[str, ...]]) -> str:
    """Fields as people write them, and what helps."""
    names = sorted(".".join(("status", *steps)) for steps in fields)
    return f"{', '.join(names)}; install the files in crds/"


def unknown_fields(message: str) -> set[tuple[str, ...]]:
    """The fields of the status that a refusal names, step by step; a step ``[]`` is every item of a list."""
    return {tuple(name or "[]" for name, _ in _STEP.findall(steps)) for steps in _UNKNOWN.findall(message)}


def without(value: Any, steps: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON value
    """The value without one field of it."""
    first, rest = steps[0], steps[1:]
    if first == "[]":
        return [without(item, rest) for item in value]
    if not rest:
        return {name: below for name, below in value.items() if name != first}
    return {**value, first: without(value[first], rest)} if first in value else value
