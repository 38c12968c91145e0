"""What people, machines and processes do in a seeded run: a schedule, and nothing of a cluster in it.

The same seed makes the same schedule. What a deed is done to is given by number, so that it does not depend
on what the cluster happened to look like.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from faults.story import ALWAYS, GPU

NAMESPACES: Final = 4
FLEETS: Final = 20
OPERATORS: Final = 3
NODES: Final = 12

PAUSE_SECONDS: Final = 0.9
"""Between two deeds, on average."""

FREEZE_SECONDS: Final = (1.0, 12.0)
"""How long a process is stopped: shorter and longer than the lease."""

Json = dict[str, Any]

ALL_DAY: Final = {"windows": [ALWAYS]}
SPECS: Final[tuple[Json, ...]] = (
    {"replicas": 0},
    {"replicas": 1},
    {"replicas": 2},
    {"replicas": 3},
    {"replicas": 1, "schedule": ALL_DAY},
    {"replicas": 2, "schedule": ALL_DAY, "cost": {"monthlyBudget": "999999999.00"}},
    {"replicas": 3, "cost": {"hourlyLimit": "7200.00"}},
    {"replicas": 1, "serving": {"image": "vllm/vllm-openai:v0.20.1"}},
    {"replicas": 1, "suspend": True},
    {"replicas": 1, "gpu": {"pools": ["nowhere"]}},
)
"""What authors ask for. The last one cannot be had."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that happens.

    Attributes:
        at: seconds from the beginning.
        what: ``edit``, ``delete``, ``pod``, ``node``, ``kill``, ``stop`` or ``term``.
        whom: the number of the fleet, the node or the operator.
        spec: what its author asks for from now on.
        seconds: how long it lasts.
    """

    at: float
    what: str
    whom: int
    spec: Json | None = None
    seconds: float = 0.0

    def __str__(self) -> str:
        """One line for the log of a run."""
        return f"{self.at:7.2f} s: {self.what} {self.whom} {self.spec or ''} {self.seconds or ''}".rstrip()


WEIGHTS: Final = {"edit": 10, "delete": 3, "pod": 4, "node": 1, "kill": 2, "stop": 2, "term": 1}


def deeds(seed: int, seconds: float) -> Iterator[Deed]:
    """The schedule for so many seconds: every fleet is created at once, and then anything may happen."""
    chance = random.Random(f"deeds {seed}")  # noqa: S311 - a story, not a secret
    for number in range(FLEETS):
        yield Deed(0.0, "edit", number, _spec(chance))
    at = 3.0
    while at < seconds:
        yield _deed(chance, round(at, 2))
        at += chance.expovariate(1 / PAUSE_SECONDS)


def _deed(chance: random.Random, at: float) -> Deed:
    (what,) = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
    match what:
        case "edit":
            return Deed(at, what, chance.randrange(FLEETS), _spec(chance))
        case "delete" | "pod":
            return Deed(at, what, chance.randrange(FLEETS))
        case "node":
            return Deed(at, what, chance.randrange(NODES))
        case "stop":
            seconds = round(chance.uniform(*FREEZE_SECONDS), 1)
            return Deed(at, what, chance.randrange(OPERATORS), seconds=seconds)
        case _:
            return Deed(at, what, chance.randrange(OPERATORS), seconds=round(chance.uniform(0.0, 3.0), 1))


def _spec(chance: random.Random) -> Json:
    return {"model": {"variant": "llama-3.1-8b"}, "gpu": GPU, **chance.choice(SPECS)}
