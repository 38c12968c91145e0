"""The optional admission policy of images, on a real API server."""

import contextlib
import json
from collections.abc import Iterator
from typing import Final

import pytest

from fleet_operator import NAMESPACE, running_operator
from llamas import SETTLE_SECONDS, Llama
from security.attempts import Json, llama
from security.guard import FOLDER, pod, refusal
from testbed.cluster import POLICY_SECONDS
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

DIGEST: Final = "@sha256:" + "a" * 64

PLACES: Final = ("registry.example.com/ai", "registry.example.com:5000", "", " vllm/vllm-openai ", "lone/")

ALLOWED: Final = (
    "registry.example.com/ai/vllm:v1",
    "registry.example.com/ai/deeper/vllm",
    f"registry.example.com/ai/vllm{DIGEST}",
    "registry.example.com:5000/anything:v1",
    "vllm/vllm-openai:v0.32.0",
    "vllm/vllm-openai",
    f"vllm/vllm-openai{DIGEST}",
    "lone/x:v1",
)
FOREIGN: Final = (
    "registry.example.com.evil/ai/vllm:v1",
    "registry.example.com.evil:5000/ai/vllm:v1",
    "registry.example.com/ai-evil/vllm:v1",
    "registry.example.com/aix:v1",
    "registry.example.com/vllm:v1",
    "registry.example.com:50001/vllm:v1",
    "evil.example/registry.example.com/ai/vllm:v1",
    "evil.example/vllm/vllm-openai:v1",
    "vllm/vllm-openai-evil:v1",
    "vllm/vllm-openaix/evil:v1",
    "lonely/x:v1",
    "vllm:v1",
)


@contextlib.contextmanager
def allowing(cluster: ControlPlane, *places: str, by_digest: bool = False) -> Iterator[None]:
    """These places alone, for the length of a block."""
    wanted = {"registries": "\n".join(places), "requireDigest": str(by_digest).lower()}
    bad = llama({"name": "probe"}, serving={"image": "nowhere.example/probe:v1"})
    _set(cluster, wanted)
    try:
        until(lambda: refusal(cluster, bad), POLICY_SECONDS, "the policy to hold")
        yield
    finally:
        _set(cluster, {"registries": "", "requireDigest": "false"})
        until(lambda: not refusal(cluster, bad), POLICY_SECONDS, "the policy to be gone")


def _set(cluster: ControlPlane, data: Json) -> None:
    where = ("configmap", "llamafleet-images", f"--namespace={NAMESPACE}")
    cluster.kubectl("patch", *where, "--type=merge", f"--patch={json.dumps({'data': data})}")


def test_images_come_from_allowed_places_and_from_no_namesake_of_them(guarded: ControlPlane) -> None:
    with allowing(guarded, *PLACES):
        for image in ALLOWED:
            assert refusal(guarded, llama({"name": "x"}, serving={"image": image})) == ""
            assert refusal(guarded, pod(image)) == ""
        for image in FOREIGN:
            said = refusal(guarded, llama({"name": "x"}, serving={"image": image}))
            assert "spec.serving.image, or an oci:// source of spec.model, must come from" in said, image
            assert said.endswith(f": {image}")
            said = refusal(guarded, pod(image))
            assert "images of a model pod must come from registry.example.com/ai or" in said, image


def test_weights_in_images_are_held_to_the_same_rule(guarded: ControlPlane) -> None:
    weights = {"variant": "llama-3.1-8b", "quantization": "FP8"}
    with allowing(guarded, *PLACES):
        for source in ("hf://org/name", "pvc://models/8b", "oci://registry.example.com/ai/weights:1"):
            assert refusal(guarded, llama({"name": "x"}, model={**weights, "source": source})) == ""
        evil = "oci://registry.example.com.evil/ai/weights:1"
        assert "must come from" in refusal(guarded, llama({"name": "x"}, model={**weights, "source": evil}))
        adapters = [{"name": "a", "source": evil}]
        assert "must come from" in refusal(
            guarded, llama({"name": "x"}, model={**weights, "adapters": adapters})
        )
        volume = {"name": "weights", "image": {"reference": evil.removeprefix("oci://")}}
        assert "must come from" in refusal(guarded, pod(ALLOWED[0], volumes=[volume]))
        first = [{"name": "first", "image": FOREIGN[0]}]
        assert "must come from" in refusal(guarded, pod(ALLOWED[0], initContainers=first))


def test_a_path_that_climbs_is_in_no_place(guarded: ControlPlane) -> None:
    with allowing(guarded, *PLACES):
        assert "must come from" in refusal(guarded, pod("registry.example.com/ai/../evil/vllm:v1"))


def test_images_can_be_asked_to_be_named_by_their_digest(guarded: ControlPlane) -> None:
    bad = ("vllm:v1", "vllm", "vllm@sha256:abcdef01", f"vllm@sha512:{'a' * 64}", f"vllm{DIGEST}0")
    with allowing(guarded, by_digest=True):
        assert refusal(guarded, llama({"name": "x"})) == "", "the operator's own image is seen in the pod"
        assert refusal(guarded, llama({"name": "x"}, serving={"image": f"vllm:v1{DIGEST}"})) == ""
        assert refusal(guarded, pod(f"anywhere.example/vllm{DIGEST}")) == ""
        for image in bad:
            said = refusal(guarded, llama({"name": "x"}, serving={"image": image}))
            assert f"must end with its digest @sha256:...: {image}" in said, image
            assert "must end with their digest" in refusal(guarded, pod(image)), image


def test_pods_of_others_are_not_looked_at(guarded: ControlPlane) -> None:
    other = pod("nowhere.example/shop:v1")
    other["metadata"]["labels"] = {"app": "shop"}
    with allowing(guarded, *PLACES, by_digest=True):
        assert refusal(guarded, other) == ""


def test_without_the_parameters_nothing_is_taken(guarded: ControlPlane) -> None:
    where = ("configmap", "llamafleet-images", f"--namespace={NAMESPACE}")
    guarded.kubectl("delete", *where)
    try:
        until(lambda: refusal(guarded, llama({"name": "x"})), POLICY_SECONDS, "the parameters to be missed")
        assert "no params found" in refusal(guarded, llama({"name": "x"}))
    finally:
        guarded.kubectl("apply", "--server-side", "-f", str(FOLDER / "parameters.yaml"))
    until(lambda: not refusal(guarded, llama({"name": "x"})), POLICY_SECONDS, "the parameters to be found")


def test_what_was_allowed_once_can_be_changed_in_its_metadata_and_deleted(
    guarded: ControlPlane, namespace: str
) -> None:
    fleet = Llama(guarded, namespace, "old")
    fleet.apply(serving={"image": "vllm:v1"}, suspend=True)
    with allowing(guarded, *PLACES):
        fleet.annotate("note=seen")
        with pytest.raises(TestbedError, match="must come from"):
            fleet.patch(suspend=False)
        guarded.kubectl("delete", "llama", "old", f"--namespace={namespace}", "--cascade=foreground")
        until(lambda: not _there(fleet), SETTLE_SECONDS, "the resource to be gone")


def _there(fleet: Llama) -> bool:
    where = (fleet.name, f"--namespace={fleet.namespace}", "--ignore-not-found")
    return bool(fleet.cluster.kubectl("get", "llama", *where))


def test_the_image_that_the_operator_takes_by_itself_is_held_to_the_rule_and_the_author_is_told(
    guarded: ControlPlane, namespace: str
) -> None:
    fleet = Llama(guarded, namespace, "plain")
    with allowing(guarded, "registry.example.com"), running_operator(guarded) as operator:
        fleet.apply(model={"quantization": "FP8"})
        said = until(lambda: _held_back(fleet), SETTLE_SECONDS, "the refusal to be told")
        assert "images of a model pod must come from registry.example.com: vllm/vllm-openai:" in said
        fleet.patch(serving={"image": "registry.example.com/vllm:v0.32.0"})
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        assert "Traceback" not in operator.log.read_text()


def _held_back(fleet: Llama) -> str:
    message = str(fleet.condition("Ready").get("message", ""))
    assert "must come from" in message, fleet.get().get("status")
    return message
