"""Attempts by fields that the kind does not have, by metadata, by names, and by sheer size."""

from typing import Any, Final

from security.attempts import Attempt, Json, flags, llama, serving

UNKNOWN: Final = 'unknown field "spec.'

FIELDS: Final[dict[str, Json]] = {
    "the host's network": {"serving": {"hostNetwork": True}},
    "the host's processes": {"serving": {"hostPID": True}},
    "a folder of the host": {"serving": {"volumes": [{"name": "r", "hostPath": {"path": "/"}}]}},
    "privileges": {"serving": {"securityContext": {"privileged": True}}},
    "the account of somebody else": {"serving": {"serviceAccountName": "builder"}},
    "a token of an account": {"serving": {"automountServiceAccountToken": True}},
    "variables": {"serving": {"env": [{"name": "LD_PRELOAD", "value": "/weights/x.so"}]}},
    "variables of a Secret": {"serving": {"envFrom": [{"secretRef": {"name": "others"}}]}},
    "a command": {"serving": {"command": ["sh", "-c", "reboot"]}},
    "a program at the start": {"serving": {"lifecycle": {"postStart": {"exec": {"command": ["sh"]}}}}},
    "a container beside it": {"serving": {"sidecars": [{"name": "x", "image": "x"}]}},
    "a container before it": {"initContainers": [{"name": "x", "image": "x"}]},
    "pull secrets of others": {"serving": {"imagePullSecrets": [{"name": "others"}]}},
    "another runtime": {"serving": {"runtimeClassName": "host"}},
    "the priority of a system": {"serving": {"priorityClassName": "system-node-critical"}},
    "a whole template": {"template": {"spec": {"hostPID": True}}},
    "a patch of the template": {"podTemplateOverrides": {"spec": {"hostPID": True}}},
    "a node by name": {"gpu": {"nodeName": "control-plane"}},
    "nodes by a selector": {"gpu": {"nodeSelector": {"node-role.kubernetes.io/control-plane": ""}}},
    "every taint": {"gpu": {"tolerations": [{"operator": "Exists"}]}},
    "a nearness to pods": {"gpu": {"affinity": {"podAffinity": {}}}},
    "another device": {"gpu": {"resourceName": "rdma/hca"}},
    "a price of one's own": {"cost": {"pricePerHour": "0", "hourlyLimit": "9"}},
    "an address for metrics": {"scaling": {"metricsUrl": "http://169.254.169.254/latest"}},
    "a Prometheus of one's own": {"scaling": {"prometheus": {"url": "http://evil.example"}}},
    "a Service on every node": {"service": {"type": "NodePort"}},
    "labels for the pods": {"podLabels": {"app": "shop"}},
    "annotations for the pods": {"podAnnotations": {"sidecar.istio.io/inject": "true"}},
    "another namespace": {"namespace": "kube-system"},
    "an account in the spec": {"serviceAccount": {"create": False, "name": "builder"}},
}

REFUSED_FORMS: Final = {
    **{what: Attempt(llama(**one), UNKNOWN) for what, one in FIELDS.items()},
    "a name that no label holds": Attempt(llama({"name": "a" * 64}), "metadata.name"),
    "a name of other letters": Attempt(llama({"name": "ll\u0430ma"}), "metadata.name"),
    "a name that is a path": Attempt(llama({"name": "../kube-system/x"}), "metadata.name"),
    "a name with a slash": Attempt(llama({"name": "kube-system/x"}), "metadata.name"),
    "a name with a dot": Attempt(llama({"name": "a.b"}), "metadata.name"),
    "a name in capitals": Attempt(llama({"name": "Llama"}), "metadata.name"),
    "a name that begins with a digit": Attempt(llama({"name": "0x"}), "metadata.name"),
    "a name that is an option": Attempt(llama({"name": "--help"}), "metadata.name"),
    "a name with a line break": Attempt(llama({"name": "a\nb"}), "metadata.name"),
    "another namespace by metadata": Attempt(llama({"namespace": "kube-system"}), "namespace"),
    "more than the store holds": Attempt(llama({"annotations": {"a": "x" * 4_000_000}}), "large"),
    "annotations without end": Attempt(llama({"annotations": {"a": "x" * 300_000}}), "metadata.annotations"),
    "a label with a line break": Attempt(llama({"labels": {"a": "b\nc"}}), "metadata.labels"),
    "a label key that is a path": Attempt(llama({"labels": {"../a": "b"}}), "metadata.labels"),
    "an owner without a uid": Attempt(
        llama({"ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "a", "uid": ""}]}),
        "metadata.ownerReferences",
    ),
    "a finalizer that is no name": Attempt(llama({"finalizers": ["a b"]}), "metadata.finalizers"),
    "pools with a slash": Attempt(llama(gpu={"pools": ["team-b/own"]}), "spec.gpu.pools[0]"),
    "pools that are an option": Attempt(llama(gpu={"pools": ["--all"]}), "spec.gpu.pools[0]"),
    "pools without number": Attempt(llama(gpu={"pools": [f"p{n}" for n in range(999)]}), "spec.gpu.pools"),
    "GPUs without number": Attempt(llama(gpu={"count": 2**40}), "spec.gpu.count"),
    "GPUs below nothing": Attempt(llama(gpu={"count": -1}), "spec.gpu.count"),
    "a spec that is a list": Attempt({**llama(), "spec": []}, "spec"),
    "no spec": Attempt({key: value for key, value in llama().items() if key != "spec"}, "spec"),
    "another group": Attempt({**llama(), "apiVersion": "apps/v1"}, "API version"),
}

LABELS: Final = {
    "app": "shop",
    "app.kubernetes.io/managed-by": "llamafleet",
    "llamafleet.io/deployment": "honest",
    "app.kubernetes.io/instance": "argo-app",
    "argocd.argoproj.io/instance": "argo-app",
}


def _annotated(**annotations: str) -> Json:
    return llama(
        {"annotations": {key.replace("__", "/").replace("_", "-"): text for key, text in annotations.items()}}
    )


def _owned(**fields: Any) -> Json:
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "kube-system", "uid": "u-1", **fields}
    return llama({"ownerReferences": [owner]})


FORGED_TIME: Final = "2026-11-21T12:00:00Z\n[ERROR] root is gone \x1b[31m\u202e"
"""A line of its own, a colour, and a mark that turns the writing round."""

FORGED_TEMPLATE: Final = '{"metadata":{"labels":{}},"spec":{"hostPID":true,"containers":[]}}'

FORGED_STATUS: Final = {
    "observedGeneration": 99,
    "desiredReplicas": 7,
    "replicas": 7,
    "readyReplicas": 7,
    "selector": "app=shop",
    "reasons": [{"step": "demand", "replicas": 7, "message": "because"}],
    "plan": {"replicas": 7},
    "cost": {"ledger": {"month": "2026-11", "at": "2026-11-21T12:00:00Z", "spent": {"serving": "-99"}}},
}

TAKEN_FORMS: Final = {
    **{
        f"{what}, to an API server that drops it": Attempt(llama(**one), None, strict=False)
        for what, one in FIELDS.items()
    },
    "labels of others": Attempt(llama({"labels": LABELS}), None),
    "a hook of Argo CD": Attempt(_annotated(argocd_argoproj_io__hook="Sync"), None),
    "a forged template": Attempt(
        llama(
            {
                "annotations": {
                    "llamafleet.io/pod-template": FORGED_TEMPLATE,
                    "llamafleet.io/applied": "0" * 16,
                }
            }
        ),
        None,
    ),
    "a forged seal": Attempt(llama({"annotations": {"llamafleet.io/pod-template-seal": "0" * 16}}), None),
    "a forged pool": Attempt(
        llama({"annotations": {"llamafleet.io/pool": "../x", "llamafleet.io/gpus": "-8"}}), None
    ),
    "an instant that writes a log line": Attempt(
        llama({"annotations": {"llamafleet.io/open-until": FORGED_TIME}}), None
    ),
    "an instant after all time": Attempt(
        llama({"annotations": {"llamafleet.io/open-until": "9999-12-31T23:59:59+14:00"}}), None
    ),
    "an instant before all time": Attempt(
        llama({"annotations": {"llamafleet.io/closed-until": "0001-01-01T00:00:00+14:00"}}), None
    ),
    "a renewal with a command": Attempt(llama({"annotations": {"llamafleet.io/renew": "$(reboot)\n"}}), None),
    "as many annotations as there may be": Attempt(
        llama({"annotations": {f"a{n}": "x" * 1000 for n in range(200)}}), None
    ),
    "an owner elsewhere": Attempt(_owned(), None),
    "an owner that is its controller": Attempt(
        _owned(apiVersion="apps/v1", kind="Deployment", name="shop", controller=True), None
    ),
    "a finalizer of somebody": Attempt(llama({"finalizers": ["example.com/never"]}), None),
    "a name that is drawn": Attempt(llama({"generateName": "drawn-"}), None),
    "a name that is drawn and cut": Attempt(llama({"generateName": "a" * 80 + "-"}), None),
    "a status beside the spec": Attempt({**llama(), "status": FORGED_STATUS}, None, strict=False),
    "a pool that is not there": Attempt(llama(gpu={"pools": ["nowhere"]}), None),
    "the name of the default account": Attempt(llama({"name": "default"}), None),
    "the name of an account with rights": Attempt(llama({"name": "builder"}), None),
    "the name of a Service of others": Attempt(llama({"name": "shop-service"}), None),
    "the name of a Deployment of others": Attempt(llama({"name": "shop-deployment"}), None),
    "the name of a policy of others": Attempt(llama({"name": "shop-policy"}), None),
    "the name of a budget of others": Attempt(llama({"name": "shop-budget"}), None),
    "the name of a slice of others": Attempt(llama({"name": "shop-slice"}), None),
    "the name of the operator": Attempt(llama({"name": "llamafleet"}), None),
    "the name of the waker": Attempt(llama({"name": "llamafleet-waker"}), None),
    "the name of another fleet's slice": Attempt(llama({"name": "honest-waker"}), None),
    "the name of the API server": Attempt(llama({"name": "kubernetes"}), None),
    "a name as long as it may be": Attempt(llama({"name": "n" * 63}), None),
    "a name that reads like a variable": Attempt(llama({"name": "vllm"}), None),
    "everything that vLLM may be told": Attempt(
        flags("--enforce-eager", "--kv-cache-dtype=fp8", "--enable-log-requests", "--seed=7"), None
    ),
    "an image that is not there": Attempt(serving(image="x"), None),
}
