"""What is true of every pod that we render, whatever its resource asks for."""

import dataclasses
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import SAMPLES, gpu_pool, llama, plan_of, raw_llama, shape_of
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import APPLIED_ANNOTATION
from llamafleet.api.schedule import Schedule
from llamafleet.planning.drain import drain
from llamafleet.rendering.children import children

TOKEN = {"name": "hub", "key": "token"}

VOLUME = llama(variant="llama-3.1-8b", quantization="FP8", source="pvc://models/8b", tokenSecretRef=TOKEN)
IMAGE = llama(variant="llama-3.1-8b", quantization="INT4", source="oci://registry.example/m:1")

CASES = {
    **{path.stem: llama(path) for path in SAMPLES},
    "eight GPUs": llama(variant="llama-3.1-70b", gpu={"count": 8}),
    "a token": llama(tokenSecretRef=TOKEN),
    "weights on a volume": VOLUME,
    "weights in an image": IMAGE,
    "resources of the author": llama(serving={"resources": {"requests": {"cpu": 6, "memory": "40Gi"}}}),
}

every_pod = pytest.mark.parametrize("resource", CASES.values(), ids=CASES.keys())


def objects(resource: LlamaDeployment) -> tuple[dict[str, Any], ...]:
    return children(resource, plan_of(resource), "llamafleet-system")


def pod_of(resource: LlamaDeployment) -> dict[str, Any]:
    pod: dict[str, Any] = objects(resource)[-1]["spec"]["template"]["spec"]
    return pod


def container_of(resource: LlamaDeployment) -> dict[str, Any]:
    (container,) = pod_of(resource)["containers"]
    assert isinstance(container, dict)
    return container


def environment_of(resource: LlamaDeployment) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container_of(resource)["env"]}


@every_pod
def test_it_passes_the_restricted_pod_security_standard(resource: LlamaDeployment) -> None:
    pod, container = pod_of(resource), container_of(resource)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not any("hostPath" in volume for volume in pod["volumes"])


@every_pod
def test_it_has_an_identity_without_a_token(resource: LlamaDeployment) -> None:
    account = objects(resource)[0]
    assert account["automountServiceAccountToken"] is False
    assert pod_of(resource)["automountServiceAccountToken"] is False
    assert pod_of(resource)["serviceAccountName"] == account["metadata"]["name"]


@every_pod
def test_every_path_that_is_written_to_lies_on_a_writable_volume(resource: LlamaDeployment) -> None:
    mounts = container_of(resource)["volumeMounts"]
    writable = [PurePosixPath(mount["mountPath"]) for mount in mounts if not mount.get("readOnly")]
    values = environment_of(resource).values()
    written = [value for value in values if isinstance(value, str) and value.startswith("/")]
    assert len(written) >= 6, "HOME, the caches and the hub's files"
    for path in ("/tmp", "/dev/shm", *written):  # noqa: S108 - paths inside the container
        assert any(PurePosixPath(path).is_relative_to(folder) for folder in writable), path


@every_pod
def test_every_mount_has_its_volume(resource: LlamaDeployment) -> None:
    mounted = [mount["name"] for mount in container_of(resource)["volumeMounts"]]
    assert mounted == [volume["name"] for volume in pod_of(resource)["volumes"]]


@every_pod
def test_gpus_are_limited_to_what_is_requested(resource: LlamaDeployment) -> None:
    resources = container_of(resource)["resources"]
    gpus = str(shape_of(resource).gpus)
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == gpus


@every_pod
def test_shared_memory_grows_with_the_gpus(resource: LlamaDeployment) -> None:
    volume = next(volume for volume in pod_of(resource)["volumes"] if volume["name"] == "shm")
    size = f"{2 * shape_of(resource).gpus}Gi"
    assert volume["emptyDir"] == {"medium": "Memory", "sizeLimit": size}


def test_a_pod_has_the_gpus_of_all_its_pipeline_stages() -> None:
    resource = llama()
    decided = plan_of(resource)
    staged = dataclasses.replace(decided.shape, tensor_parallel=4, pipeline_parallel=2)
    deployment = children(resource, dataclasses.replace(decided, shape=staged), "ops")[-1]
    pod = deployment["spec"]["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    assert resources["limits"] == {"nvidia.com/gpu": "8"}
    assert (resources["requests"]["nvidia.com/gpu"], resources["requests"]["cpu"]) == ("8", "10")
    assert pod["volumes"][-1]["emptyDir"] == {"medium": "Memory", "sizeLimit": "16Gi"}


STARTUP_SECONDS = {
    "scout downloads 61,868 MiB at 50 MiB/s": (CASES["scout"], 1838),
    "maverick downloads 205,936 MiB at 50 MiB/s": (CASES["maverick"], 4719),
    "an 8B model in FP8 is read from a volume, 8,669 MiB at 200 MiB/s": (VOLUME, 644),
}


@pytest.mark.parametrize(("resource", "seconds"), STARTUP_SECONDS.values(), ids=STARTUP_SECONDS.keys())
def test_the_startup_budget_is_ten_minutes_and_the_time_to_read_the_weights(
    resource: LlamaDeployment, seconds: int
) -> None:
    probe = container_of(resource)["startupProbe"]
    assert seconds <= probe["failureThreshold"] * probe["periodSeconds"] < seconds + probe["periodSeconds"]
    assert environment_of(resource)["VLLM_ENGINE_READY_TIMEOUT_S"] == str(seconds)
    assert objects(resource)[-1]["spec"]["progressDeadlineSeconds"] == seconds + 600


@every_pod
def test_the_grace_period_covers_draining_the_servers_own_timeout_and_its_end(
    resource: LlamaDeployment,
) -> None:
    container = container_of(resource)
    drain = int(container["lifecycle"]["preStop"]["exec"]["command"][-1])
    (timeout,) = [arg for arg in container["args"] if arg.startswith("--shutdown-timeout=")]
    schedule = resource.spec.schedule
    whole = 300 if schedule is None else int(schedule.drain_timeout.total_seconds())
    assert (drain, timeout) == (whole - 60, "--shutdown-timeout=60")
    assert pod_of(resource)["terminationGracePeriodSeconds"] == whole + 20


@pytest.mark.parametrize(
    ("asked", "hook", "server", "grace"),
    [("1h", 3540, 60, 3620), ("5m", 240, 60, 320), ("15s", 12, 3, 35), ("5s", 4, 1, 31), ("0s", 0, 1, 31)],
)
def test_the_time_to_drain_is_shared_between_the_hook_and_the_server(
    asked: str, hook: int, server: int, grace: int
) -> None:
    window = {"name": "night", "start": "0 1 * * *", "duration": "4h"}
    shares = drain(Schedule.model_validate({"windows": [window], "drainTimeout": asked}))
    assert (shares.hook, shares.server, shares.grace) == (hook, server, grace)


def test_the_token_is_only_ever_a_reference() -> None:
    assert environment_of(CASES["a token"])["HF_TOKEN"] == {"secretKeyRef": TOKEN}
    assert "HF_TOKEN" not in environment_of(CASES["scout"])


DOWNLOADED = [name for name in CASES if not name.startswith("weights")]


@pytest.mark.parametrize("resource", [CASES[name] for name in DOWNLOADED], ids=DOWNLOADED)
def test_a_pod_that_downloads_reaches_only_names_and_https(resource: LlamaDeployment) -> None:
    policy = objects(resource)[1]["spec"]
    ports = [(port["protocol"], port["port"]) for rule in policy["egress"] for port in rule["ports"]]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert ports == [("UDP", 53), ("TCP", 53), ("TCP", 443)]


@pytest.mark.parametrize("resource", [VOLUME, IMAGE], ids=["a volume", "an image"])
def test_a_pod_with_weights_at_hand_reaches_nothing(resource: LlamaDeployment) -> None:
    policy = objects(resource)[1]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["egress"] == []
    assert environment_of(resource)["HF_HUB_OFFLINE"] == "1"


def test_a_pools_own_labels_taints_and_resource_name_reach_the_pod() -> None:
    pool = gpu_pool(
        nodeSelector={"zone": "b", "rack": "7"},
        tolerations=[{"key": "team", "operator": "Exists"}],
        resourceName="example.com/a100",
    )
    resource = llama()
    pod = children(resource, plan_of(resource, pools=[pool]), "ops")[-1]["spec"]["template"]["spec"]
    affinity = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert affinity["nodeSelectorTerms"] == [
        {
            "matchExpressions": [
                {"key": "rack", "operator": "In", "values": ["7"]},
                {"key": "zone", "operator": "In", "values": ["b"]},
            ]
        }
    ]
    assert pod["tolerations"] == [{"key": "team", "operator": "Exists"}]
    assert pod["containers"][0]["resources"]["limits"] == {"example.com/a100": "1"}


def test_a_limit_alone_bounds_the_estimated_request() -> None:
    resources = container_of(llama(serving={"resources": {"limits": {"memory": "8Gi"}}}))["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"] == "8Gi"


def test_labels_and_annotations_of_the_resource_are_never_copied() -> None:
    raw = raw_llama()
    raw["metadata"] |= {"labels": {"argocd": "mine"}, "annotations": {"secret": "plan"}}
    labelled = objects(LlamaDeployment.model_validate(raw))
    assert labelled == objects(llama())
    for child in labelled:
        assert child["metadata"]["labels"].keys() == {
            "app.kubernetes.io/name",
            "app.kubernetes.io/managed-by",
            "llamafleet.io/deployment",
        }
        assert child["metadata"]["annotations"].keys() <= {
            "llamafleet.io/applied",
            "llamafleet.io/pod-template",
            "llamafleet.io/pod-template-seal",
        }


specs = st.fixed_dictionaries(
    {
        "variant": st.sampled_from(["llama-3.1-8b", "scout"]),
        "replicas": st.integers(0, 3),
        "serving": st.fixed_dictionaries(
            {"contextLength": st.sampled_from([8192, 16384]), "toolCalling": st.booleans()}
        ),
    }
)


def without_digest(child: dict[str, Any]) -> dict[str, Any]:
    annotations = child["metadata"]["annotations"]
    others = {key: value for key, value in annotations.items() if key != APPLIED_ANNOTATION}
    return {**child, "metadata": {**child["metadata"], "annotations": others}}


@given(specs, specs)
def test_the_digest_changes_when_and_only_when_the_intent_does(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    for before, after in zip(objects(llama(**one)), objects(llama(**other)), strict=True):
        same_digest = before["metadata"]["annotations"] == after["metadata"]["annotations"]
        assert same_digest == (without_digest(before) == without_digest(after))


def test_no_flag_of_an_author_is_filled_in_with_a_variable_of_the_pod() -> None:
    """Kubernetes would put the token into the flag, vLLM into its log, and we into a condition."""
    flags = ["--seed=$(HF_TOKEN)", "--max-log-len=$$(HF_TOKEN)", "--uvicorn-log-level=$HOME"]
    container = container_of(llama(tokenSecretRef=TOKEN, serving={"extraArgs": flags}))
    assert container["args"][-3:] == [
        "--seed=$$(HF_TOKEN)",
        "--max-log-len=$$$$(HF_TOKEN)",
        "--uvicorn-log-level=$$HOME",
    ]


@every_pod
def test_the_same_resource_and_plan_give_the_same_objects(resource: LlamaDeployment) -> None:
    assert objects(resource) == objects(LlamaDeployment.model_validate(resource.model_dump(by_alias=True)))
