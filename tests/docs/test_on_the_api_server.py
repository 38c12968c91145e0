"""What pages show of the kinds of Kubernetes, and of ours, the API server takes, field by field."""

from typing import Any

import pytest
import yaml

from builders import ROOT
from docs.manifests import documents, is_kustomization
from docs.markdown import every_block
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane

OF_OTHERS = ("argoproj.io/", "monitoring.coreos.com/", "kind.x-k8s.io/", "toolkit.fluxcd.io/")
"""Groups of other projects, whose kinds this API server does not have."""

SHOWN = [
    pytest.param(raw, id=f"{block.where}, {raw['kind']}")
    for block in every_block("yaml")
    for raw in documents(block)
    if "kind" in raw
    and not is_kustomization(raw)
    and not any(group in raw["apiVersion"] for group in OF_OTHERS)
]

SECONDS = 180.0

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Cluster:
    """A control plane with our kinds."""
    control_plane.install_kinds(ROOT / "crds")
    return control_plane


@pytest.mark.parametrize("raw", SHOWN)
def test_the_api_server_takes_what_a_page_shows(raw: dict[str, Any], cluster: Cluster) -> None:
    if where := raw["metadata"].get("namespace"):
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": where}}
        cluster.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump(namespace))
        account = ("serviceaccount/default", f"--namespace={where}")  # without it no pod is taken there
        cluster.kubectl("wait", "--for=create", f"--timeout={SECONDS:.0f}s", *account)
    asked = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    cluster.kubectl(*asked, input=yaml.safe_dump(raw))
