"""The children of a LlamaDeployment, in the order in which they are applied.

What a pod refers to or is guarded by comes first; the Deployment that makes pods comes last.
"""

from typing import Any

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.plan import Plan
from llamafleet.rendering.deployment import deployment
from llamafleet.rendering.disruption import disruption_budget
from llamafleet.rendering.network import network_policy
from llamafleet.rendering.service import service
from llamafleet.rendering.serviceaccount import service_account


def children(llama: LlamaDeployment, plan: Plan, operator_namespace: str) -> tuple[dict[str, Any], ...]:
    """Every object that should exist for this resource and plan."""
    return (
        service_account(llama),
        network_policy(llama, plan.shape, operator_namespace),
        disruption_budget(llama),
        service(llama, is_open=plan.replicas > 0),
        deployment(llama, plan),
    )
