"""What can go wrong between the operator and the API server, as values; the proxy acts them out."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

WRITES: Final = frozenset({"apply", "merge", "create", "update", "delete"})
"""The verbs that change something."""


@dataclass(slots=True)
class Exchange:
    """One request through the proxy and what became of it.

    Attributes:
        number: counts from 1, over all doors.
        at: the monotonic instant at which the request had arrived.
        door: the name of the door that it came through.
        verb: get, list, watch, apply, merge, create, update or delete.
        kind: the plural, with the subresource: ``deployments``, ``llamadeployments/status``.
        namespace: of the object; empty: none.
        name: of the object; empty: a collection.
        path: with the query, as it was asked for.
        body: of the request.
        forwarded: the monotonic instant at which it went on to the API server; None: it did not.
        answered: the monotonic instant at which the API server had answered; None: it did not.
        status: the HTTP status that the API server, or a fault, answered with; None: no answer.
        faults: what was done to it.
    """

    number: int
    at: float
    door: str
    verb: str
    kind: str
    namespace: str
    name: str
    path: str
    body: bytes = b""
    forwarded: float | None = None
    answered: float | None = None
    status: int | None = None
    faults: list["Fault"] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        """Whether it would change something."""
        return self.verb in WRITES

    @property
    def landed(self) -> bool:
        """Whether it changed something: the API server took it."""
        return self.writes and self.answered is not None and self.status is not None and self.status < 300


@dataclass(frozen=True, slots=True)
class Delay:
    """The request waits before it goes on. A watch that runs already is not slowed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Functions of the test, in a thread of their own: the request waits for them, others do not.

    Attributes:
        before: called before the request goes on. A fault that it returns happens in place of that.
        after: called once the API server has answered, before the answer goes back.
    """

    before: Callable[[Exchange], "Fault | None"] | None = None
    after: Callable[[Exchange], "Fault | None"] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The API server refuses: a Status object with this code and these words."""

    status: int
    message: str = "the fault proxy says so"
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection ends with a reset.

    Attributes:
        after_forwarding: the API server has done what was asked, only nobody hears of it.
    """

    after_forwarding: bool = False


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """The connection stays and says nothing more, and nobody is behind it.

    Attributes:
        after_forwarding: the API server has done what was asked.
    """

    after_forwarding: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """The answer ends, with a reset, after so many bytes of its body."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A watch opens well and says nothing more, neither events nor bookmarks."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """A line in a watch, between the others; in place of the body of anything else."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Huge:
    """So many bytes without a line end in a watch; as the body of anything else."""

    bytes: int


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """A watch says an ERROR event and ends."""

    code: int
    message: str = "the fault proxy says so"


@dataclass(frozen=True, slots=True)
class Replay:
    """An API server that is behind.

    A watch says again what watches of this kind said before the instant, then goes on. A get or a list is
    answered as the same question was last before the instant; one that nobody had asked by then goes through.

    Attributes:
        before: monotonic.
    """

    before: float = math.inf


Passing = Delay | Call
"""After these the request goes on, and a further fault may come on top."""

Streaming = Cut | HalfOpen | Truncate | Silence | Garbage | Huge | ErrorEvent | Replay
"""These strike a watch that runs already, too."""

Fault = Passing | Streaming | Answer
