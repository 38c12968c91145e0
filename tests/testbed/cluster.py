"""What tests and demos do with a cluster whose GPU nodes are fake: nodes, pods that fail, logs, accounts.

All of it goes through kubectl; nothing is started or stopped here.
"""

import contextlib
import datetime as dt
import json
import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from testbed.command import output_of
from testbed.errors import TestbedError
from testbed.nodes import NodeKind, gpu_node
from testbed.wait import until

KUBECTL_SECONDS = 240.0  # no command of ours takes this long; it ends a test that would hang
NODE_READY_SECONDS = 180.0
SERVED_SECONDS = 120.0
REMOVED_SECONDS = 180.0
POLICY_SECONDS = 120.0  # the API server takes a second or two to learn of a new admission policy

TOKEN_LIFETIME = "24h"  # noqa: S105  # a duration, not a secret

ANNOTATIONS = "testbed.llamafleet.io"  # the prefix of the annotations that stages/pod.yaml describes


class Cluster:
    """A cluster, seen through kubectl.

    Attributes:
        folder: where files of this cluster may lie.
        kubeconfig: the path of the kubeconfig that every command uses.
    """

    def __init__(self, kubectl: Path, kubeconfig: Path, folder: Path) -> None:
        """Take the program, the kubeconfig and a folder; nothing is contacted yet."""
        self.folder = folder
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl
        self._numbers: Counter[str] = Counter()

    def kubectl(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002  # as subprocess calls it
        """Run kubectl and return what it prints.

        Args:
            arguments: what stands after ``kubectl``.
            input: what it reads, for ``-f -``.

        Raises:
            TestbedError: kubectl failed, and the text is its own; or it took too long.
        """
        return output_of(
            f"kubectl {' '.join(arguments)}",
            [str(self._kubectl), f"--kubeconfig={self.kubeconfig}", *arguments],
            seconds=KUBECTL_SECONDS,
            environment=self._environment(),
            input=input,
        )

    def follow(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a kubectl that goes on, such as a watch; whoever starts it reads it and ends it."""
        command = [str(self._kubectl), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.Popen(command, env=self._environment(), stdout=subprocess.PIPE, text=True)

    def _environment(self) -> dict[str, str]:
        """The user's own, which a kubeconfig's login plugin needs; but for kubectl settings and cache."""
        return {**os.environ, "KUBERC": "off", "KUBECACHEDIR": str(self.folder / "kubectl")}

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return what ``kubectl get … -o json`` finds."""
        answer: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return answer

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create these objects, or change them to what is given."""
        content = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(content))

    def install_kinds(self, path: Path) -> None:
        """Create the custom resource definitions of a file or a folder, and wait until they are served.

        ``kubectl wait`` is no help: it fails at once for a definition so new that it has no conditions yet
        (kubernetes issue 66439). And a kind that is established is told to clients a moment later.
        """
        self.kubectl("apply", "--server-side", "-f", str(path))
        until(lambda: self.serves(path), SERVED_SECONDS, f"the kinds of {path.name} to be served")

    def remove_kinds(self, *names: str) -> None:
        """Delete custom resource definitions, with every resource of theirs, and wait until they are gone.

        ``kubectl delete`` alone may wait for minutes: when the API server cannot list the resources yet,
        because their storage is being made anew, it tries again later and later. Whoever changes the
        definition makes it try at once.
        """
        self.kubectl("delete", "crd", "--ignore-not-found", "--wait=false", *names)
        until(lambda: self._are_removed(names), REMOVED_SECONDS, f"{' and '.join(names)} to be gone")

    def _are_removed(self, names: Sequence[str]) -> bool:
        found = self.kubectl("get", "crd", "--ignore-not-found", "-o", "json", *names)
        left = json.loads(found or '{"items": []}')
        kinds = left.get("items", [left])
        for kind in kinds:
            nudge = f"{ANNOTATIONS}/last-look={dt.datetime.now(dt.UTC):%H%M%S}"
            with contextlib.suppress(TestbedError):  # it may be gone by now
                self.kubectl("annotate", "--overwrite", "crd", kind["metadata"]["name"], nudge)
        states = [one for kind in kinds for one in kind.get("status", {}).get("conditions", [])]
        assert not kinds, [one for one in states if one["type"] == "Terminating"]
        return True

    def serves(self, path: Path) -> bool:
        """Whether the kinds of a file or a folder, which are there, are established and told to clients."""
        found = self.get("-f", str(path))
        kinds = found.get("items", [found])
        conditions = [kind.get("status", {}).get("conditions") or [] for kind in kinds]
        if not all(any(_is_established(one) for one in of_kind) for of_kind in conditions):
            return False
        with contextlib.suppress(TestbedError):  # while a group comes or goes, not all of them can be told
            told = self.kubectl("api-resources", "--output=name").split()
            return {kind["metadata"]["name"] for kind in kinds} <= {*told}
        return False

    def add_gpu_nodes(
        self,
        count: int,
        *,
        gpu_product: str = "NVIDIA-A100-SXM4-80GB",
        gpus: int = 8,
        memory: str = "1152Gi",
        cpu: str = "96",
        prefix: str = "a100",
    ) -> tuple[str, ...]:
        """Add fake GPU nodes, wait until they are Ready, and return their names.

        Args:
            count: how many; called again, the numbers in their names go on.
            gpu_product: as GPU Feature Discovery calls it; one of ``nodes.PRODUCTS``.
            gpus: GPUs per node.
            memory: of each host, as a Kubernetes quantity.
            cpu: of each host, as a Kubernetes quantity.
            prefix: nodes are called ``prefix-1``, ``prefix-2`` and so on.
        """
        kind = NodeKind(gpu_product, gpus, memory, cpu)
        first = self._numbers[prefix] + 1
        names = tuple(f"{prefix}-{number}" for number in range(first, first + count))
        self.apply(*(gpu_node(name, kind) for name in names))
        self._numbers[prefix] += count
        seconds = f"--timeout={NODE_READY_SECONDS:.0f}s"
        self.kubectl("wait", "--for=condition=Ready", seconds, *(f"node/{name}" for name in names))
        return names

    def kubeconfig_for_service_account(self, namespace: str, name: str, path: Path) -> None:
        """Write a kubeconfig that holds a fresh token of this service account, and no other right."""
        token = self.kubectl(
            "create", "token", name, f"--namespace={namespace}", f"--duration={TOKEN_LIFETIME}"
        )
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        config["users"] = [
            {"name": user["name"], "user": {"token": token.strip()}} for user in config["users"]
        ]
        path.touch(mode=0o600)
        path.write_text(json.dumps(config), "utf-8")

    def annotate_pod(self, namespace: str, pod: str, **annotations: str | None) -> None:
        """Drive one pod by the annotations of ``stages/pod.yaml``.

        Args:
            namespace: where the pod is.
            pod: its name.
            annotations: by their name after the slash, with ``_`` for ``-``; None removes one.
        """
        self.kubectl(
            "annotate", "--overwrite", f"--namespace={namespace}", "pod", pod, *_settings(annotations)
        )

    def annotate_new_pods(self, namespace: str, **annotations: str) -> None:
        """Drive every pod that will be created in a namespace, by whomever; templates stay as they are.

        Args:
            namespace: the pods of this namespace only.
            annotations: as for ``annotate_pod``; none ends it.
        """
        name = f"testbed-{namespace}"
        wanted = {_key(word): value for word, value in annotations.items()}
        if wanted:
            self.apply(*_policy(name, namespace, wanted))
        else:
            self.kubectl("delete", "mutatingadmissionpolicy,mutatingadmissionpolicybinding", name)
        until(lambda: self._of_new_pod(namespace) == wanted, POLICY_SECONDS, f"new pods to carry {wanted}")

    def set_pod_status(self, namespace: str, pod: str, status: Mapping[str, Any]) -> None:
        """Write this into a pod's status, by a strategic merge, and keep kwok from changing it back."""
        self.annotate_pod(namespace, pod, hold="true")
        patch = json.dumps({"status": status})
        self.kubectl(
            "patch", f"--namespace={namespace}", "pod", pod, "--subresource=status", f"--patch={patch}"
        )

    def set_pod_log(self, namespace: str, pod: str, text: str) -> None:
        """Let ``kubectl logs`` of a pod on a fake node give this text, for each of its containers."""
        path = self.folder / "logs" / f"{namespace}_{pod}.log"
        path.parent.mkdir(exist_ok=True)
        stamp = dt.datetime.now(dt.UTC).isoformat()
        path.write_text("".join(f"{stamp} stdout F {line}\n" for line in text.splitlines()), "utf-8")
        logs = [{"logsFile": str(path), "previousLogsFile": str(path), "follow": False}]
        head = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Logs"}
        self.apply({**head, "metadata": {"name": pod, "namespace": namespace}, "spec": {"logs": logs}})

    def _of_new_pod(self, namespace: str) -> dict[str, str]:
        """Return the annotations for the testbed that a pod would get, were it created now."""
        command = (
            "run",
            "probe",
            "--image=none",
            f"--namespace={namespace}",
            "--dry-run=server",
            "-o",
            "json",
        )
        try:
            metadata = json.loads(self.kubectl(*command))["metadata"]
        except TestbedError as error:  # a new namespace has no account for pods yet
            raise AssertionError(error) from error
        annotations: dict[str, str] = metadata.get("annotations", {})
        return {key: value for key, value in annotations.items() if key.startswith(ANNOTATIONS)}


def _is_established(condition: Mapping[str, str]) -> bool:
    return (condition["type"], condition["status"]) == ("Established", "True")


def _key(word: str) -> str:
    return f"{ANNOTATIONS}/{word.replace('_', '-')}"


def _settings(annotations: Mapping[str, str | None]) -> list[str]:
    return [
        f"{_key(word)}-" if value is None else f"{_key(word)}={value}" for word, value in annotations.items()
    ]


def _policy(name: str, namespace: str, annotations: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the admission policy, and its binding, that annotates every new pod of a namespace."""
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    # A JSON object of strings is a CEL map literal as well.
    expression = f"Object{{metadata: Object.metadata{{annotations: {json.dumps(annotations)}}}}}"
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    spec = {
        "matchConstraints": {"namespaceSelector": here, "resourceRules": [pods]},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [mutation],
    }
    policy = {**head, "kind": "MutatingAdmissionPolicy", "spec": spec}
    return policy, {**head, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": name}}
