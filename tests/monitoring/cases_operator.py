"""When the alerts about the operator itself fire, and what they say."""

from typing import Final

from monitoring.case import Case
from monitoring.well import (
    LEADER,
    NEVER,
    NOT_RENEWED,
    OLDEST,
    OPERATOR,
    PUT_OFF,
    REPAIRS,
    SILENT,
    STANDBY,
    flat,
    lag,
    looks,
    slope,
)


def turning_at(minute: int, before: float, after: float) -> str:
    """One value until a minute, another from then on."""
    return f"{before}x{minute - 1} {after}x400"


SHARD: Final = STANDBY.replace('"llamafleet"', '"another-shard"')
"""Whether a pod of another operator, with other namespaces, leads."""

OPERATORS: Final = (
    Case(
        "LlamafleetNobodyLeads",
        {LEADER: flat(0)},
        "For two minutes no pod of the operator (llamafleet) has said that it leads. Fleets keep running; "
        "windows, budgets and queues are not followed.",
        OPERATOR,
        nearly={LEADER: NEVER, STANDBY: flat(1)},
    ),
    Case(
        "LlamafleetNobodyLeads",
        {LEADER: NEVER, STANDBY: NEVER},
        "For two minutes no pod of the operator has said that it leads. Fleets keep running; windows, "
        "budgets and queues are not followed.",
        {},
        nearly={STANDBY: NEVER},
    ),
    Case(
        "LlamafleetNobodyLeads",
        {SHARD: "1x60 _x400"},
        "For two minutes no pod of the operator (another-shard) has said that it leads. Fleets keep running; "
        "windows, budgets and queues are not followed.",
        {**OPERATOR, "job": "another-shard"},
        nearly={SHARD: "1x97 _x2 1x400"},
    ),
    Case(
        "LlamafleetTwoLead",
        {STANDBY: flat(1)},
        "2 pods of llamafleet in llamafleet-system say that they lead. One alone may write.",
        OPERATOR,
        nearly={SHARD: flat(1)},
    ),
    Case(
        "LlamafleetLeaseNotRenewed",
        {NOT_RENEWED: slope(1)},
        "10 attempts of llamafleet-a to renew the lease failed in ten minutes. When it cannot renew in "
        "time it ends, and another one goes on.",
        {**OPERATOR, "pod": "llamafleet-a"},
        nearly={NOT_RENEWED: slope(0.2)},
    ),
    Case(
        "LlamafleetResourcesWait",
        {OLDEST: flat(90)},
        "The one that waits longest at llamafleet has waited for 1m 30s.",
        OPERATOR,
        nearly={OLDEST: flat(55)},
    ),
    Case(
        "LlamafleetBroken",
        {looks("broken"): turning_at(95, 0, 1)},
        "Looks at a LlamaDeployment that ended in a mistake of the operator itself, in a quarter of an "
        "hour: 1. The other fleets are not concerned.",
        OPERATOR,
        nearly={looks("broken"): turning_at(50, 0, 1)},
    ),
    Case(
        "LlamafleetReconcilesFail",
        {looks("failed"): slope(30)},
        "33.33% of the looks of llamafleet fail and are tried again later.",
        OPERATOR,
        nearly={looks("failed"): slope(12)},
    ),
    Case(
        "LlamafleetSlow",
        {lag("0.05"): slope(58), lag("1.0"): slope(58)},
        "The event loop of llamafleet-a is 2.05s late for one timer in a hundred.",
        {**OPERATOR, "pod": "llamafleet-a"},
        nearly={lag("1.0"): slope(59.7)},
    ),
    Case(
        "LlamafleetThrottled",
        {PUT_OFF: slope(60)},
        "1.0 requests a second of llamafleet are put off by the API server.",
        OPERATOR,
        nearly={PUT_OFF: slope(24)},
    ),
    Case(
        "LlamafleetWatchesRestart",
        {SILENT: slope(1)},
        "The watch of Pod was begun again 15 times in a quarter of an hour, and not because its time "
        "was over.",
        {**OPERATOR, "kind": "Pod"},
        nearly={SILENT: slope(0.5)},
    ),
    Case(
        "LlamafleetFightsOverAChild",
        {REPAIRS: slope(3)},
        "In a quarter of an hour the operator has repaired objects of the kind Service 45 times, and so for "
        "half an hour.",
        {**OPERATOR, "kind": "Service"},
        nearly={REPAIRS: slope(1)},
    ),
)
