"""The cluster of the attempts: a tenant with one right, others in its namespace, a quota, wakers, nodes."""

from pathlib import Path
from typing import Any, Final

from fleet_operator import MANIFESTS, NAMESPACE
from llamafleet.api.names import NAME_LABEL, WAKER_MANAGEMENT_PORT, WAKER_NAME
from testbed.cluster import SERVED_SECONDS
from testbed.control_plane import ControlPlane
from testbed.wait import until

Json = dict[str, Any]

HERE: Final = "team-a"
"""Where the tenant may make LlamaDeployments."""

THERE: Final = "team-b"
"""Where somebody honest works."""

TENANT: Final = "mallory"
VERBS: Final = "create,get,list,watch,update,patch,delete,deletecollection"
GPUS: Final = 12
"""What the tenant may have of them: without a quota it could have all."""

REVISION: Final = "deployment.kubernetes.io/revision"
"""What the controller writes into every Deployment."""

STRICT: Final = "pod-security.kubernetes.io/enforce=restricted"

OTHERS: Final = (
    ("serviceaccount", "default"),
    ("serviceaccount", "builder"),
    ("service", "shop-service"),
    ("deployment", "shop-deployment"),
    ("networkpolicy", "shop-policy"),
    ("poddisruptionbudget", "shop-budget"),
    ("endpointslice", "shop-slice-waker"),
    ("secret", "builder-token"),
)
"""What is in the tenant's namespace and is not the tenant's, by kind and name."""


def furnish(cluster: ControlPlane) -> Path:
    """Make the place, on a cluster with our kinds and rights; the kubeconfig of the tenant."""
    cluster.kubectl("apply", "--server-side", "-f", str(MANIFESTS / "admission" / "operator.yaml"))
    for name in (HERE, THERE):
        cluster.kubectl("create", "namespace", name)
        cluster.kubectl("label", "namespace", name, STRICT)
    cluster.apply(*_others(), _quota(), _wakers())
    of_builder = ("builder", "--clusterrole=admin", f"--serviceaccount={HERE}:builder")
    of_tenant = (TENANT, f"--verb={VERBS}", "--resource=llamadeployments.llamafleet.io")
    cluster.kubectl("create", "rolebinding", *of_builder, f"--namespace={HERE}")
    cluster.kubectl("create", "role", *of_tenant, f"--namespace={HERE}")
    bound = (f"--role={TENANT}", f"--user={TENANT}")
    cluster.kubectl("create", "rolebinding", TENANT, *bound, f"--namespace={HERE}")
    until(lambda: _is_settled(cluster), SERVED_SECONDS, "Kubernetes' own controllers to be done")
    path = cluster.folder / f"{TENANT}.kubeconfig"
    cluster.write_kubeconfig(path, TENANT, "tenants")
    return path


def state_of_others(cluster: ControlPlane) -> dict[str, str]:
    """What the objects of others are now; their status aside."""
    found = {}
    for kind, name in OTHERS:
        raw = cluster.get(kind, name, f"--namespace={HERE}")
        metadata = {
            key: raw["metadata"].get(key) for key in ("uid", "labels", "annotations", "ownerReferences")
        }
        found[f"{kind} {name}"] = str({**raw, "metadata": metadata, "status": None})
    return found


def _is_settled(cluster: ControlPlane) -> bool:
    """Whether the controllers have written what they write here: later it would look like somebody's work."""
    here = f"--namespace={HERE}"
    accounts = {one["metadata"]["name"] for one in cluster.get("serviceaccounts", here)["items"]}
    assert "default" in accounts, accounts
    secret = cluster.get("secret", "builder-token", here)
    assert "token" in secret.get("data", {}), "the account with rights has no token"
    shop = cluster.get("deployment", "shop-deployment", here)["metadata"]
    assert REVISION in shop.get("annotations", {}), shop
    quota = cluster.get("resourcequota", "gpus", here)
    assert quota.get("status", {}).get("hard"), "the quota does not hold yet"
    return True


def _head(api_version: str, kind: str, name: str, **metadata: Any) -> Json:
    place = {"name": name, "namespace": HERE, **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": place}


def _others() -> list[Json]:
    """What others have there: an account with rights and its token, and one object of each kind of child."""
    selector = {"matchLabels": {"app": "shop"}}
    token = {"kubernetes.io/service-account.name": "builder"}
    pods = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "a", "image": "shop"}]}}
    return [
        _head("v1", "ServiceAccount", "builder"),
        {
            **_head("v1", "Secret", "builder-token", annotations=token),
            "type": "kubernetes.io/service-account-token",
        },
        {
            **_head("v1", "Service", "shop-service"),
            "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]},
        },
        {
            **_head("apps/v1", "Deployment", "shop-deployment"),
            "spec": {"replicas": 0, "selector": selector, "template": pods},
        },
        {
            **_head("networking.k8s.io/v1", "NetworkPolicy", "shop-policy"),
            "spec": {"podSelector": selector, "policyTypes": ["Ingress"]},
        },
        {
            **_head("policy/v1", "PodDisruptionBudget", "shop-budget"),
            "spec": {"selector": selector, "maxUnavailable": 1},
        },
        {
            **_head("discovery.k8s.io/v1", "EndpointSlice", "shop-slice-waker"),
            "addressType": "IPv4",
            "endpoints": [],
            "ports": [],
        },
    ]


def _quota() -> Json:
    return {**_head("v1", "ResourceQuota", "gpus"), "spec": {"hard": {"requests.nvidia.com/gpu": str(GPUS)}}}


def _wakers() -> Json:
    """A Service of wakers with one address, so that the operator leads fleets that sleep there."""
    labels = {"kubernetes.io/service-name": WAKER_NAME, NAME_LABEL: WAKER_NAME}
    metadata = {"name": f"{WAKER_NAME}-1", "namespace": NAMESPACE, "labels": labels}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.255.1"], "conditions": {"ready": True}}],
        "ports": [{"name": "management", "port": WAKER_MANAGEMENT_PORT, "protocol": "TCP"}],
    }
