"""Our examples for Argo CD, and the repositories that they read, as files of this machine."""

from pathlib import Path
from typing import Any, Final

import yaml

from builders import ROOT
from e2e.argo import Repository
from fleet_operator import MANIFESTS
from llamas import pool
from node.fleets import CONTEXT, GPU, POOL, QUICK, SMALL
from testbed.cluster import Cluster
from testbed.real_node_files import LABEL

EXAMPLES: Final = MANIFESTS / "argocd"
FLEETS: Final = "llamafleet-fleets"
TEAM: Final = "team-a"
"""As the example calls them."""


def settings(*names: str) -> dict[str, str]:
    """The data of these ConfigMaps of ours."""
    return {
        key: value
        for name in names
        for key, value in yaml.safe_load((EXAMPLES / name).read_text("utf-8"))["data"].items()
    }


def platform(repository: Repository) -> None:
    """What the platform's repository holds: our charts and our examples."""
    for chart in ("llamafleet-crds", "llamafleet"):
        repository.copy(ROOT / "charts" / chart, f"charts/{chart}")
    for example in (EXAMPLES / "apps").iterdir():
        text = yaml.safe_dump(reading(example, repository))
        repository.add(f"manifests/argocd/apps/{example.name}", text)
    repository.add("fleets/pool.yaml", yaml.safe_dump(pool(POOL, "1.00", GPU, nodeSelector=dict([LABEL]))))


def fleet(repository: Repository, **spec: Any) -> None:
    """What the team's repository holds: one fleet of small pods."""
    serving = {"image": QUICK, "resources": SMALL, "contextLength": CONTEXT}
    usual = {"model": {"variant": "llama-3.1-8b"}, "serving": serving, "gpu": {"pools": [POOL]}}
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
    one = {**head, "metadata": {"name": "first", "namespace": TEAM}, "spec": {**usual, **spec}}
    repository.add("fleets/first.yaml", yaml.safe_dump(one))


def apply(cluster: Cluster, example: Path, repository: Repository) -> None:
    """Apply an example of ours that reads this repository."""
    cluster.apply(reading(example, repository))


def reading(example: Path, repository: Repository) -> dict[str, Any]:
    """An example of ours that reads this repository."""
    found: dict[str, Any] = yaml.safe_load(example.read_text("utf-8"))
    found["spec"]["source"]["repoURL"] = repository.url
    return found
