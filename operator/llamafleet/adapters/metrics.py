"""The operator's own Prometheus metrics: every name, unit and label is here, and in docs/metrics.md.

Units are Prometheus' base units. Labels hold words of ours, or names that the API server has let in; a label
of each resource is only in :mod:`llamafleet.adapters.fleetmetrics`, which forgets what is gone.
"""

import importlib.metadata
import platform
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, Info

MOMENTS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of the buckets of a latency, in seconds: from a quiet look, which takes a millisecond, to the
deadline of one request, which is 30 s."""

RECONCILES = Counter(
    "llamafleet_reconciles",
    "Reconciles of a LlamaDeployment, by result: done, gone, stale, failed, throttled, broken.",
    ["result"],
)
for _result in ("done", "gone", "stale", "failed", "throttled", "broken"):
    RECONCILES.labels(_result)  # at zero: Prometheus sees no increase in a series that begins at one
RECONCILE_SECONDS = Histogram(
    "llamafleet_reconcile_seconds", "How long one reconcile took, in seconds.", buckets=MOMENTS
)

WRITES = Counter(
    "llamafleet_writes",
    "Writes that the API server accepted, by kind of object and by reason: create, change, repair, status, "
    "checkpoint, mark, rest, event, carry-over.",
    ["kind", "reason"],
)
THROTTLED = Counter(
    "llamafleet_throttled_requests",
    "Requests that the API server put off: answers 429, and 503 that name a time.",
)

QUEUE_DEPTH = Gauge("llamafleet_queue_depth", "LlamaDeployments that wait for a worker.")
QUEUE_AGE = Gauge(
    "llamafleet_queue_oldest_seconds",
    "For how long the LlamaDeployment that waits longest for a worker has waited, in seconds.",
)

WATCH_RESTARTS = Counter(
    "llamafleet_watch_restarts",
    "Watches that were begun again, by kind of object and by reason: ended, expired, silent, "
    "throttled, failed.",
    ["kind", "reason"],
)
LOOP_LAG = Histogram(
    "llamafleet_loop_lag_seconds",
    "How late the event loop was for a timer, looked at once a second, in seconds.",
    buckets=MOMENTS,
)

LEADER = Gauge("llamafleet_leader", "1 in the process that works, 0 in one that stands by.")
LEASE_REMAINING = Gauge(
    "llamafleet_lease_remaining_seconds",
    "For how long this process may still write, in seconds; 0 in one that stands by.",
)
LEASE_TRANSITIONS = Counter(
    "llamafleet_lease_transitions",
    "How often this process took the lease or gave it up, by what it became: leader, standby.",
    ["to"],
)
LEASE_RENEWALS = Counter(
    "llamafleet_lease_renewals", "Attempts to renew the lease, by result: renewed, failed.", ["result"]
)
for _result in ("renewed", "failed"):
    LEASE_RENEWALS.labels(_result)

BUILD = Info("llamafleet_build", "The version of the operator and of its Python.")
BUILD.info({"version": importlib.metadata.version("llamafleet"), "python": platform.python_version()})
