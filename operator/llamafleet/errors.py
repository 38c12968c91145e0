"""The errors of llamafleet, named by what happens next.

    LlamafleetError
    ├── InvalidSpec     the author must change a field; trying again changes nothing
    │   └── DoesNotFit  the field values are legal, yet no GPU shape holds them
    ├── Ending          the namespace is being deleted: there is nothing left to do
    └── Unavailable     the world did not answer as needed; try again with back-off
        ├── Rejected    the API server finds the object invalid
        ├── CleaningUp  what an earlier resource of the same name left is still being removed
        ├── Conflict    an object of that name is not ours to change
        ├── Stale       the object changed since it was read; look again at once
        ├── Unreachable no answer came; the request may have been carried out or not
        ├── NotLeading  another process may be the leader by now; nothing was sent
        ├── Forbidden   the API server refuses us; a permission may be granted later
        └── Throttled   the API server has more to do than it can; wait as long as it says

This module knows nothing else of the package: every layer may raise these.
"""

import math
from typing import ClassVar


class LlamafleetError(Exception):
    """The root of every error that llamafleet raises on purpose."""


class InvalidSpec(LlamafleetError):
    """A field of a resource has a value that a rule forbids.

    Args:
        field: the path of the field as its author writes it, such as ``spec.gpu.pools``.
        value: the value that was found there.
        rule: what the value must be, as a sentence without a subject: "must be …".
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        """Join field, value and rule to one sentence."""
        super().__init__(f"{field} = {value}: {rule}")
        self.field = field
        self.value = value
        self.rule = rule


class DoesNotFit(InvalidSpec):
    """No pool offers a shape that holds the model; the rule carries the arithmetic."""


class Ending(LlamafleetError):
    """The namespace is being deleted: nothing can be created in it any more, and nothing needs to be."""


class Unavailable(LlamafleetError):
    """Something outside did not do its part; the same call may succeed later.

    Attributes:
        patience_seconds: the longest pause before the next attempt. An outage ends for everybody at once, so
            a minute; what is wrong with one object, only somebody can change, so five.
        wake_seconds: after how long something else is due, however often this fails; infinite: nothing is.
    """

    patience_seconds: ClassVar[float] = 60.0
    wake_seconds: float = math.inf


class Rejected(Unavailable):
    """The API server finds an object invalid (HTTP 422)."""

    patience_seconds = 300.0


class CleaningUp(Unavailable):
    """What an earlier resource of the same name left is still being removed; nobody has to act."""


class Conflict(Unavailable):
    """An object that we would write belongs to somebody else."""

    patience_seconds = 300.0


class Stale(Unavailable):
    """The object changed since it was read, and what was decided may be wrong by now: look again at once."""


class Unreachable(Unavailable):
    """No answer came, or not all of it: whether the request was carried out is not known."""


class NotLeading(Unavailable):
    """Another process may be the leader by now: the write was not sent."""

    patience_seconds = 5.0  # whoever finds that it still leads goes on at once


class Forbidden(Unavailable):
    """The API server answered 401 or 403: a permission is missing for now."""

    patience_seconds = 300.0


class Throttled(Unavailable):
    """The API server answered 429, or 503 with a time: nobody did anything wrong, and everybody waits.

    Args:
        message: who was refused, and with which words.
        retry_after: how many seconds to wait.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        """Keep the time beside the words."""
        super().__init__(message)
        self.retry_after = retry_after
