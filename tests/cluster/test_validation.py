"""The API server itself refuses what breaks a bound or a rule, saying which, and takes what is good."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cases.bad import BAD
from cases.good import GOOD
from cases.manifests import llama
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with our kinds installed."""
    control_plane.install_kinds(ROOT / "crds")
    return control_plane


def offer(cluster: ControlPlane, body: dict[str, Any], namespace: str = "default") -> dict[str, Any]:
    """What the API server would make of an object; nothing is stored."""
    flags = ("--dry-run=server", "--validate=strict", f"--namespace={namespace}", "-o", "json", "-f", "-")
    answer: dict[str, Any] = json.loads(cluster.kubectl("create", *flags, input=json.dumps(body)))
    return answer


@pytest.mark.parametrize("body", GOOD)
def test_what_is_good_is_taken(cluster: ControlPlane, body: dict[str, Any]) -> None:
    assert offer(cluster, body)["metadata"]["name"] == body["metadata"]["name"]


@pytest.mark.parametrize(("body", "said", "field"), BAD)
def test_what_breaks_a_rule_is_refused_with_the_rule_and_the_field(
    cluster: ControlPlane, body: dict[str, Any], said: str, field: str
) -> None:
    with pytest.raises(TestbedError) as refusal:
        offer(cluster, body)

    assert said in str(refusal.value)
    # Of an item that is there twice, the API server names the item, a laptop the key that is the same.
    assert field.removesuffix(".name") in str(refusal.value)


def test_defaults_are_stored_once_and_a_new_resource_is_not_yet_observed(
    cluster: ControlPlane, namespace: str
) -> None:
    cluster.kubectl("create", f"--namespace={namespace}", "-f", "-", input=json.dumps(llama()))
    stored = cluster.get("llama", "scout", f"--namespace={namespace}")

    assert stored["spec"] == {
        "model": {"variant": "scout", "quantization": "Auto"},
        "serving": {"concurrency": 1, "vision": False, "toolCalling": False},
        "gpu": {"hostOffload": "Auto", "capacityType": "OnDemand"},
        "suspend": False,
    }
    assert stored["status"] == {
        "observedGeneration": -1,
        "replicas": 0,
        "readyReplicas": 0,
        "drainingGpus": 0,
        "desiredReplicas": 0,
    }


def test_kubectl_scale_sets_the_replicas_unless_our_own_autoscaler_does(
    cluster: ControlPlane, namespace: str
) -> None:
    place = f"--namespace={namespace}"
    cluster.kubectl("create", place, "-f", "-", input=json.dumps(llama("by-hand", replicas=1)))
    cluster.kubectl("create", place, "-f", "-", input=json.dumps(llama("by-us", scaling={})))

    cluster.kubectl("scale", place, "llama/by-hand", "--replicas=3")

    assert cluster.get("llama", "by-hand", place)["spec"]["replicas"] == 3
    with pytest.raises(TestbedError, match=r"spec\.replicas and spec\.scaling exclude each other"):
        cluster.kubectl("scale", place, "llama/by-us", "--replicas=3")


def test_a_fleet_changes_its_autoscaler_as_the_page_says(cluster: ControlPlane, namespace: str) -> None:
    """In one write each way: between two, neither or both would decide."""
    page = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    (ours,) = re.findall(r"kubectl patch llama chat --type=merge -p '(.+)'\n", page)
    (theirs,) = re.findall(r"The way back is `(.+)`\.", page)
    place = f"--namespace={namespace}"
    cluster.kubectl("create", place, "-f", "-", input=json.dumps(llama("chat")))
    cluster.kubectl("scale", place, "llama/chat", "--replicas=3")

    cluster.kubectl("patch", place, "llama", "chat", "--type=merge", "-p", ours)
    spec = cluster.get("llama", "chat", place)["spec"]
    assert ("replicas" in spec, spec["scaling"]["maxReplicas"]) == (False, 8)

    cluster.kubectl("patch", place, "llama", "chat", "--type=merge", "-p", theirs)
    spec = cluster.get("llama", "chat", place)["spec"]
    assert (spec["replicas"], "scaling" in spec) == (2, False)
    cluster.kubectl("scale", place, "llama/chat", "--replicas=3")


def test_short_names_and_categories_find_the_kinds(cluster: ControlPlane, namespace: str) -> None:
    place = f"--namespace={namespace}"
    cluster.kubectl("create", place, "-f", "-", input=json.dumps(llama()))

    assert "llamadeployment.llamafleet.io/scout" in cluster.kubectl("get", "all", place, "-o", "name")
    assert cluster.kubectl("get", "llama", place).split("\n")[0].split() == (
        ["NAME", "READY", "MODEL", "GPUS", "READY", "REPLICAS", "DESIRED", "$/H", "REASON", "AGE"]
    )
    assert cluster.get("llama", "scout", place)["kind"] == "LlamaDeployment"
    cluster.kubectl("get", "gpool")


@pytest.mark.parametrize(
    "file", sorted((ROOT / "manifests" / "samples").glob("*.yaml")), ids=lambda file: str(file.name)
)
def test_a_sample_is_taken(cluster: ControlPlane, file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        assert offer(cluster, document)["kind"] == document["kind"]
