"""The pod templates of representative resources, and their hashes by released version.

``python -m upgrade.templates`` records those of the version that is being made. What was recorded of a
version that the changelog calls released is never written again.
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

import yaml

from builders import NOW, ROOT
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.rendering.objects import digest
from llamafleet.rendering.pod import pod_template

RECORD: Final = Path(__file__).with_name("templates.json")
CHANGELOG: Final = ROOT / "CHANGELOG.md"

Hashes = dict[str, str]
"""By the name of a resource."""

TOKEN: Final = {"name": "hub", "key": "token"}
OWN: Final = {
    "nodeSelector": {"team": "research"},
    "tolerations": [{"key": "team", "value": "research", "effect": "NoSchedule"}],
    "resourceName": "example.com/a100",
    "price": {"onDemand": "2.50", "spot": "0.90"},
}

SPECS: Final[Mapping[str, dict[str, Any]]] = {
    "the least that can be said": {"model": {"variant": "llama-3.1-8b"}},
    "Scout on one": {"model": {"variant": "scout"}},
    "Maverick on two": {"model": {"variant": "maverick"}},
    "Maverick on four": {"model": {"variant": "maverick"}, "gpu": {"hostOffload": "Never"}},
    "eight GPUs": {"model": {"variant": "llama-3.1-70b"}, "gpu": {"count": 8}},
    "INT4": {"model": {"variant": "llama-3.1-8b", "quantization": "INT4"}},
    "FP8": {"model": {"variant": "llama-3.3-70b", "quantization": "FP8"}},
    "a token": {"model": {"variant": "scout", "tokenSecretRef": TOKEN}},
    "a pinned revision": {
        "model": {"variant": "llama-3.1-8b", "quantization": "INT4", "source": "hf://org/name@0a1b2c3"}
    },
    "weights on a volume": {
        "model": {"variant": "llama-3.1-8b", "quantization": "FP8", "source": "pvc://models/8b/fp8"}
    },
    "weights in an image": {
        "model": {"variant": "llama-3.1-8b", "quantization": "INT4", "source": "oci://registry.example/m:1"}
    },
    "vision": {"model": {"variant": "scout"}, "serving": {"vision": True}},
    "tools and a long context": {
        "model": {"variant": "scout"},
        "serving": {"toolCalling": True, "contextLength": 65536, "concurrency": 2},
    },
    "an image, flags and resources of the author": {
        "model": {"variant": "llama-3.1-8b"},
        "serving": {
            "image": "registry.example/vllm:0.32",
            "extraArgs": ["--seed=7", "--kv-cache-dtype=fp8"],
            "resources": {"requests": {"cpu": 6, "memory": "40Gi"}, "limits": {"memory": "48Gi"}},
        },
    },
    "windows and a short drain": {
        "model": {"variant": "llama-3.1-8b"},
        "schedule": {
            "timeZone": "Europe/Berlin",
            "windows": [{"name": "nightly", "start": "0 1 * * *", "duration": "5h"}],
            "drainTimeout": "2m",
        },
    },
    "an own pool": {"model": {"variant": "llama-3.1-70b"}, "gpu": {"pools": ["own"]}},
    "spot nodes": {
        "model": {"variant": "llama-3.1-8b"},
        "gpu": {"pools": ["own"], "capacityType": "Spot"},
    },
    "spot nodes if there are any": {
        "model": {"variant": "llama-3.1-8b"},
        "gpu": {"pools": ["own"], "capacityType": "SpotPreferred"},
    },
}


def hashes() -> Hashes:
    """What this version of the operator renders."""
    return {name: digest(pod_template(llama, _shape(llama))) for name, llama in _resources()}


def _resources() -> Iterator[tuple[str, LlamaDeployment]]:
    """Every sample, then one resource per option that pods depend on."""
    for path in sorted((ROOT / "manifests" / "samples").glob("*.yaml")):
        for raw in yaml.safe_load_all(path.read_text("utf-8")):
            if raw["kind"] == "LlamaDeployment":
                yield f"sample {raw['metadata']['name']}", LlamaDeployment.model_validate(raw)
    for name, spec in SPECS.items():
        yield name, LlamaDeployment.model_validate({"metadata": {"name": "fleet"}, "spec": spec})


def _shape(llama: LlamaDeployment) -> Any:
    own = GpuPool.model_validate({"metadata": {"name": "own"}, "spec": {"gpu": "a100-80gb", **OWN}})
    pools = [own] if "own" in llama.spec.gpu.pools else []
    return plan(llama.spec, resolve(pools), Observation(now=NOW, replicas=None)).shape


def recorded() -> dict[str, Hashes]:
    """By version, oldest first."""
    found: dict[str, Hashes] = json.loads(RECORD.read_text("utf-8"))
    return found


def version() -> str:
    """The version that is being made."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def is_released(wanted: str) -> bool:
    """Whether the changelog has a chapter of this version."""
    chapters = (line.split() for line in CHANGELOG.read_text("utf-8").splitlines() if line.startswith("## "))
    return wanted in {word.strip("[]") for word in chain.from_iterable(chapters)}


def record() -> str:
    """Record what is rendered now under the version that is being made; what there is to say of it."""
    wanted, known = version(), recorded() if RECORD.exists() else {}
    if wanted in known and is_released(wanted):
        return (
            f"{wanted} is released, and what it renders stays recorded; raise the version in pyproject.toml"
        )
    RECORD.write_text(json.dumps({**known, wanted: hashes()}, indent=1) + "\n", "utf-8")
    return f"recorded {wanted}"


if __name__ == "__main__":
    sys.stdout.write(f"{record()}\n")
