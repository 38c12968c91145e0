"""Everything of ours runs where Pod Security's restricted standard is enforced, with nothing to warn of."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from builders import ROOT
from fleet_operator import MANIFESTS, NAMESPACE, OperatorProcess, running_operator
from llamas import SETTLE_SECONDS, Llama, pool, pools
from security.place import STRICT
from testbed.cluster import KUBECTL_SECONDS
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

LEVELS: Final = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
KUSTOMIZATIONS: Final = ("operator", "waker", "with-waker", "namespaced", "namespaced/second-shard")

FLEETS: Final[dict[str, dict[str, Any]]] = {
    "weights from the hub": {"model": {"quantization": "FP8"}},
    "weights on a claim": {"model": {"quantization": "FP8", "source": "pvc://models/8b"}},
    "weights in an image": {"model": {"quantization": "FP8", "source": "oci://registry.example/m:1"}},
    "a token": {"model": {"quantization": "FP8", "tokenSecretRef": {"name": "hub", "key": "token"}}},
    "an adapter": {"model": {"quantization": "FP8", "adapters": [{"name": "a", "source": "hf://org/x"}]}},
    "weights in host memory": {"model": {"variant": "maverick", "quantization": "INT4"}},
    "several GPUs": {"model": {"variant": "llama-3.1-70b", "quantization": "BF16"}, "gpu": {"count": 8}},
    "spot": {"model": {"quantization": "FP8"}, "gpu": {"capacityType": "Spot", "pools": ["on-sale"]}},
    "spot where there is some": {
        "model": {"quantization": "FP8"},
        "gpu": {"capacityType": "SpotPreferred", "pools": ["on-sale"]},
    },
    "vision and tools": {
        "model": {"variant": "scout", "quantization": "INT4"},
        "serving": {"vision": True, "toolCalling": True},
    },
    "a schedule": {
        "model": {"quantization": "FP8"},
        "schedule": {"windows": [{"name": "w", "start": "0 0 * * *", "duration": "24h"}]},
    },
}
"""Each shape of a pod that there is."""


@pytest.fixture(scope="module")
def operator(installed: ControlPlane) -> Iterator[OperatorProcess]:
    """The operator, and a pool that sells spot beside the usual one."""
    on_sale = pool("on-sale", "900.00", price={"onDemand": "900.00", "spot": "800.00"})
    with pools(installed, on_sale), running_operator(installed) as process:
        yield process
        assert "Traceback" not in process.log.read_text()


@pytest.fixture
def strict(installed: ControlPlane, namespace: str) -> str:
    """A namespace that enforces the standard."""
    installed.kubectl("label", "namespace", namespace, STRICT)
    return namespace


@pytest.mark.usefixtures("operator")
def test_every_shape_of_a_model_pod_is_let_in(installed: ControlPlane, strict: str) -> None:
    fleets = {what: Llama(installed, strict, f"fleet-{number}") for number, what in enumerate(FLEETS)}
    for what, fleet in fleets.items():
        fleet.apply(**FLEETS[what])
    for what, fleet in fleets.items():
        until(fleet.pods, SETTLE_SECONDS, f"the pod of {what} to be let in")
    events = installed.get("events", f"--namespace={strict}", "--field-selector=reason=FailedCreate")
    assert events["items"] == []


def test_the_namespace_of_the_operator_enforces_warns_and_audits() -> None:
    namespace = yaml.safe_load((MANIFESTS / "operator" / "namespace.yaml").read_text("utf-8"))
    assert LEVELS.items() <= namespace["metadata"]["labels"].items()


@pytest.mark.parametrize("folder", KUSTOMIZATIONS)
def test_the_api_server_warns_of_nothing_that_we_ship(installed: ControlPlane, folder: str) -> None:
    """For Deployments it only warns; their pods it would refuse."""
    objects = yaml.safe_load_all(installed.kubectl("kustomize", str(MANIFESTS / folder)))
    deployments = [one for one in objects if one["kind"] == "Deployment"]
    assert deployments
    for one in deployments:
        assert one["metadata"]["namespace"] == NAMESPACE
        assert _warnings(installed, one) == ""
    loose = json.loads(json.dumps(deployments[0]))
    del loose["spec"]["template"]["spec"]["securityContext"]["seccompProfile"]
    assert "seccompProfile" in _warnings(installed, loose)


def _warnings(cluster: ControlPlane, body: dict[str, Any]) -> str:
    """What the API server says beside its answer."""
    command = [str(cluster._kubectl), f"--kubeconfig={cluster.kubeconfig}", "create", "--dry-run=server"]  # noqa: SLF001
    result = subprocess.run(  # noqa: S603 - kubectl of the testbed
        [*command, "-f", "-"],
        input=json.dumps(body),
        env=cluster._environment(),  # noqa: SLF001 - no cache of anybody else's
        capture_output=True,
        text=True,
        check=True,
        timeout=KUBECTL_SECONDS,
    )
    return result.stderr


CONTAINER: Final = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


@pytest.mark.parametrize("folder", ["operator", "waker"])
def test_our_own_pods_have_a_root_that_is_read_only_and_no_capability(folder: str) -> None:
    raw = yaml.safe_load((ROOT / "manifests" / folder / "deployment.yaml").read_text("utf-8"))
    spec = raw["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert [one["securityContext"] for one in spec["containers"]] == [CONTAINER]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    volumes = [kind for one in spec.get("volumes", ()) for kind in one if kind != "name"]
    assert set(volumes) <= {"emptyDir", "configMap"}
