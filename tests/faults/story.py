"""What may happen to a fleet, as chapters: a wish of its author, and how one sees that it is fulfilled."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from faults.story_seen import Json, Seen

STEADY: Final = "steady"
PRICE: Final = 3600
"""USD an hour of the pool of that name: a second of one replica costs one dollar."""

GPU: Final = {"pools": [STEADY]}
ALWAYS: Final = {"name": "always", "start": "0 0 * * *", "duration": "24h"}
FAR: Final = timedelta(hours=12)
SOON: Final = timedelta(seconds=3)
"""From a wish to the opening or the closing that it asks for."""

WORK: Final = timedelta(seconds=4)
"""How long the requests take that a pod has when it is to go."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One wish.

    Attributes:
        wish: the spec, at the instant at which the chapter begins; None: the resource is deleted.
        done: whether what is seen fulfils it.
        pool: the price of the fleet's own pool from now on, in USD an hour; None: it stays.
        busy: how many requests each pod has, in the order of their names.
    """

    wish: Callable[[], Json | None]
    done: Callable[[Seen], bool]
    pool: str | None = None
    busy: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A fleet that is brought into some state, and what happens to it then.

    Attributes:
        name: of the story.
        before: what happens undisturbed.
        then: what happens while operators die.
    """

    name: str
    before: tuple[Chapter, ...]
    then: tuple[Chapter, ...]


def wants(done: Callable[[Seen], bool], **spec: Any) -> Chapter:
    """A wish for this spec."""
    return Chapter(lambda: {"gpu": GPU, **spec}, done)


def ready(replicas: int) -> Callable[[Seen], bool]:
    """So many replicas are ready, and there is nothing left to do."""

    def look(seen: Seen) -> bool:
        settled = seen.holds("Ready", "AllReplicasReady") and seen.holds("Progressing", "Settled")
        return settled and len(seen.pods) == replicas == seen.status.get("readyReplicas")

    return look


def none(seen: Seen) -> bool:
    """There is no pod, and that is as it should be."""
    return seen.holds("Ready", "ScaledToZero") and not seen.pods


def gone(seen: Seen) -> bool:
    """Nothing is left of it."""
    return seen.llama is None and not seen.pods and not seen.children


def text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def around(begin: timedelta, end: timedelta) -> Json:
    """A schedule that is closed, but for one time from then until then, seen from now."""
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    far = now + FAR
    daily = {"name": "daily", "start": f"{far.minute} {far.hour} * * *", "duration": "1h"}
    span = {"from": text(now + begin), "to": text(now + end), "state": "Open"}
    return {"windows": [daily], "exceptions": [span], "preWarm": "1s"}


def closed_now() -> Json:
    return {"gpu": GPU, "schedule": around(2 * FAR, 3 * FAR)}


def opening() -> Json:
    return {"gpu": GPU, "schedule": around(SOON, timedelta(hours=1))}


def open_now() -> Json:
    return {"gpu": GPU, "schedule": around(timedelta(minutes=-10), timedelta(hours=1))}


def closing() -> Json:
    return {"gpu": GPU, "schedule": around(timedelta(minutes=-10), SOON)}


def is_open(seen: Seen) -> bool:
    return seen.holds("WindowOpen", "Open") and ready(1)(seen)


def is_closed(seen: Seen) -> bool:
    return seen.holds("WindowOpen", "Closed") and none(seen)


BUDGET: Final = {"windows": [ALWAYS], "drainTimeout": "1s", "preWarm": "1s"}
OWN: Final = "own"
"""Stands for the fleet's own pool, whose price is its own."""

DEAR, CHEAP = "360000", "10"


def paid(seen: Seen) -> bool:
    """It has spent 300 dollars, which is more than it will be allowed."""
    now = datetime.now(UTC)
    return ready(1)(seen) and any(
        float(meter["hourlyUsd"]) == float(DEAR) and now > datetime.fromisoformat(meter["since"]) + SOON
        for meter in seen.ledger.get("meters", [])
    )


def repriced(seen: Seen) -> bool:
    """The new price is in its account."""
    meters = seen.ledger.get("meters", [])
    return ready(1)(seen) and [float(meter["hourlyUsd"]) for meter in meters] == [float(CHEAP)]


def looked(budget: str | None, **more: Any) -> Callable[[], Json]:
    """A fleet of the pool of its own; a note makes the operator look again."""
    cost = {"cost": {"monthlyBudget": budget}} if budget else {}
    return lambda: {"gpu": {"pools": [OWN]}, "schedule": BUDGET, **cost, **more}


STORIES: Final = (
    Story("create", (), (wants(ready(2), replicas=2),)),
    Story(
        "edit size",
        (wants(ready(1), replicas=1),),
        (wants(ready(1), replicas=1, model={"variant": "llama-3.3-70b"}),),
    ),
    Story("open", (Chapter(closed_now, is_closed),), (Chapter(opening, is_open),)),
    Story("close", (Chapter(open_now, is_open),), (Chapter(closing, is_closed),)),
    Story("scale up", (wants(ready(1), replicas=1),), (wants(ready(3), replicas=3),)),
    Story(
        "scale down",
        (wants(ready(3), replicas=3),),
        (Chapter(lambda: {"gpu": GPU, "replicas": 1}, ready(1), busy=(5, 2, 0)),),
    ),
    Story(
        "budget stop",
        (Chapter(looked("9999999.00"), paid, pool=DEAR), Chapter(looked("9999999.00"), repriced, pool=CHEAP)),
        (Chapter(looked("20.00"), none),),
    ),
    Story("delete", (wants(ready(1), replicas=1),), (Chapter(lambda: None, gone),)),
    Story(
        "delete and create",
        (wants(ready(1), replicas=1),),
        (Chapter(lambda: None, gone), wants(ready(1), replicas=1)),
    ),
)
