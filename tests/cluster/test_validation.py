"""The API server itself refuses what breaks a bound or a rule, saying which, and takes what is good."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
API_VERSION = "llamafleet.io/v1alpha1"


def llama(name: str = "scout", **spec: object) -> dict[str, Any]:
    """A LlamaDeployment with the least that it needs."""
    spec = {"model": {"variant": "scout"}, **spec}
    return {"apiVersion": API_VERSION, "kind": "LlamaDeployment", "metadata": {"name": name}, "spec": spec}


def pool(name: str = "a100", **spec: object) -> dict[str, Any]:
    """A GpuPool with the least that it needs."""
    spec = {"gpu": "a100-80gb", **spec}
    return {"apiVersion": API_VERSION, "kind": "GpuPool", "metadata": {"name": name}, "spec": spec}


def model(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment of Scout with these fields of spec.model."""
    return llama(model={"variant": "scout", **fields})


def serving(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with these fields of spec.serving."""
    return llama(serving=fields)


def resources(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with these host resources."""
    return serving(resources=fields)


def window(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with one window."""
    return llama(schedule={"windows": [{"name": "night", "start": "0 22 * * *", "duration": "8h", **fields}]})


def exception(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with one exception."""
    return llama(schedule={"exceptions": [{"state": "Closed", **fields}]})


def toleration(**fields: object) -> dict[str, Any]:
    """A GpuPool with one toleration."""
    return pool(tolerations=[fields])


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with our kinds installed."""
    control_plane.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
    names = ("crd/llamadeployments.llamafleet.io", "crd/gpupools.llamafleet.io")
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)
    return control_plane


def offer(cluster: ControlPlane, body: dict[str, Any], namespace: str = "default") -> dict[str, Any]:
    """What the API server would make of an object; nothing is stored."""
    flags = ("--dry-run=server", "--validate=strict", f"--namespace={namespace}", "-o", "json", "-f", "-")
    answer: dict[str, Any] = json.loads(cluster.kubectl("create", *flags, input=json.dumps(body)))
    return answer


GOOD = [
    pytest.param(llama(), id="the least that a LlamaDeployment needs"),
    pytest.param(llama(replicas=0), id="no replicas by hand"),
    pytest.param(llama(scaling={"minReplicas": 0, "maxReplicas": 1}), id="scaling from zero"),
    pytest.param(
        llama(scaling={"minReplicas": 4, "maxReplicas": 4, "idleTimeout": "15m"}), id="a fixed scale"
    ),
    pytest.param(llama(suspend=True, cost={"hourlyLimit": "12.00"}), id="asleep with an hourly limit"),
    pytest.param(llama(cost={"monthlyBudget": "856.80", "onExhausted": "Floor"}), id="a monthly budget"),
    pytest.param(model(source="hf://org/name@main", quantization="INT8"), id="a source with its precision"),
    pytest.param(model(tokenSecretRef={"name": "hub", "key": "token"}), id="a token"),
    pytest.param(
        model(adapters=[{"name": "a", "source": "pvc://c/a"}, {"name": "b", "source": "pvc://c/b"}]),
        id="adapters",
    ),
    pytest.param(serving(contextLength=1024, concurrency=4096, vision=True, toolCalling=True), id="serving"),
    pytest.param(serving(image="registry.example.com:5000/vllm@sha256:0123abcd"), id="an image by digest"),
    pytest.param(serving(extraArgs=["--enforce-eager", "--seed=7"]), id="tuning flags"),
    pytest.param(
        resources(requests={"cpu": 4, "memory": "64Gi"}, limits={"cpu": "4000m", "memory": "1e12"}),
        id="resources as numbers and texts",
    ),
    pytest.param(llama(gpu={"pools": ["a100", "h100"], "count": 8, "hostOffload": "Never"}), id="GPUs"),
    pytest.param(window(minReplicas=0, maxReplicas=4), id="a window with bounds"),
    pytest.param(exception(date="2026-12-24"), id="a day off"),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00+01:00", "to": "2026-12-24T18:00:00Z"}),
        id="a span in two offsets",
    ),
    pytest.param(
        llama(
            schedule={
                "timeZone": "America/Argentina/Ushuaia",
                "preWarm": "10m",
                "exceptions": [{"date": "2026-12-24", "state": "Open"}],
            }
        ),
        id="a time zone of three parts",
    ),
    pytest.param(pool(), id="the least that a GpuPool needs"),
    pytest.param(
        pool(
            nodeSelector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"},
            hostMemoryPerGpu="144Gi",
            gpusPerNode=1,
        ),
        id="a pool by product",
    ),
    pytest.param(
        pool(price={"onDemand": "1.19", "spot": "0.6"}, resourceName="amd.com/gpu"), id="a pool with prices"
    ),
    pytest.param(toleration(operator="Exists"), id="every taint"),
    pytest.param(toleration(key="a/b", effect="NoExecute", tolerationSeconds=60), id="a taint for a minute"),
]

BAD = [
    pytest.param(
        llama(replicas=2, scaling={}),
        "spec.replicas and spec.scaling exclude each other",
        id="replicas beside our own autoscaler",
    ),
    pytest.param(
        llama(scaling={"minReplicas": 4, "maxReplicas": 2}),
        "spec.scaling.minReplicas must be at most spec.scaling.maxReplicas",
        id="a floor above the ceiling",
    ),
    pytest.param(
        llama(scaling={"minReplicas": 11}),
        "spec.scaling.minReplicas must be at most spec.scaling.maxReplicas",
        id="a floor above the default ceiling",
    ),
    pytest.param(
        llama(scaling={"maxReplicas": 0}),
        "spec.scaling.maxReplicas in body should be greater than or equal to 1",
        id="a ceiling of zero",
    ),
    pytest.param(
        window(minReplicas=3, maxReplicas=2),
        "minReplicas of a window of spec.schedule.windows must be at most its maxReplicas",
        id="a window with its floor above its ceiling",
    ),
    pytest.param(
        window(start="@daily"),
        "spec.schedule.windows[0].start in body should match",
        id="a start that is no cron",
    ),
    pytest.param(
        window(start="0 22 * *"),
        "spec.schedule.windows[0].start in body should match",
        id="a cron of four fields",
    ),
    pytest.param(
        window(duration="PT8H"),
        "spec.schedule.windows[0].duration in body should match",
        id="another duration form",
    ),
    pytest.param(
        llama(schedule={"windows": [{"name": "a", "start": "0 1 * * *", "duration": "1h"}] * 2}),
        'spec.schedule.windows[1]: Duplicate value: {"name":"a"}',
        id="two windows of one name",
    ),
    pytest.param(
        llama(schedule={}),
        "spec.schedule must have at least one of windows and exceptions",
        id="an empty schedule",
    ),
    pytest.param(
        llama(schedule={"timeZone": "../etc/passwd", "windows": []}),
        "spec.schedule.timeZone in body should match",
        id="a time zone that is a path",
    ),
    pytest.param(
        exception(),
        "an exception of spec.schedule.exceptions must have either date, or both from and to",
        id="an exception without a time",
    ),
    pytest.param(
        exception(date="2026-12-24", to="2026-12-24T18:00:00Z"),
        "an exception of spec.schedule.exceptions must have either date, or both from and to",
        id="an exception with date and to",
    ),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00Z"}),
        "an exception of spec.schedule.exceptions must have either date, or both from and to",
        id="an exception without an end",
    ),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00Z", "to": "2026-12-24T18:00:00+01:00"}),
        "from of an exception of spec.schedule.exceptions must be earlier than its to",
        id="an exception that ends before it begins",
    ),
    pytest.param(exception(date="24.12.2026"), "must be of type date", id="a date of another form"),
    pytest.param(
        llama(cost={"onExhausted": "Warn"}),
        "spec.cost must have at least one of hourlyLimit and monthlyBudget",
        id="a cost without a limit",
    ),
    pytest.param(
        llama(cost={"hourlyLimit": 12}),
        'spec.cost.hourlyLimit in body must be of type string: "integer"',
        id="a float",
    ),
    pytest.param(
        llama(cost={"hourlyLimit": "12,00"}),
        "spec.cost.hourlyLimit in body should match",
        id="a decimal comma",
    ),
    pytest.param(
        model(source="hf://org/name"),
        "spec.model.quantization must be named when spec.model.source is given",
        id="a source without its precision",
    ),
    pytest.param(
        model(source="pvc://claim/../other", quantization="FP8"),
        "spec.model.source in body should match",
        id="a source that climbs out of its volume",
    ),
    pytest.param(
        model(source="https://example.com/w", quantization="FP8"),
        "spec.model.source in body should match",
        id="a source of an unknown scheme",
    ),
    pytest.param(
        model(adapters=[{"name": "a", "source": "pvc://c/a"}] * 2),
        'spec.model.adapters[1]: Duplicate value: {"name":"a"}',
        id="two adapters of one name",
    ),
    pytest.param(
        model(tokenSecretRef={"name": "hub"}),
        "spec.model.tokenSecretRef.key: Required value",
        id="half a reference",
    ),
    pytest.param(
        llama(model={"variant": "behemoth"}),
        'spec.model.variant: Unsupported value: "behemoth": supported values: "scout", "maverick"',
        id="an unknown variant",
    ),
    pytest.param(llama(model={}), "spec.model.variant: Required value", id="no variant"),
    pytest.param(
        serving(contextLength=1023), "greater than or equal to 1024", id="a context that is too short"
    ),
    pytest.param(
        serving(contextLength=10_485_761), "less than or equal to 10485760", id="a context beyond every model"
    ),
    pytest.param(
        serving(image="vllm:v1; rm"), "spec.serving.image in body should match", id="an image with a command"
    ),
    pytest.param(
        serving(extraArgs=["--seed=7", "--tensor-parallel-size=8"]),
        "spec.serving.extraArgs must leave this flag to the operator",
        id="a flag that the operator sets",
    ),
    pytest.param(
        serving(extraArgs=["--trust-remote-code"]),
        "spec.serving.extraArgs must name only allowed tuning flags",
        id="a flag that loads code",
    ),
    pytest.param(
        serving(extraArgs=["--enforce-eager=true"]),
        "spec.serving.extraArgs: this flag must be given without a value, as --flag",
        id="a switch with a value",
    ),
    pytest.param(
        serving(extraArgs=["--seed"]),
        "spec.serving.extraArgs: this flag must be given with its value, as --flag=value",
        id="a flag without its value",
    ),
    pytest.param(
        serving(extraArgs=["-tp", "8"]), "spec.serving.extraArgs[0] in body should match", id="a short flag"
    ),
    pytest.param(
        serving(extraArgs=["--seed=7\n--host=::"]),
        "spec.serving.extraArgs[0] in body should match",
        id="a line break in a flag",
    ),
    pytest.param(serving(extraArgs=["--seed=7"] * 33), "must have at most 32 items", id="too many flags"),
    pytest.param(
        resources(requests={"nvidia.com/gpu": 1}),
        "spec.serving.resources.requests must name only cpu, memory and ephemeral-storage",
        id="a GPU request by hand",
    ),
    pytest.param(
        resources(limits={"hugepages-2Mi": 1}),
        "spec.serving.resources.limits must name only cpu, memory and ephemeral-storage",
        id="a limit of another resource",
    ),
    pytest.param(
        resources(requests={"memory": "1Gi"}, limits={"memory": "1G"}),
        "spec.serving.resources.requests must be at most the limits of the same key",
        id="a request above its limit",
    ),
    pytest.param(
        resources(requests={"memory": "64gb"}),
        "spec.serving.resources.requests.memory in body should match",
        id="a bad quantity",
    ),
    pytest.param(
        resources(requests={"cpu": -1}),
        "should be greater than or equal to 0",
        id="a negative quantity as a number",
    ),
    pytest.param(llama(gpu={"count": 3}), "spec.gpu.count: Unsupported value: 3", id="three GPUs"),
    pytest.param(
        llama(gpu={"pools": ["a", "a"]}), 'spec.gpu.pools[1]: Duplicate value: "a"', id="a pool named twice"
    ),
    pytest.param(
        llama(gpu={"pools": ["A100"]}), "spec.gpu.pools[0] in body should match", id="a pool in capitals"
    ),
    pytest.param(
        llama(replicas=1001), "spec.replicas in body should be less than or equal to 1000", id="too many"
    ),
    pytest.param(
        llama(name="8b"),
        "metadata.name must be at most 63 lower-case letters",
        id="a name that no Service can have",
    ),
    pytest.param(
        llama(name="a" * 64),
        "metadata.name must be at most 63 lower-case letters",
        id="a name that is too long",
    ),
    pytest.param(
        llama(name="a.b"), "metadata.name must be at most 63 lower-case letters", id="a name with a dot"
    ),
    pytest.param(llama(sclaing={}), 'unknown field "spec.sclaing"', id="a misspelt field"),
    pytest.param(pool(gpu="a100"), 'spec.gpu: Unsupported value: "a100"', id="an unknown GPU"),
    pytest.param(
        pool(name="a.b"), "metadata.name must be at most 63 lower-case letters", id="a pool with a dot"
    ),
    pytest.param(
        pool(gpusPerNode=0), "spec.gpusPerNode in body should be greater than or equal to 1", id="no GPUs"
    ),
    pytest.param(
        pool(resourceName="cpu"), "spec.resourceName in body should match", id="a resource that is no GPU"
    ),
    pytest.param(
        pool(hostMemoryPerGpu="144 GB"), "spec.hostMemoryPerGpu in body should match", id="bad host memory"
    ),
    pytest.param(
        pool(nodeSelector={"a b": "c"}),
        "every key of spec.nodeSelector must be a label key",
        id="a bad label key",
    ),
    pytest.param(
        pool(nodeSelector={"a": "b c"}), "spec.nodeSelector.a in body should match", id="a bad label value"
    ),
    pytest.param(
        pool(price={}), "spec.price must have at least one of onDemand and spot", id="an empty price"
    ),
    pytest.param(pool(price={"spot": "-1"}), "spec.price.spot in body should match", id="a negative price"),
    pytest.param(
        toleration(key="a", operator="Exists", value="b"),
        "value of a toleration must be absent when its operator is Exists",
        id="a toleration of any value and of one",
    ),
    pytest.param(
        toleration(value="b"),
        "operator of a toleration must be Exists when its key is absent",
        id="a value of no key",
    ),
    pytest.param(
        toleration(key="a", effect="NoSchedule", tolerationSeconds=1),
        "effect of a toleration must be NoExecute when its tolerationSeconds is given",
        id="seconds for another effect",
    ),
]


@pytest.mark.parametrize("body", GOOD)
def test_what_is_good_is_taken(cluster: ControlPlane, body: dict[str, Any]) -> None:
    assert offer(cluster, body)["metadata"]["name"] == body["metadata"]["name"]


@pytest.mark.parametrize(("body", "said"), BAD)
def test_what_breaks_a_rule_is_refused_with_the_rule(
    cluster: ControlPlane, body: dict[str, Any], said: str
) -> None:
    with pytest.raises(TestbedError) as refusal:
        offer(cluster, body)

    assert said in str(refusal.value)


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
