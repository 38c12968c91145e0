"""Values that people would set: each is rendered, compared with its golden file, shown to an API server."""

from typing import Any, Final

EVERYTHING: Final[dict[str, Any]] = {
    "image": {"repository": "registry.example/llamafleet", "tag": "1", "digest": f"sha256:{'0123' * 16}"},
    "imagePullSecrets": [{"name": "registry"}],
    "commonLabels": {"team": "platform"},
    "replicas": 3,
    "operator": {
        "workers": 32,
        "lease": {"duration": 10},
        "prometheusUrl": "https://prometheus.monitoring.svc/base",
        "catalogue": "gpus:\n  a100-80gb:\n    hourlyUsd: '1.00'\n",
    },
    "resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [
        {"key": "control", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3_000_000}
    ],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "gpu", "operator": "NotIn", "values": ["true"]}]}
                ]
            }
        }
    },
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"team": "platform"}},
        },
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"},
    ],
    "priorityClassName": "system-cluster-critical",
    "podAnnotations": {"example.com/note": "one"},
    "podLabels": {"example.com/part": "operator"},
    "runAsUser": None,
    "serviceAccount": {"name": "fleets", "annotations": {"example.com/note": "two"}},
    "podDisruptionBudget": {"maxUnavailable": "50%"},
    "networkPolicy": {
        "monitoringNamespaceLabels": {"kubernetes.io/metadata.name": "monitoring"},
        "apiServerPorts": [8443],
    },
    "waker": {
        "enabled": True,
        "replicas": 4,
        "maxHeldBytes": 1_073_741_824,
        "graceSeconds": 600,
        "resources": {"limits": {"memory": "4Gi"}},
        "podLabels": {"example.com/part": "waker"},
        "priorityClassName": "system-cluster-critical",
    },
    "gpuPools": {
        "h100": {
            "gpu": "h100-80gb",
            "gpusPerNode": 8,
            "nodeSelector": {"team": "research"},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "hostMemoryPerGpu": "144Gi",
            "price": {"onDemand": "2.50", "spot": "0.90"},
        },
        "l4": {"gpu": "l4"},
    },
    "flowSchema": {"enabled": True},
    "admissionPolicy": {
        "enabled": True,
        "registries": ["registry.example", "other.example/team"],
        "requireDigest": True,
    },
    "monitoring": {
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "rules": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboards": {"enabled": True},
    },
}

NAMESPACED: Final[dict[str, Any]] = {"namespaces": ["team-a", "team-b"]}

NAMESPACED_WITH_ALL: Final[dict[str, Any]] = {
    **NAMESPACED,
    "waker": {"enabled": True},
    "admissionPolicy": {"enabled": True},
}

SHARD: Final[dict[str, Any]] = {"namespaces": ["team-c"], "carryOver": {"create": False}}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "defaults": {},
    "everything": EVERYTHING,
    "namespaced": NAMESPACED,
    "namespaced-with-all": NAMESPACED_WITH_ALL,
    "second-shard": SHARD,
}

RELEASES: Final = {"second-shard": "llamafleet-b"}
"""What the release of an example is called, where it is not llamafleet."""
