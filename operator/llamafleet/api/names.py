"""Every name that llamafleet gives to something in a cluster, each built in one place.

Label keys, annotation keys, object names and port names live here and nowhere else, so that
the code that writes a name and the code that looks for it can never disagree.
"""

from typing import Final

GROUP: Final = "llamafleet.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

FIELD_MANAGER: Final = "llamafleet"
"""The name under which server-side apply records our fields."""

NAME_LABEL: Final = "app.kubernetes.io/name"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
DEPLOYMENT_LABEL: Final = f"{GROUP}/deployment"
"""On every child and pod: the name of the LlamaDeployment that it belongs to."""

CLIENT_NAMESPACE_LABEL: Final = f"{GROUP}/client"
"""A namespace labelled ``llamafleet.io/client: "true"`` may send requests to fleets of other namespaces."""

OPERATOR_NAME: Final = "llamafleet"
MODEL_SERVER: Final = "vllm"

APPLIED_ANNOTATION: Final = f"{GROUP}/applied"
"""On every child: a digest of what we last asked for. A difference means that our intent changed."""

TEMPLATE_ANNOTATION: Final = f"{GROUP}/pod-template"
"""On a Deployment: the pod template that we asked for, as JSON."""

TEMPLATE_SEAL_ANNOTATION: Final = f"{GROUP}/pod-template-seal"
"""On a Deployment: a digest of that template and of the wishes that it was made for."""

RENEW_ANNOTATION: Final = f"{GROUP}/renew"
"""On a LlamaDeployment: a change of its value replaces the pods, one after the other, by what this release of
the operator makes. Any text will do, such as a date."""

CLOSED_LABEL: Final = f"{GROUP}/closed"
"""On no pod. A Service that asks for it leads nowhere."""

POOL_ANNOTATION: Final = f"{GROUP}/pool"
"""On every pod: the GpuPool that it was made for, which gives its price."""

GPUS_ANNOTATION: Final = f"{GROUP}/gpus"
"""On every pod: how many GPUs it holds."""

RESTING_SERVER: Final = "vllm-resting"
"""In the place of ``vllm``, as the ``app.kubernetes.io/name`` of a pod that gets no new requests. Every pod
has had that label since the first release, and nothing that makes pods selects by it: so nothing restarts."""

RESTING_ANNOTATION: Final = f"{GROUP}/resting-since"
"""On a pod that rests: since when, UTC."""

DELETION_COST_ANNOTATION: Final = "controller.kubernetes.io/pod-deletion-cost"
"""Kubernetes' own, on a pod: a ReplicaSet that shrinks takes the pods of the lowest cost first, among those
that are alike in being bound, running and ready. Absent: 0."""

OPEN_UNTIL_ANNOTATION: Final = f"{GROUP}/open-until"
"""On a LlamaDeployment: keep it open until this instant, whatever its schedule says."""

CLOSED_UNTIL_ANNOTATION: Final = f"{GROUP}/closed-until"
"""On a LlamaDeployment: keep it closed until this instant, whatever its schedule says."""

CARRY_OVER_NAME: Final = "llamafleet-carry-over"
"""The ConfigMap beside the operator that holds the accounts of deleted resources."""

LEASE_NAME: Final = "llamafleet"
"""The Lease beside the operator that says which of its processes works."""

LEASE_NAMESPACES_ANNOTATION: Final = f"{GROUP}/namespaces"
"""On the lease of an operator: the namespaces that it works in, with commas between; ``*``: all of them."""

REPORTING_CONTROLLER: Final = f"{GROUP}/operator"
"""Who our Events come from."""

SERVING_CONTAINER: Final = "vllm"
SERVING_PORT: Final = 8000
SERVING_PORT_NAME: Final = "http"

SERVICE_NAME_LABEL: Final = "kubernetes.io/service-name"
"""On every EndpointSlice: the Service that it belongs to."""

SLICE_MANAGER_LABEL: Final = "endpointslice.kubernetes.io/managed-by"
"""On every EndpointSlice: who writes it. Nobody touches the slices of another."""

SLICE_CONTROLLER: Final = "endpointslice-controller.k8s.io"
"""Kubernetes' own writer of slices, which lists the pods that a Service selects."""

SLICE_MANAGER: Final = FIELD_MANAGER
"""We, on the slices by which a Service leads to the waker."""

WAKER_NAME: Final = "llamafleet-waker"
"""The waker's Deployment, its headless Service and its service account, in the operator's namespace."""

WAKER_MANAGEMENT_PORT: Final = 9090
"""Where a waker says what it holds (``/held``), how it fares (``/metrics``) and whether it is well."""

WAKER_HELD_PATH: Final = "/held"
"""On the management port: a JSON object of the requests that wait now, by ``NAMESPACE/NAME``."""

WAKER_FIRST_PORT: Final = 20000
WAKER_END_PORT: Final = 30000
"""The waker has a port for each fleet: from the first one up to, and without, the end."""


def child_labels(deployment: str) -> dict[str, str]:
    """The labels of every object that we create for the LlamaDeployment of that name.

    ``app.kubernetes.io/instance`` is left out on purpose: Argo CD with label tracking would take
    an object that carries it for its own and prune it.
    """
    return {
        NAME_LABEL: MODEL_SERVER,
        MANAGED_BY_LABEL: FIELD_MANAGER,
        DEPLOYMENT_LABEL: deployment,
    }


def pod_selector(deployment: str) -> dict[str, str]:
    """The labels that select the pods of one LlamaDeployment: a fixed set, never a user's own."""
    return {MANAGED_BY_LABEL: FIELD_MANAGER, DEPLOYMENT_LABEL: deployment}


def serving_selector(deployment: str) -> dict[str, str]:
    """The labels that select those of them that get requests: all but the ones that rest."""
    return {**pod_selector(deployment), NAME_LABEL: MODEL_SERVER}


def selector_text(labels: dict[str, str]) -> str:
    """A label selector in its text form, as the scale subresource and list calls want it."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def waker_slice_name(deployment: str) -> str:
    """The slice by which that fleet's Service leads to the waker.

    It is never a name of the slice controller's: the suffixes that it draws have no vowels.
    """
    return f"{deployment}-waker"


def waker_slice_labels(deployment: str) -> dict[str, str]:
    """The labels of that slice."""
    return {
        **child_labels(deployment),
        SERVICE_NAME_LABEL: deployment,
        SLICE_MANAGER_LABEL: SLICE_MANAGER,
    }
