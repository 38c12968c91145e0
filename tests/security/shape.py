"""Whether an object is one that the operator may make for a fleet: the checker of all tests in this folder.

It is a list of what is allowed, so that a field which nobody thought of is a fault. It judges what the
operator asks for and what the API server made of it: fields that the server adds by itself are known.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from security.expected import MODEL_SERVER, PREFIX, Fleet, Json, selector
from security.shape_network import policy_faults
from security.shape_pod import pod_faults

SERVERS: Final = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "generateName"}
)
"""What the API server writes into every metadata."""

OWN_ANNOTATIONS: Final = frozenset(
    {f"{PREFIX}applied", f"{PREFIX}pod-template", f"{PREFIX}pod-template-seal"}
)
OF_CONTROLLERS: Final = frozenset({"deployment.kubernetes.io/revision"})
SLICE_LABELS: Final = frozenset({"kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"})


def faults(raw: Json, fleet: Fleet) -> list[str]:
    """What is wrong with an object that was made for this fleet; each sentence begins with the object."""
    kind = raw["kind"]
    check = BY_KIND.get(kind)
    if check is None:
        return [f"{kind}: nothing of this kind belongs to a fleet"]
    found = [*_metadata_faults(raw, fleet), *check(raw, fleet)]
    return [f"{kind} {fleet.namespace}/{fleet.name}: {fault}" for fault in found]


def live_pod_faults(raw: Json, fleet: Fleet) -> list[str]:
    """What is wrong with a pod that came of it."""
    metadata = raw["metadata"]
    own = {one["kind"] for one in metadata["ownerReferences"]} == {"ReplicaSet"}
    found = [*([] if own else ["no ReplicaSet owns it"]), *pod_faults(raw["spec"], fleet)]
    if metadata["namespace"] != fleet.namespace:
        found.append(f"it is in {metadata['namespace']}")
    return [f"Pod {metadata['name']}: {fault}" for fault in found]


def _labels(name: str) -> Json:
    return {
        "app.kubernetes.io/name": MODEL_SERVER,
        "app.kubernetes.io/managed-by": "llamafleet",
        f"{PREFIX}deployment": name,
    }


def _metadata_faults(raw: Json, fleet: Fleet) -> Iterator[str]:
    metadata, is_slice = raw["metadata"], raw["kind"] == "EndpointSlice"
    if metadata.get("namespace") != fleet.namespace:
        yield f"it is in {metadata.get('namespace')}"
    if metadata["name"] != (f"{fleet.name}-waker" if is_slice else fleet.name):
        yield f"it is called {metadata['name']}"
    labels = {
        key: value
        for key, value in metadata.get("labels", {}).items()
        if not (is_slice and key in SLICE_LABELS)
    }
    if labels != _labels(fleet.name):
        yield f"its labels are {labels}"
    foreign = metadata.get("annotations", {}).keys() - OWN_ANNOTATIONS - OF_CONTROLLERS
    yield from (f"an annotation {key}" for key in sorted(foreign))
    yield from (
        f"metadata has {key}"
        for key in sorted(
            metadata.keys() - SERVERS - {"name", "namespace", "labels", "annotations", "ownerReferences"}
        )
    )
    yield from _owner_faults(metadata.get("ownerReferences", []), fleet)


def _owner_faults(owners: list[Json], fleet: Fleet) -> Iterator[str]:
    wanted = {
        "apiVersion": "llamafleet.io/v1alpha1",
        "kind": "LlamaDeployment",
        "name": fleet.name,
        "uid": fleet.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    if owners != [wanted]:
        yield f"its owners are {owners}"


def _service_account(raw: Json, _fleet: Fleet) -> Iterator[str]:
    if raw.get("automountServiceAccountToken") is not False:
        yield "its token is mounted"
    extra = raw.keys() - {"apiVersion", "kind", "metadata", "automountServiceAccountToken"}
    yield from (f"it has {key}" for key in sorted(extra))


CLUSTERS: Final[Mapping[str, Any]] = {
    "type": "ClusterIP",
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "ipFamilyPolicy": "SingleStack",
}
"""What the API server adds to the spec of a Service, beside its addresses."""


def _service(raw: Json, fleet: Fleet) -> Iterator[str]:
    spec = raw["spec"]
    wanted = {**selector(fleet), "app.kubernetes.io/name": MODEL_SERVER}
    if {key: value for key, value in spec["selector"].items() if key != f"{PREFIX}closed"} != wanted:
        yield f"it selects {spec['selector']}"
    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}
    if spec["ports"] != [port]:
        yield f"its ports are {spec['ports']}"
    for key, value in spec.items():
        if (
            key not in {"selector", "ports", "clusterIP", "clusterIPs", "ipFamilies"}
            and CLUSTERS.get(key) != value
        ):
            yield f"{key} is {value!r}"


def _budget(raw: Json, fleet: Fleet) -> Iterator[str]:
    if raw["spec"].get("selector") != {"matchLabels": selector(fleet)}:
        yield f"it selects {raw['spec'].get('selector')}"


def _deployment(raw: Json, fleet: Fleet) -> Iterator[str]:
    spec = raw["spec"]
    known = {
        "replicas",
        "selector",
        "strategy",
        "revisionHistoryLimit",
        "progressDeadlineSeconds",
        "template",
    }
    yield from (f"its spec has {key}" for key in sorted(spec.keys() - known))
    if spec["selector"] != {"matchLabels": selector(fleet)}:
        yield f"it selects {spec['selector']}"
    metadata = spec["template"]["metadata"]
    if metadata.get("labels") != _labels(fleet.name):
        yield f"the labels of its pods are {metadata.get('labels')}"
    foreign = metadata.get("annotations", {}).keys() - {f"{PREFIX}pool", f"{PREFIX}gpus"}
    yield from (f"its pods have an annotation {key}" for key in sorted(foreign))
    yield from pod_faults(spec["template"]["spec"], fleet)


def _slice(raw: Json, fleet: Fleet) -> Iterator[str]:
    labels = raw["metadata"].get("labels", {})
    if {labels.get(key) for key in SLICE_LABELS} != {fleet.name, "llamafleet"}:
        yield f"it is for {labels}"
    for port in raw.get("ports") or ():
        if not 20000 <= port["port"] < 30000:
            yield f"it leads to port {port['port']}"
    yield from (
        "it names a host"
        for one in raw.get("endpoints") or ()
        if one.keys() & {"targetRef", "hostname", "nodeName"}
    )


BY_KIND: Final[Mapping[str, Callable[[Json, Fleet], Iterator[str]]]] = {
    "ServiceAccount": _service_account,
    "Service": _service,
    "PodDisruptionBudget": _budget,
    "NetworkPolicy": policy_faults,
    "Deployment": _deployment,
    "EndpointSlice": _slice,
}
