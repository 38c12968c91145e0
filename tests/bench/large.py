"""A thousand resources with ten pods each: they settle, one is edited, all rest, an operator starts anew."""

import asyncio
import math
from dataclasses import dataclass
from typing import Any, Final

from bench import edit, settle
from bench.fleet import keys, namespaces
from bench.settle import Settled
from bench.usage import age_seconds, cpu_seconds
from fleet_operator import OperatorProcess
from testbed.cluster import Cluster
from testbed.wait import until

PREFIX: Final = "large"
PODS_PER_NODE: Final = 100
"""Below the kubelet's own limit of 110, and each with a GPU: few nodes, whose heartbeats cost little."""

START_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large it is."""

    resources: int
    pods: int


@dataclass(frozen=True, slots=True)
class Start:
    """What another process needs to take over.

    Attributes:
        first: seconds from its start until its first reconcile was done.
        all: the same, until every resource was looked at.
        cpu: its processor seconds until then.
    """

    first: float
    all: float
    cpu: float


def add_nodes(cluster: Cluster, size: Size) -> None:
    """Nodes for all of its pods, and one for the edits."""
    cluster.add_gpu_nodes(
        math.ceil((size.resources * size.pods + 1) / PODS_PER_NODE),
        gpus=PODS_PER_NODE,
        cpu="2000",
        memory="16Ti",
        prefix=PREFIX,
    )


def settled(cluster: Cluster, operator: OperatorProcess, size: Size) -> Settled:
    """Create it, until everything is ready."""
    fleet = keys(PREFIX, size.resources)
    return asyncio.run(settle.ours(cluster.kubeconfig, fleet, operator, size.pods))


def edits(cluster: Cluster, size: Size, count: int) -> list[float]:
    """Seconds from an edit of its first resource until the Deployment follows, so many times."""
    return asyncio.run(edit.ours(cluster.kubeconfig, keys(PREFIX, 1)[0], count, size.pods))


def start(operator: OperatorProcess, size: Size) -> Start:
    """Another process, which has just begun, takes over."""
    first = _looked_at(operator, 1)
    every = _looked_at(operator, size.resources)
    return Start(first, every, cpu_seconds(operator.pid))


def pod(cluster: Cluster) -> dict[str, Any]:
    """One of its pods, as the API server sends it."""
    found = cluster.get("pods", f"--namespace={namespaces(PREFIX)[0]}", "--show-managed-fields")
    return dict(found["items"][0])


def _looked_at(operator: OperatorProcess, count: int) -> float:
    """The age of the process when so many reconciles were done."""
    until(
        lambda: operator.count("llamafleet_reconciles_total") >= count,
        START_SECONDS,
        f"{count} reconciles of a new process",
    )
    return age_seconds(operator.pid)
