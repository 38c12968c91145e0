"""The operator's own Prometheus metrics."""

from prometheus_client import Counter, Gauge, Histogram

RECONCILES = Counter("llamafleet_reconciles", "Reconciles of a LlamaDeployment, by result.", ["result"])
RECONCILE_SECONDS = Histogram("llamafleet_reconcile_seconds", "How long one reconcile took, in seconds.")
WRITES = Counter("llamafleet_writes", "Writes to the API server, by kind of object.", ["kind"])
QUEUE_DEPTH = Gauge("llamafleet_queue_depth", "LlamaDeployments that wait for a worker.")
