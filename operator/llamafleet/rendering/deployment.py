"""The Deployment that keeps the model servers running."""

from collections.abc import Mapping
from typing import Any, Final

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import pod_selector
from llamafleet.planning.coldstart import startup_seconds
from llamafleet.planning.plan import Plan
from llamafleet.rendering.objects import child
from llamafleet.rendering.template import template

SCHEDULING_SECONDS: Final = 600
"""Beside the start-up budget: time for a node to come up and the image to be pulled before the
Deployment is said to make no progress."""


def deployment(llama: LlamaDeployment, plan: Plan, live: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The Deployment. It never surges: GPUs for a second set of pods are rarely there, and always dear.

    Args:
        llama: the resource.
        plan: what was decided.
        live: the Deployment of this resource as it is; None: there is none.
    """
    pods, annotations = template(llama, plan.shape, live)
    spec = {
        "replicas": plan.replicas,
        "selector": {"matchLabels": pod_selector(llama.metadata.name)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": startup_seconds(plan.shape) + SCHEDULING_SECONDS,
        "template": pods,
    }
    return child(llama, "apps/v1", "Deployment", {"spec": spec}, annotations)
