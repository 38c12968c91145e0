"""Where walks are walked, what goes wrong there, and what was seen."""

from dataclasses import dataclass, field

from exploration.author import Author
from exploration.mirror import Mirror
from exploration.writes import Writes


class Fault(Exception):
    """A step that did not come out as it must."""


@dataclass
class Record:
    """What an exploration has seen.

    Attributes:
        seconds: how long each step took to converge.
        refused: how many mistakes were refused by the API server.
        unplanned: how many accepted specs the planner refused.
        returns: how many times A was compared with the first A.
        not_compared: how many times it was not: A has no plan, or the pools are others by now.
        slept: how often the fleet kept the shape that B had, and had to sleep to be free again.
        quiet: how many fleets were watched through the settle time.
        restless: how many never came to rest, for their pods came and went.
    """

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    unplanned: int = 0
    returns: int = 0
    not_compared: int = 0
    slept: int = 0
    quiet: int = 0
    restless: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where walks are walked.

    Attributes:
        author: who writes.
        mirror: what there is.
        writes: what the operator wrote.
        namespace: of the resource; one walk at a time.
        deadline: seconds that a step may take to converge.
        record: what was seen.
    """

    author: Author
    mirror: Mirror
    writes: Writes
    namespace: str
    deadline: float
    record: Record
