"""When the alerts about fleets, their money and the waker fire, and what they say."""

from typing import Final

from monitoring.case import Case
from monitoring.well import (
    FLEET,
    figure,
    flat,
    held,
    not_ready,
    otherwise,
    refused,
    slope,
)

FLEETS: Final = (
    Case(
        "LlamafleetFleetDown",
        {figure("ready_replicas"): flat(0), **not_ready("Unschedulable")},
        "For half an hour no replica of team-a/scout was ready. The condition Ready says Unschedulable.",
        FLEET,
        nearly={figure("ready_replicas"): flat(0), figure("desired_replicas"): flat(0)},
    ),
    Case(
        "LlamafleetFleetIncomplete",
        {figure("ready_replicas"): flat(2), **not_ready("Starting")},
        "Only 2 replicas of team-a/scout are ready. The condition Ready says Starting.",
        FLEET,
        nearly={figure("ready_replicas"): flat(0)},
    ),
    Case(
        "LlamafleetFleetNotReady",
        not_ready("RollingOut"),
        "For an hour team-a/scout was not Ready; the reason is RollingOut.",
        FLEET,
        nearly={figure("ready_replicas"): flat(2), **not_ready("RollingOut")},
    ),
    Case(
        "LlamafleetFleetDegraded",
        otherwise("Degraded", "True", "ModelNotFound"),
        "For a quarter of an hour team-a/scout was Degraded; the reason is ModelNotFound.",
        FLEET,
        nearly=not_ready("Starting"),
    ),
    Case(
        "LlamafleetScalingBlind",
        otherwise("MetricsAvailable", "False", "NoReading"),
        "For ten minutes not every ready replica of team-a/scout gave a reading; the reason is NoReading.",
        FLEET,
        nearly=otherwise("MetricsAvailable", "Unknown", "NoReplica"),
    ),
    Case(
        "LlamafleetRequestsWait",
        {figure("waiting_requests"): flat(50)},
        "50 requests wait at team-a/scout, and for half an hour more waited than were worked on: the "
        "fleet does not catch up.",
        FLEET,
        nearly={figure("waiting_requests"): flat(15), figure("running_requests"): flat(5)},
    ),
    Case(
        "LlamafleetStartsSlowly",
        {figure("cold_start_seconds"): flat(1500)},
        "One start in twenty took 25m 0s or longer, from the node to the first answer. That time is "
        "paid for, and bursts wait for it.",
        FLEET,
        nearly={figure("cold_start_seconds"): flat(1100)},
    ),
)

MONEY: Final = (
    Case(
        "LlamafleetBudgetNearlySpent",
        {figure("month_to_date_dollars"): flat(950)},
        "team-a/scout has spent 95% of its month's budget.",
        FLEET,
        nearly={figure("month_to_date_dollars"): flat(890)},
    ),
    Case(
        "LlamafleetBudgetStopsFleet",
        otherwise("WithinBudget", "False", "BudgetExhausted"),
        "The condition WithinBudget of team-a/scout says BudgetExhausted: until that changes it has no "
        "replicas, or what spec.cost.onExhausted says.",
        FLEET,
        nearly=otherwise("WithinBudget", "False", "PriceMissing"),
    ),
    Case(
        "LlamafleetProjectedOverBudget",
        {figure("projected_month_dollars"): flat(1200)},
        "At the present demand the month of team-a/scout comes to 120% of its budget, and has done so "
        "for six hours. The budget holds; requests will wait.",
        FLEET,
        nearly={figure("projected_month_dollars"): flat(990)},
        minute=400,
    ),
    Case(
        "LlamafleetNoPrice",
        otherwise("Priced", "False", "PriceMissing"),
        "The GpuPool of team-a/scout has no price. Its pods are counted at nothing, and that is not made up "
        "for later.",
        FLEET,
        nearly={},
    ),
    Case(
        "LlamafleetGpusDrainLong",
        {figure("draining_gpus"): flat(4)},
        "For an hour replicas of team-a/scout have been finishing their last requests; now they hold 4 GPUs.",
        FLEET,
        nearly={figure("draining_gpus"): "4x40 0x4 4x400"},
    ),
    Case(
        "LlamafleetMoneyUncertain",
        {figure("uncertain_dollars"): flat(40)},
        "The month's bill of team-a/scout may be wrong by 40.00 dollars, because pods vanished while no "
        "operator looked.",
        FLEET,
        nearly={figure("uncertain_dollars"): flat(20)},
    ),
    Case(
        "LlamafleetHourlyRateHigh",
        {figure("hourly_rate_dollars"): flat(101)},
        "All fleets together cost 101.00 dollars per hour.",
        {},
        nearly={
            figure("hourly_rate_dollars"): flat(60),
            figure("hourly_rate_dollars", "llamafleet-b"): flat(60),
        },
    ),
)

WAKERS: Final = (
    Case(
        "LlamafleetWakerRefuses",
        {refused("too_many_waiting"): slope(1)},
        "In a quarter of an hour llamafleet-waker has answered 15 requests with the error too_many_waiting.",
        {"job": "llamafleet-waker", "namespace": "llamafleet-system", "reason": "too_many_waiting"},
        nearly={refused("too_many_waiting"): slope(0.1)},
    ),
    Case(
        "LlamafleetWakerHoldsLong",
        {held("waker-a"): flat(2), held("waker-b"): flat(3)},
        "For a quarter of an hour the waker has held requests for team-a/scout, now 5, and no replica became "
        "ready.",
        FLEET,
        nearly={held("waker-a"): "2x90 stale _x2 2x400"},
    ),
)
