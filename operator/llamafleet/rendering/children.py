"""The children of a LlamaDeployment, in the order in which they are applied.

What a pod refers to or is guarded by comes first; the Deployment that makes pods comes last.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.plan import Plan
from llamafleet.rendering.deployment import deployment
from llamafleet.rendering.disruption import disruption_budget
from llamafleet.rendering.network import network_policy
from llamafleet.rendering.service import service
from llamafleet.rendering.serviceaccount import service_account


def children(
    llama: LlamaDeployment,
    plan: Plan,
    operator_namespace: str,
    wakers: Sequence[dict[str, Any]] = (),
    live: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], ...]:
    """Every object that should exist for this resource and plan.

    Args:
        llama: the resource.
        plan: what was decided.
        operator_namespace: where the operator runs, and the wakers.
        wakers: the slice that leads to the wakers, where there are any. It comes before the Service and the
            Deployment: when a fleet goes to sleep, its requests have another way before its pods end.
        live: the Deployment of this resource as it is; None: there is none.
    """
    return (
        service_account(llama),
        network_policy(llama, plan.shape, operator_namespace),
        disruption_budget(llama),
        *wakers,
        service(llama, is_open=plan.replicas > 0),
        deployment(llama, plan, live),
    )
