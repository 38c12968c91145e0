"""A thousand resources with ten pods each: they settle, one is edited, all rest, an operator starts anew."""

import asyncio
import math
from dataclasses import dataclass
from typing import Any, Final

from bench import edit, quiet, settle
from bench.fleet import keys, namespaces
from bench.quiet import Quiet
from bench.settle import Settled
from bench.usage import age_seconds, cpu_seconds
from fleet_operator import OperatorProcess, running_operator
from testbed.cluster import Cluster
from testbed.wait import until

PREFIX: Final = "large"
PODS_PER_NODE: Final = 100
"""Below the kubelet's own limit of 110, and each with a GPU: few nodes, whose heartbeats cost little."""

START_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large it is, and for how long it is looked at."""

    resources: int
    pods: int
    edits: int
    quiet_seconds: float


@dataclass(frozen=True, slots=True)
class Large:
    """What it took.

    Attributes:
        settled: until everything was ready.
        edits: seconds from an edit until the Deployment followed.
        calm: while nothing happened.
        first: seconds from the start of a process until its first reconcile was done.
        all: the same, until every resource was looked at.
        start_cpu: processor seconds of that process until then.
        pod: one of the pods, as the API server sends it.
    """

    settled: Settled
    edits: list[float]
    calm: Quiet
    first: float
    all: float
    start_cpu: float
    pod: dict[str, Any]


def measure(cluster: Cluster, size: Size) -> Large:
    """Everything, one after the other, on a control plane that does nothing else."""
    cluster.add_gpu_nodes(
        math.ceil((size.resources * size.pods + 1) / PODS_PER_NODE),
        gpus=PODS_PER_NODE,
        cpu="2000",
        memory="16Ti",
        prefix="large",
    )
    fleet = keys(PREFIX, size.resources)
    with running_operator(cluster) as operator:
        settled = asyncio.run(settle.ours(cluster.kubeconfig, fleet, operator, size.pods))
        edits = asyncio.run(edit.ours(cluster.kubeconfig, fleet[0], size.edits, size.pods))
        calm = quiet.measure(operator, size.quiet_seconds)
    with running_operator(cluster) as operator:
        first = _looked_at(operator, 1)
        every = _looked_at(operator, size.resources)
        used = cpu_seconds(operator.pid)
    found = cluster.get("pods", f"--namespace={namespaces(PREFIX)[0]}", "--show-managed-fields")
    return Large(settled, edits, calm, first, every, used, found["items"][0])


def _looked_at(operator: OperatorProcess, count: int) -> float:
    """The age of the process when so many reconciles were done."""
    until(
        lambda: operator.count("llamafleet_reconciles_total") >= count,
        START_SECONDS,
        f"{count} reconciles of a new process",
    )
    return age_seconds(operator.pid)
