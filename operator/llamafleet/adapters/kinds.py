"""The kinds of objects that we read or write, and their paths at the API server."""

from dataclasses import dataclass
from typing import Final

from llamafleet.api.names import (
    API_VERSION,
    FIELD_MANAGER,
    MANAGED_BY_LABEL,
    NAME_LABEL,
    OPERATOR_NAME,
    SERVICE_NAME_LABEL,
    SLICE_MANAGER,
    SLICE_MANAGER_LABEL,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        api_version: ``v1`` or ``group/version``.
        name: the kind itself, such as ``Deployment``.
        plural: its name in paths, such as ``deployments``.
        namespaced: whether its objects live in namespaces.
        selector: the labels, in text form, by which ours are told from all others.
    """

    api_version: str
    name: str
    plural: str
    namespaced: bool = True
    selector: str = f"{MANAGED_BY_LABEL}={FIELD_MANAGER}"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """The path of the collection, of one namespace's collection, or of one object."""
        prefix = "api" if "/" not in self.api_version else "apis"
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"/{prefix}/{self.api_version}{scope}/{self.plural}" + (f"/{name}" if name else "")


LLAMA_DEPLOYMENT: Final = Kind(API_VERSION, "LlamaDeployment", "llamadeployments")
GPU_POOL: Final = Kind(API_VERSION, "GpuPool", "gpupools", namespaced=False)
POD: Final = Kind("v1", "Pod", "pods")
CONFIG_MAP: Final = Kind("v1", "ConfigMap", "configmaps")
NODE: Final = Kind("v1", "Node", "nodes", namespaced=False)
EVENT: Final = Kind("v1", "Event", "events")
LEASE: Final = Kind("coordination.k8s.io/v1", "Lease", "leases", selector=f"{NAME_LABEL}={OPERATOR_NAME}")
"""The leases of operators, by the label that everything of the operator's own has."""

CHILDREN: Final = (
    Kind("v1", "ServiceAccount", "serviceaccounts"),
    Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    Kind("v1", "Service", "services"),
    Kind("apps/v1", "Deployment", "deployments"),
)
"""Every kind that ``rendering`` makes. A kind that is missing here cannot be applied: the look-up fails."""

WAKER_SLICE: Final = Kind(
    "discovery.k8s.io/v1",
    "EndpointSlice",
    "endpointslices",
    selector=f"{SLICE_MANAGER_LABEL}={SLICE_MANAGER}",
)
"""One more child, where there is a waker. The slices that Kubernetes makes for our Services carry the labels
of these, so only the label of the writer tells ours from them."""

CHILD_BY_NAME: Final = {kind.name: kind for kind in (*CHILDREN, WAKER_SLICE)}


def slices_of(service: str) -> Kind:
    """The EndpointSlices of the Services of one name."""
    return Kind(
        "discovery.k8s.io/v1", "EndpointSlice", "endpointslices", selector=f"{SERVICE_NAME_LABEL}={service}"
    )
