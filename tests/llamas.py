"""LlamaDeployments and GpuPools on a running cluster: make them, look at them, wait for what they say."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from builders import ROOT
from testbed.cluster import Cluster
from testbed.wait import until

SETTLE_SECONDS = 180.0
"""Long, for the shares of the tests have two cores between them, and real pods start on these."""

GONE_SECONDS = 120.0
"""The garbage collector looks for new kinds every 30 s: the first deletion after an install takes longer."""

CHILDREN = ("deployment", "service", "serviceaccount", "poddisruptionbudget", "networkpolicy")


def pool(name: str, usd: str | None, gpu: str = "a100-80gb", **fields: Any) -> dict[str, Any]:
    """A GpuPool at this price, or at the catalogue's: A100-80GB, unless another GPU is named."""
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    price = {"price": {"onDemand": usd}} if usd else {}
    spec = {"gpu": gpu, "tolerations": [toleration], **price, **fields}
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "GpuPool"}
    return {**head, "metadata": {"name": name}, "spec": spec}


def revision(resource: dict[str, Any]) -> int:
    """When the API server wrote it, beside others."""
    return int(resource["metadata"]["resourceVersion"])


@contextlib.contextmanager
def pools(cluster: Cluster, *there: dict[str, Any]) -> Iterator[None]:
    """These pools, for the length of a block."""
    names = [one["metadata"]["name"] for one in there]
    try:
        cluster.apply(*there)
        yield
    finally:
        cluster.kubectl("delete", "gpupool", "--ignore-not-found", *names)


@dataclass(frozen=True, slots=True)
class Llama:
    """One LlamaDeployment in one namespace of a cluster."""

    cluster: Cluster
    namespace: str
    name: str

    def apply(self, **spec: Any) -> None:
        """Create it, or change it to this spec."""
        head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
        model = {"variant": "llama-3.1-8b", **spec.pop("model", {})}
        metadata = {"name": self.name, "namespace": self.namespace}
        self.cluster.apply({**head, "metadata": metadata, "spec": {"model": model, **spec}})

    def apply_sample(self) -> None:
        """Create it from ``manifests/samples``."""
        sample = yaml.safe_load((ROOT / "manifests" / "samples" / f"{self.name}.yaml").read_text())
        sample["metadata"]["namespace"] = self.namespace
        self.cluster.apply(sample)

    def delete(self) -> None:
        """Ask for its deletion."""
        self.cluster.kubectl("delete", "llama", self.name, f"--namespace={self.namespace}")

    def patch(self, **spec: Any) -> None:
        """Change these fields of its spec, and no others."""
        here, change = f"--namespace={self.namespace}", json.dumps({"spec": spec})
        self.cluster.kubectl("patch", "llama", self.name, here, "--type=merge", f"--patch={change}")

    def annotate(self, annotation: str) -> None:
        """Set an annotation, as ``key=value``, or remove it, as ``key-``."""
        here = f"--namespace={self.namespace}"
        self.cluster.kubectl("annotate", "llama", self.name, here, "--overwrite", annotation)

    def get(self, *kind: str) -> dict[str, Any]:
        """The resource itself, or the child of that kind."""
        return self.cluster.get(*(kind or ("llama",)), self.name, f"--namespace={self.namespace}")

    def status(self) -> dict[str, Any]:
        """Its status; empty while there is none."""
        found: dict[str, Any] = self.get().get("status", {})
        return found

    def told(self) -> list[str]:
        """The reasons of the Events about it, in the order in which they were written."""
        items = self.cluster.get("events", f"--namespace={self.namespace}")["items"]
        about = [one for one in items if one["involvedObject"]["kind"] == "LlamaDeployment"]
        return [one["reason"] for one in sorted(about, key=revision)]

    def pods(self) -> list[dict[str, Any]]:
        """Its pods."""
        label = f"llamafleet.io/deployment={self.name}"
        items: list[dict[str, Any]] = self.cluster.get("pods", f"--namespace={self.namespace}", "-l", label)[
            "items"
        ]
        return items

    def uids(self) -> set[str]:
        """Which pods there are: a pod that was replaced is another."""
        return {pod["metadata"]["uid"] for pod in self.pods()}

    def condition(self, kind: str) -> dict[str, Any]:
        """One condition; empty while there is none."""
        conditions = self.get().get("status", {}).get("conditions", [])
        return next((condition for condition in conditions if condition["type"] == kind), {})

    def wait_for(self, kind: str, status: str, reason: str | None = None) -> str:
        """Wait until a condition of the present generation has this status and reason; its message."""

        def holds() -> dict[str, Any] | None:
            found = self.condition(kind)
            current = found.get("observedGeneration") == self.get()["metadata"]["generation"]
            assert current, found
            assert found["status"] == status, found
            assert reason in {None, found["reason"]}, found
            return found

        return str(until(holds, SETTLE_SECONDS, f"{kind}={status} {reason or ''} of {self.name}")["message"])

    def left(self) -> list[str]:
        """The kinds of children that exist."""
        found: list[str] = []
        for kind in CHILDREN:
            answer = self.cluster.kubectl(
                "get", kind, self.name, f"--namespace={self.namespace}", "--ignore-not-found", "-o", "name"
            )
            found += [kind] if answer else []
        return found
