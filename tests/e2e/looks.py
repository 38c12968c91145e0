"""What a user sees of an operator that is installed in the cluster, as a pod of its real node."""

import json
import re
from typing import Any

from fleet_operator import ACCOUNT, NAMESPACE
from llamafleet.api.names import CARRY_OVER_NAME, OPERATOR_NAME, WAKER_NAME
from llamas import SETTLE_SECONDS
from testbed.cluster import Cluster
from testbed.real_node_files import NAME
from testbed.wait import until

OURS = f"app.kubernetes.io/name={OPERATOR_NAME}"
ALL_OF_OURS = f"app.kubernetes.io/name in ({OPERATOR_NAME}, {WAKER_NAME})"
HERE = f"--namespace={NAMESPACE}"
POD_SECURITY = "pod-security.kubernetes.io/enforce"
QUIET = {"DEBUG", "INFO"}
LATE = re.compile(r"the lease (was not renewed|cannot be had): .*Timeout")
"""A request about the lease may take one second, and on a busy machine some take longer: that is what the
next attempt is for. Whoever loses the lease by it ends, and its container has been started again."""


def operators(cluster: Cluster, label: str = OURS) -> list[dict[str, Any]]:
    """The pods of the operator, those on their way out, too."""
    found: list[dict[str, Any]] = cluster.get("pods", HERE, "-l", label)["items"]
    return found


def uids(cluster: Cluster) -> set[str]:
    """Which pods of the operator there are; one that was replaced is another."""
    return {pod["metadata"]["uid"] for pod in operators(cluster)}


def wait_for_others(cluster: Cluster, before: set[str]) -> None:
    """Wait until every pod of the operator is another one."""
    until(lambda: uids(cluster).isdisjoint(before), SETTLE_SECONDS, "the operator of before to be gone")


def expect_well(cluster: Cluster) -> None:
    """Two operators run as they are shipped, and nothing has ever gone wrong with them."""
    labels = cluster.get("namespace", NAMESPACE)["metadata"]["labels"]
    assert labels[POD_SECURITY] == "restricted", (
        "the API server enforces the restricted rules on what runs here"
    )
    pods = [pod for pod in operators(cluster) if "deletionTimestamp" not in pod["metadata"]]
    assert len(pods) == 2
    for pod in pods:
        spec, (container,) = pod["spec"], pod["status"]["containerStatuses"]
        assert (spec["serviceAccountName"], spec["nodeName"]) == (ACCOUNT, NAME)
        assert container["ready"], container
        assert container["restartCount"] == 0, container
        assert complaints(cluster, pod["metadata"]["name"]) == []


def complaints(cluster: Cluster, pod: str) -> list[str]:
    """The lines of its log that are no plain news, and not about a busy machine."""
    lines = cluster.kubectl("logs", pod, HERE).splitlines()
    return [line for line in lines if json.loads(line)["level"] not in QUIET and not LATE.search(line)]


def accounts(cluster: Cluster) -> dict[str, str]:
    """The accounts of fleets that were deleted, by namespace and name."""
    found: dict[str, str] = cluster.get("configmap", CARRY_OVER_NAME, HERE).get("data", {})
    return found
