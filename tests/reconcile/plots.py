"""What may happen to a fleet, as scripts for the stage, and what must be left of it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from llamafleet.api.ledger import Ledger
from llamafleet.planning.money.ledger import spent
from reconcile.controllers import Json
from reconcile.stage import Deed, Stage

SCHEDULE: Final = {"timeZone": "UTC", "windows": [{"name": "noon", "start": "30 12 * * *", "duration": "1h"}]}
"""The story begins at twelve: it opens half an hour later, for an hour."""

ALWAYS: Final = {
    "timeZone": "UTC",
    "windows": [{"name": "always", "start": "0 0 * * *", "duration": "24h"}],
    "drainTimeout": "1s",
    "preWarm": "1s",
}
BUDGET: Final = "8000.00"
"""A second costs a dollar: it lasts for some two hours."""


def creates(at: int = 0, **spec: Any) -> Deed:
    return Deed(at, lambda stage: stage.create(**spec))


def edits(at: int, **spec: Any) -> Deed:
    return Deed(at, lambda stage: stage.edit(**spec))


def deletes(at: int) -> Deed:
    return Deed(at, Stage.delete)


def works(at: int = 0) -> Deed:
    """From now on every ready pod has requests."""

    def begin(stage: Stage) -> None:
        stage.controllers.busy = True

    return Deed(at, begin)


@dataclass(frozen=True)
class Plot:
    """What people do, and after how many seconds all of it is over."""

    length: int
    script: tuple[Deed, ...]


PLOTS: Final[dict[str, Plot]] = {
    "create": Plot(500, (creates(replicas=2),)),
    "edit size": Plot(900, (creates(replicas=2), edits(300, model={"variant": "llama-3.3-70b"}))),
    "open and close": Plot(6000, (works(), creates(replicas=2, schedule=SCHEDULE))),
    "scale up and down": Plot(
        1500,
        (
            works(),
            creates(replicas=1),
            edits(300, replicas=3),
            edits(600, replicas=2),
            edits(605, replicas=3),
            edits(900, replicas=1),
        ),
    ),
    "budget stop": Plot(9000, (creates(replicas=1, schedule=ALWAYS, cost={"monthlyBudget": BUDGET}),)),
    "hourly limit": Plot(900, (works(), creates(replicas=3), edits(300, cost={"hourlyLimit": "7200.00"}))),
    "delete": Plot(900, (creates(replicas=1), deletes(300))),
    "delete and create": Plot(1500, (creates(replicas=1), deletes(300), creates(700, replicas=1))),
    "suspend": Plot(1200, (creates(replicas=2), edits(300, suspend=True), edits(600, suspend=None))),
    "refused": Plot(1200, (creates(replicas=1), edits(300, gpu={"pools": ["gone"]}), edits(600, gpu=None))),
}

MOVED: Final = frozenset({"cost", "conditions", "reasons", "coldStart"})
"""Fields that are compared in part; and what was learned from starts, for a pod that starts later may be
taken away before it is ready."""

TIMES: Final = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:]+Z?|\d\d:\d\d|\d+\.\d+")
"""Instants and sums in a sentence: they move with every second that an operator is away."""


def left(stage: Stage) -> Json:
    """What is left of a story, without what depends on the second in which something happened."""
    world = stage.world
    return {
        "children": {kind: _timeless(raw) for kind, raw in world.objects.items()},
        "status": None if world.resource_now is None else _status(stage.raw.get("status", {})),
        "events": sorted((one.uid, one.type, one.reason) for one in world.announced),
        "pods": sorted((one.ready, one.deleting, one.deletion_cost, one.resting) for one in world.running),
        "account": [one["month"] for one in world.accounts_kept.values() if world.resource_now is None],
    }


def debt(stage: Stage) -> tuple[Decimal, Decimal]:
    """By how much the account is wrong in USD, and by how much it says that it may be."""
    if "cost" not in stage.raw["status"]:
        return stage.controllers.truth(stage.now), Decimal(0)
    ledger = Ledger.model_validate(stage.raw["status"]["cost"]["ledger"])
    return abs(spent(ledger, stage.now) - stage.controllers.truth(stage.now)), ledger.uncertain_usd


def _timeless(raw: Json) -> Json:
    metadata = {name: value for name, value in raw["metadata"].items() if name != "generation"}
    return {**{name: raw[name] for name in raw if name != "status"}, "metadata": metadata}


def _status(status: Json) -> Json:
    found = {name: value for name, value in status.items() if name not in MOVED}
    told = status.get("cost", {}).get("ledger", {}).get("told")
    meters = [meter.get("hourlyUsd") for meter in status.get("cost", {}).get("ledger", {}).get("meters", [])]
    return {
        **found,
        "conditions": [
            {**one, "lastTransitionTime": "", "message": TIMES.sub("#", one["message"])}
            for one in status.get("conditions", [])
        ],
        "reasons": [{**one, "message": TIMES.sub("#", one["message"])} for one in status.get("reasons", [])],
        "cost": (status.get("cost", {}).get("hourlyRate"), told, meters),
    }
