"""What the demo shows, step by step. Every line below a ``$`` is the real output of that command."""

import json
from typing import Any, Final

from demo.screen import heading, heartbeat, say, show
from fleet_operator import MANIFESTS
from testbed.cluster import Cluster
from testbed.errors import TestbedError
from testbed.wait import until

NAMESPACE: Final = "llamafleet-demo"
SAMPLES: Final = ("scout", "maverick")
CHILDREN: Final = "deployments,services,serviceaccounts,poddisruptionbudgets,networkpolicies,replicasets,pods"
OURS: Final = "app.kubernetes.io/managed-by=llamafleet"
GONE_SECONDS: Final = 120.0

POD_COLUMNS: Final = (
    "POD:.metadata.name,NODE:.spec.nodeName,GPUS:.spec.containers[0].resources.limits.nvidia\\.com/gpu,"
    "HOST MEMORY:.spec.containers[0].resources.requests.memory,READY:.status.containerStatuses[0].ready"
)


def tell(cluster: Cluster, ready_seconds: float) -> None:
    """Apply the samples, show what came of them, delete one, show that nothing is left of it.

    All of it happens in a namespace that is made here and deleted at the end. One that exists is left alone.

    Raises:
        TestbedError: something did not come true, or the namespace exists.
    """
    cluster.kubectl("create", "namespace", NAMESPACE)
    try:
        _apply(cluster)
        _wait_until_ready(cluster, ready_seconds)
        _explain(cluster)
        _delete_one(cluster)
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        say(f"the namespace {NAMESPACE} is being deleted; pods on real nodes may take minutes to drain")


def _apply(cluster: Cluster) -> None:
    heading("Two models are applied")
    for name in SAMPLES:
        path = MANIFESTS / "samples" / f"{name}.yaml"
        shown = f"kubectl apply -f manifests/samples/{name}.yaml"
        show(shown, cluster.kubectl("apply", f"--namespace={NAMESPACE}", "-f", str(path)))


def _wait_until_ready(cluster: Cluster, seconds: float) -> None:
    heading("The operator sizes them, and Kubernetes places their pods")
    with heartbeat(lambda: f"waiting: {_readiness(cluster)}") as beat:

        def ready() -> bool:
            beat()
            found = _readiness(cluster)
            return set(found) == set(SAMPLES) and all(status == "True" for status in found.values())

        until(ready, seconds, "both models to be Ready")
    say("both are Ready")


def _readiness(cluster: Cluster) -> dict[str, str]:
    items = cluster.get("llama", f"--namespace={NAMESPACE}")["items"]
    return {item["metadata"]["name"]: _condition(item, "Ready").get("status", "Unknown") for item in items}


def _condition(item: dict[str, Any], kind: str) -> dict[str, str]:
    conditions = item.get("status", {}).get("conditions", [])
    return next((condition for condition in conditions if condition["type"] == kind), {})


def _explain(cluster: Cluster) -> None:
    here = f"--namespace={NAMESPACE}"
    show("kubectl get llama", cluster.kubectl("get", "llama", here))
    columns = f"custom-columns={POD_COLUMNS}"
    show(
        "kubectl get pods -o custom-columns=…",
        cluster.kubectl("get", "pods", here, "-l", OURS, "-o", columns),
    )
    heading("Why this size? The status carries the arithmetic, and so does kubectl describe")
    for name in SAMPLES:
        path = "-o=jsonpath={.status.plan.explanation}"
        show(f"kubectl get llama {name} '{path}'", cluster.kubectl("get", "llama", name, here, path))


def _delete_one(cluster: Cluster) -> None:
    heading("One model is deleted, and nothing of it is left")
    name, here = SAMPLES[-1], f"--namespace={NAMESPACE}"
    show(f"kubectl delete llama {name}", cluster.kubectl("delete", "llama", name, here))
    label = f"llamafleet.io/deployment={name}"

    def nothing_left() -> bool:
        return not json.loads(cluster.kubectl("get", CHILDREN, here, "-l", label, "-o", "json"))["items"]

    until(nothing_left, GONE_SECONDS, f"every object of {name} to be gone")
    say(f"nothing is left of it: no {CHILDREN.replace(',', ', ')}")
    remaining = cluster.kubectl("get", "llama", here)
    show("kubectl get llama", remaining)
    if SAMPLES[0] not in remaining:
        message = f"{SAMPLES[0]} should have stayed."
        raise TestbedError(message)
