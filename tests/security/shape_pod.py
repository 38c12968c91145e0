"""Whether a pod can do no more than serve a model: what is not known to be harmless is a fault."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from security.expected import Fleet, Json
from security.shape_arguments import argument_faults

DEFAULTED: Final[Mapping[str, Any]] = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
}
"""What the API server adds by itself, as harmless as it is there."""

FIXED: Final[Mapping[str, Any]] = {
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "shareProcessNamespace": True,
}
KNOWN: Final = frozenset({"affinity", "containers", "securityContext", "tolerations", "volumes"})
OF_A_NODE: Final = frozenset({"nodeName"})
"""What the scheduler adds."""

POD_CONTEXT: Final[Mapping[str, Any]] = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTEXT: Final[Mapping[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
MOUNTS: Final[Mapping[str, str]] = {
    "weights": "/weights",
    "cache": "/cache",
    "tmp": "/tmp",  # noqa: S108 - a path in the pod
    "shm": "/dev/shm",  # noqa: S108 - likewise
}
HOST: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
CONTAINER: Final = frozenset(
    {
        "name",
        "image",
        "imagePullPolicy",
        "command",
        "args",
        "env",
        "ports",
        "resources",
        "securityContext",
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
        "lifecycle",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "volumeMounts",
    }
)


def pod_faults(pod: Json, fleet: Fleet) -> Iterator[str]:
    """What a pod's spec has that a fleet's must not have."""
    for key, value in pod.items():
        wanted = {**DEFAULTED, **FIXED, "serviceAccountName": fleet.name, "serviceAccount": fleet.name}
        if key in wanted and value != wanted[key]:
            yield f"{key} is {value!r}"
        elif key == "terminationGracePeriodSeconds":
            yield from [] if isinstance(value, int) else [f"{key} is {value!r}"]
        elif key not in {*wanted, *KNOWN, *OF_A_NODE}:
            yield f"a pod of a fleet has no {key}"
    missing = {*FIXED, "serviceAccountName"} - pod.keys()
    yield from (f"{key} is missing" for key in sorted(missing))
    if pod.get("securityContext") != POD_CONTEXT:
        yield f"its security context is {pod.get('securityContext')}"
    yield from _placement_faults(pod, fleet)
    yield from _volume_faults(pod.get("volumes", []), fleet)
    if len(pod.get("containers", ())) != 1:
        yield "it has not just one container"
    for container in pod.get("containers", ()):
        yield from container_faults(container, fleet)


def _placement_faults(pod: Json, fleet: Fleet) -> Iterator[str]:
    affinity = pod.get("affinity", {})
    if affinity.keys() != {"nodeAffinity"}:
        yield f"its affinity looks at {sorted(affinity)}"
    for key in _label_keys(affinity.get("nodeAffinity", {})):
        if key not in fleet.labels:
            yield f"it asks for a node by {key}"
    by_kubernetes = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}
    for toleration in pod.get("tolerations", ()):
        if toleration.get("key") not in fleet.taints | by_kubernetes:
            yield f"it tolerates {toleration}"


def _label_keys(node_affinity: Json) -> Iterator[str]:
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
    terms = list(required.get("nodeSelectorTerms", ()))
    terms += [
        one["preference"] for one in node_affinity.get("preferredDuringSchedulingIgnoredDuringExecution", ())
    ]
    for term in terms:
        yield from (one["key"] for kind in term.values() for one in kind)


def _volume_faults(volumes: list[Json], fleet: Fleet) -> Iterator[str]:
    if {one["name"] for one in volumes} != MOUNTS.keys():
        yield f"its volumes are {[one['name'] for one in volumes]}"
    for volume in volumes:
        match {key: value for key, value in volume.items() if key != "name"}:
            case {"emptyDir": dict()} as kind if len(kind) == 1:
                pass
            case {"persistentVolumeClaim": {"readOnly": True, "claimName": str(claim), **rest}} if not rest:
                yield from [f"a claim elsewhere: {claim}"] if "/" in claim else []
            case {"image": {"reference": str(), "pullPolicy": "IfNotPresent", **rest}} if not rest:
                pass
            case other:
                yield f"{fleet.name} has a volume {other}"


def container_faults(container: Json, fleet: Fleet) -> Iterator[str]:
    """What the serving container has that it must not have."""
    yield from (f"a container of a fleet has no {key}" for key in sorted(container.keys() - CONTAINER))
    if container.get("command") != ["vllm", "serve"]:
        yield f"its command is {container.get('command')}"
    yield from argument_faults(container.get("args", []))
    if container.get("securityContext") != CONTEXT:
        yield f"its security context is {container.get('securityContext')}"
    if container.get("ports") != [{"name": "http", "containerPort": 8000, "protocol": "TCP"}]:
        yield f"its ports are {container.get('ports')}"
    yield from _mount_faults(container.get("volumeMounts", []))
    yield from _environment_faults(container.get("env", []), fleet)
    yield from _resource_faults(container.get("resources", {}), fleet)
    yield from _action_faults(container)


def _mount_faults(mounts: list[Json]) -> Iterator[str]:
    for mount in mounts:
        if (
            mount.keys() - {"name", "mountPath", "readOnly"}
            or MOUNTS.get(mount["name"]) != mount["mountPath"]
        ):
            yield f"a mount {mount}"


def _environment_faults(variables: list[Json], fleet: Fleet) -> Iterator[str]:
    """Values are the operator's own; the one reference is to the Secret that the resource names."""
    for variable in variables:
        match variable:
            case {
                "name": "HF_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": name, "key": _, **more}, **other},
            }:
                if name not in fleet.secrets or more or other:
                    yield f"a value from {variable}"
            case {"name": str(), "value": str(value), **rest} if not rest and "$" not in value:
                pass
            case _:
                yield f"a variable {variable}"


def _resource_faults(resources: Json, fleet: Fleet) -> Iterator[str]:
    yield from (f"resources have {key}" for key in sorted(resources.keys() - {"requests", "limits"}))
    for side in ("requests", "limits"):
        extended = resources.get(side, {}).keys() - HOST
        if len(extended) != 1 or not extended <= fleet.devices:
            yield f"its {side} are for {sorted(extended)}"


def _action_faults(container: Json) -> Iterator[str]:
    """Probes ask the server for its health; the one program that runs beside it takes numbers alone."""
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container.get(name, {})
        get = {key: value for key, value in probe.get("httpGet", {}).items() if value != "HTTP"}
        if get != {"path": "/health", "port": "http"} or probe.keys() & {"exec", "tcpSocket", "grpc"}:
            yield f"its {name} is {probe}"
    match container.get("lifecycle"):
        case {"preStop": {"exec": {"command": ["python3", "-c", str(program), *words], **a}, **b}, **c}:
            if a or b or c or not all(word.isascii() and word.isdigit() for word in words):
                yield f"its last program gets {words}"
            if "shell" in program or "subprocess" in program or "os.system" in program:
                yield "its last program starts others"
        case other:
            yield f"its lifecycle is {other}"
