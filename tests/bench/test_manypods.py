"""The measurement of pods holds every pod that it says it holds, and hears of every change."""

from typing import Any

from bench import manypods
from llamafleet.api.names import DEPLOYMENT_LABEL

TEMPLATE: dict[str, Any] = {
    "metadata": {
        "creationTimestamp": "2026-11-21T12:00:00Z",
        "labels": {DEPLOYMENT_LABEL: "llama"},
        "ownerReferences": [{"name": "llama-6c9f", "uid": "rs", "controller": True}],
    },
    "spec": {},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}


def test_all_pods_are_held_and_all_events_heard() -> None:
    found = manypods.measure(TEMPLATE, pods=300, events=700)
    assert found.pods == 300
    assert 1 < found.event_microseconds < 10_000
    assert found.before_mib < found.resident_mib <= found.peak_mib
