"""The PodDisruptionBudget: node drains take one replica at a time."""

from typing import Any

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import pod_selector
from llamafleet.rendering.objects import child


def disruption_budget(llama: LlamaDeployment) -> dict[str, Any]:
    """The budget. A pod that never became healthy blocks nobody's node drain."""
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": pod_selector(llama.metadata.name)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return child(llama, "policy/v1", "PodDisruptionBudget", {"spec": spec})
