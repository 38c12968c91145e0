"""What is said of the queue: the condition MetricsAvailable, and the figures of the status."""

from typing import Any, Final

from llamafleet.api.memory import NO_MEMORY
from llamafleet.planning.plan import Plan
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.statement import Statement, false, true, unknown

METRICS_AVAILABLE: Final = "MetricsAvailable"


def statements(fleet: Fleet, plan: Plan) -> list[Statement]:
    """Whether the queue could be read; nothing to say where nobody scales by it."""
    if plan.case.spec.scaling is None:
        return []
    asked, answered = fleet.asked, fleet.answered
    if not asked:
        return [unknown(METRICS_AVAILABLE, "NoReplica", "No replica is ready, so there is none to read.")]
    if answered == asked:
        return [true(METRICS_AVAILABLE, "Read", "Every ready replica gave a reading, now or a look ago.")]
    if not answered:
        message = f"None of {asked} ready replicas gave a reading: the count is held until one does."
        return [false(METRICS_AVAILABLE, "NoReading", message)]
    message = f"{answered} of {asked} ready replicas gave a reading: the count may rise, and does not fall."
    return [false(METRICS_AVAILABLE, "SomeSilent", message)]


def figures(plan: Plan) -> dict[str, Any]:
    """The queue and what the autoscaler remembers; what is not known is absent."""
    found: dict[str, Any] = {}
    signals, memory = plan.case.seen.signals, plan.case.demand.memory
    if signals is not None:
        found["queue"] = {"waiting": signals.waiting, "running": signals.running}
        if signals.kv_usage is not None:
            found["queue"]["kvUsagePercent"] = round(100 * signals.kv_usage)
    if plan.case.spec.scaling is not None and memory != NO_MEMORY:
        found["scaling"] = memory.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return found
