"""LlamaDeployments as an API server shows them, for what only looks at them."""

from datetime import datetime, timedelta
from typing import Any

from builders import NOW


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def said(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    """A condition, of three hours ago."""
    since = instant(NOW - timedelta(hours=3))
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
        "observedGeneration": 1,
    }


READY = said("Ready", "True", "AllReplicasReady", "3 of 3 replicas are ready.")
SETTLED = said("Progressing", "False", "Settled", "The fleet is as it should be.")
WELL = said("Degraded", "False", "AsExpected", "Nothing is known to be wrong.")
CALM = (READY, SETTLED, WELL)


def meter(uid: str, hours: float, **fields: Any) -> dict[str, Any]:
    """A pod that is paid for since so many hours, at 1.19 USD an hour."""
    since = instant(NOW - timedelta(hours=hours))
    return {"uid": uid, "since": since, "hourlyUsd": "1.19", "ready": since, **fields}


def ledger(*meters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "month": f"{NOW:%Y-%m}",
        "timeZone": "Europe/Berlin",
        "at": instant(NOW - timedelta(minutes=2)),
        "meters": list(meters),
        **fields,
    }


def llama(name: str = "nightly", namespace: str = "team-a", **fields: Any) -> dict[str, Any]:
    """A fleet with a status: these conditions, and whatever else is named; ``spec`` and ``metadata`` too."""
    spec, metadata = fields.pop("spec", {}), fields.pop("metadata", {})
    status = {
        "observedGeneration": 1,
        "conditions": list(fields.pop("conditions", CALM)),
        "readyReplicas": 1,
        "desiredReplicas": 1,
        "plan": {"pool": "a100", "explanation": "It fits."},
        **fields,
    }
    return {
        "apiVersion": "llamafleet.io/v1alpha1",
        "kind": "LlamaDeployment",
        "metadata": {"name": name, "namespace": namespace, "uid": name, "generation": 1, **metadata},
        "spec": {"model": {"variant": "scout"}, **spec},
        "status": status,
    }


NIGHTLY = llama(
    readyReplicas=2,
    desiredReplicas=3,
    conditions=(
        said("Ready", "False", "Starting", "2 of 3 replicas are ready."),
        said("Progressing", "True", "Starting", "A replica may take up to 16 minutes to load its weights."),
        WELL,
        said("WindowOpen", "True", "Open", "It closes Sat 2026-11-21 22:00 Europe/Berlin (night)."),
        said("WithinBudget", "True", "WithinBudget", "104.72 of 300 USD are spent."),
    ),
    queue={"waiting": 56, "running": 24, "kvUsagePercent": 71},
    schedule={
        "open": True,
        "window": "night",
        "nextTransition": instant(NOW + timedelta(hours=2, minutes=13)),
    },
    reasons=[
        {"step": "demand", "replicas": 7, "message": "the queue asks for 7 (56 waiting, 8 per replica)"},
        {"step": "within_bounds", "replicas": 3, "message": "spec.scaling allows 1 to 3"},
        {"step": "within_window", "replicas": 3, "message": "Open until 22:00 (night), which allows 1 to 3"},
    ],
    coldStart={"p50Seconds": 180, "p95Seconds": 240, "samples": [180, 240]},
    cost={
        "hourlyRate": "3.57",
        "projectedMonth": "314.16",
        "ledger": ledger(
            meter("a", 3),
            meter("b", 3),
            spent={"serving": "90.00", "loading": "5.00", "idle": "2.50"},
            day={"date": f"{NOW:%Y-%m-%d}", "usd": "4.76"},
            lastMonth={"month": "2026-10", "usd": "201.11"},
        ),
    },
    spec={
        "cost": {"monthlyBudget": "300"},
        "schedule": {
            "timeZone": "Europe/Berlin",
            "windows": [{"name": "night", "start": "0 1 * * *", "duration": "4h"}],
        },
    },
)
CLOSED = llama(
    "batch",
    "team-b",
    readyReplicas=0,
    desiredReplicas=0,
    conditions=(
        said("Ready", "True", "ScaledToZero"),
        SETTLED,
        WELL,
        said("WindowOpen", "False", "Closed", "Closed until Mon."),
    ),
    schedule={"open": False, "window": "", "nextTransition": instant(NOW + timedelta(days=1, hours=18))},
    cost={"hourlyRate": "0.00", "projectedMonth": "30.00", "ledger": ledger(spent={"serving": "12.00"})},
    spec={"schedule": {"timeZone": "UTC", "windows": []}},
)
NEW = llama("new", "team-b", status={})
NEW["status"] = {}
FLEETS = (NIGHTLY, CLOSED, NEW)
