"""What the API server says when it does not do what it was asked for, as our errors."""

from typing import Final

import orjson

from llamafleet.adapters.streams import EXPIRED, Lost
from llamafleet.errors import Conflict, Ending, Forbidden, Rejected, Unavailable

_LISTED_AGAIN: Final = frozenset({400, 404, EXPIRED})
"""Refusals of a watch that meet the next one from the same version as well."""


def check(status: int, body: bytes, what: str) -> None:
    """Turn a refusal into one of our errors.

    Args:
        status: the HTTP status of the answer.
        body: of the answer.
        what: what was asked, for the message.

    Raises:
        Ending: the namespace is being deleted.
        Unavailable: any other refusal.
    """
    if status in {200, 201, 202}:
        return
    message, causes = _said(body)
    message = f"{what}: HTTP {status}: {message}"
    if "NamespaceTerminating" in causes:
        raise Ending(message)
    match status:
        case 401 | 403:
            error: type[Unavailable] = Forbidden
        case 422:
            error = Rejected
        case 409:
            error = Conflict
        case _:
            error = Unavailable
    raise error(message)


def check_watch(status: int, body: bytes, what: str) -> None:
    """The same of a watch.

    Raises:
        Lost: the same watch would be refused again.
        Unavailable: any other refusal.
    """
    try:
        check(status, body, what)
    except Unavailable as error:
        if status not in _LISTED_AGAIN:
            raise
        raise Lost(str(error), "expired" if status == EXPIRED else "failed") from error


def _said(body: bytes) -> tuple[str, set[str]]:
    """The sentence and the causes of a Status object, or the beginning of whatever came instead."""
    try:
        said = orjson.loads(body)
        causes = (said.get("details") or {}).get("causes") or ()
        return said["message"], {cause.get("reason", "") for cause in causes}
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return body[:200].decode(errors="replace"), set()
