"""What a fleet may be made of: the words that the checker of shapes knows, apart from the product's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]

RECORDED: Final = json.loads(
    (Path(__file__).parents[1] / "rendering" / "data" / "vllm-serve-flags.json").read_text("utf-8")
)["flags"]
"""The parser of ``vllm serve`` as it was recorded."""

FLAGS: Final = frozenset(name for one in RECORDED for name in one["flags"])
"""Every way to write one of its flags."""

OPERATORS_FLAGS: Final = frozenset(
    {
        "--revision",
        "--served-model-name",
        "--port",
        "--shutdown-timeout",
        "--tensor-parallel-size",
        "--pipeline-parallel-size",
        "--max-model-len",
        "--max-num-batched-tokens",
        "--gpu-memory-utilization",
        "--hf-overrides",
        "--cpu-offload-gb",
        "--cpu-offload-params",
        "--offload-backend",
        "--language-model-only",
        "--enable-auto-tool-choice",
        "--tool-call-parser",
    }
)
"""What the operator itself says to vLLM."""

MODEL_SERVER: Final = "vllm"
PREFIX: Final = "llamafleet.io/"

TOLERATED_SPOT: Final = ("cloud.google.com/gke-spot", "kubernetes.azure.com/scalesetpriority")
"""The taints of spot nodes; a fleet that asks for spot tolerates these beside those of its pool."""

SPOT_LABELS: Final = frozenset(
    {
        "karpenter.sh/capacity-type",
        "eks.amazonaws.com/capacityType",
        "cloud.google.com/gke-spot",
        "kubernetes.azure.com/scalesetpriority",
    }
)
"""The labels by which spot nodes are told."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """One resource and what its pool, which an administrator has made, lets its pods have.

    Attributes:
        name: of the LlamaDeployment.
        namespace: of the LlamaDeployment.
        uid: of the LlamaDeployment.
        home: the operator's namespace.
        labels: the keys of labels of nodes that its pods may ask for.
        taints: the keys of taints that its pods may tolerate.
        devices: the extended resources that its pods may ask for.
        secrets: the Secret that the resource names.
    """

    name: str
    namespace: str
    uid: str
    home: str = "llamafleet-system"
    labels: frozenset[str] = frozenset({"nvidia.com/gpu.product"})
    taints: frozenset[str | None] = frozenset({"nvidia.com/gpu"})
    devices: frozenset[str] = frozenset({"nvidia.com/gpu"})
    secrets: frozenset[str] = frozenset()


def fleet_of(raw: Mapping[str, Any], pools: tuple[Mapping[str, Any], ...] = ()) -> Fleet:
    """The fleet of a resource among these pools."""
    specs = [one["spec"] for one in pools]
    token = raw["spec"]["model"].get("tokenSecretRef")
    return Fleet(
        raw["metadata"]["name"],
        raw["metadata"]["namespace"],
        raw["metadata"]["uid"],
        labels=frozenset({"nvidia.com/gpu.product", *SPOT_LABELS}).union(
            *(one.get("nodeSelector", {}) for one in specs)
        ),
        taints=frozenset({"nvidia.com/gpu", *TOLERATED_SPOT}).union(
            taint.get("key") for one in specs for taint in one.get("tolerations", ())
        ),
        devices=frozenset({"nvidia.com/gpu", *(one.get("resourceName", "nvidia.com/gpu") for one in specs)}),
        secrets=frozenset({token["name"]} if token else ()),
    )


def selector(fleet: Fleet) -> Json:
    """The labels by which everything of a fleet finds its pods."""
    return {"app.kubernetes.io/managed-by": "llamafleet", f"{PREFIX}deployment": fleet.name}
