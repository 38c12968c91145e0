"""Reading resources: what may be left out, what is ignored, and what a manifest of ours says."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.model import Quantization
from llamafleet.api.texts import SOURCE

ROOT = Path(__file__).parents[2]
KINDS: dict[str, type[LlamaDeployment | GpuPool]] = {"LlamaDeployment": LlamaDeployment, "GpuPool": GpuPool}
SAMPLES = sorted((ROOT / "manifests" / "samples").glob("*.yaml"))


def llama(**spec: object) -> dict[str, Any]:
    """A resource with the least that it needs."""
    return {"metadata": {"name": "scout"}, "spec": {"model": {"variant": "scout"}, **spec}}


def test_a_resource_needs_a_name_and_a_variant_only() -> None:
    read = LlamaDeployment.model_validate(llama())

    assert read.spec.model.quantization is Quantization.AUTO
    assert read.spec.serving.concurrency == 1
    assert read.spec.scaling is None
    assert read.status.observed_generation == -1


def test_a_field_of_a_newer_definition_is_ignored() -> None:
    assert LlamaDeployment.model_validate(llama(tomorrow=1)) == LlamaDeployment.model_validate(llama())


def test_the_operator_obeys_the_rules_between_fields_too() -> None:
    with pytest.raises(
        ValidationError, match=r"spec\.scaling\.minReplicas must be at most spec\.scaling\.maxReplicas"
    ):
        LlamaDeployment.model_validate(llama(scaling={"minReplicas": 4, "maxReplicas": 2}))


def test_a_record_cannot_be_changed() -> None:
    read = LlamaDeployment.model_validate(llama())

    with pytest.raises(ValidationError, match="frozen"):
        setattr(read.spec, "suspend", True)  # noqa: B010 - the type checker already refuses the plain form


def test_durations_and_quantities_become_values() -> None:
    read = LlamaDeployment.model_validate(
        llama(scaling={"scaleDownDelay": "1h30m"}, serving={"resources": {"requests": {"memory": "144Gi"}}})
    )

    assert read.spec.scaling is not None
    assert read.spec.scaling.scale_down_delay == timedelta(minutes=90)
    assert read.spec.serving.resources is not None
    assert str(read.spec.serving.resources.requests["memory"]) == "144Gi"
    assert read.spec.serving.resources.requests["memory"].whole() == 144 * 2**30


def test_an_unknown_variant_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ValidationError, match=r"must be a variant of the catalogue: scout, maverick, llama-3\.1-8b"
    ):
        LlamaDeployment.model_validate(llama(model={"variant": "llama-5"}))


def test_a_model_that_was_never_released_is_refused_with_the_reason() -> None:
    with pytest.raises(ValidationError, match="never released: there are no weights to serve"):
        LlamaDeployment.model_validate(llama(model={"variant": "behemoth"}))


def test_an_unknown_gpu_can_be_read_so_that_one_pool_never_stops_the_others() -> None:
    body = {"metadata": {"name": "new"}, "spec": {"gpu": "c300"}}

    assert GpuPool.model_validate(body).spec.gpu == "c300"


def test_what_is_written_can_be_read_again() -> None:
    read = LlamaDeployment.model_validate(
        llama(
            scaling={"idleTimeout": "15m"},
            cost={"hourlyLimit": "12.00"},
            schedule={
                "windows": [{"name": "night", "start": "0 22 * * 1-5", "duration": "8h"}],
                "exceptions": [{"date": "2026-12-24", "state": "Closed"}],
                "preWarm": "10m",
            },
        )
    )

    assert LlamaDeployment.model_validate(read.model_dump(mode="json", by_alias=True)) == read


@pytest.mark.parametrize(
    "source",
    [
        "hf://meta-llama/Llama-4-Scout-17B-16E-Instruct",
        "hf://a/b@0123abc",
        "hf://org/name@refs/pr/1",
        "pvc://weights",
        "pvc://weights/",
        "pvc://weights/llama/scout-int4",
        "oci://registry.example.com:5000/models/scout:v1",
        "oci://registry.example.com/models/scout@sha256:0123456789abcdef",
    ],
)
def test_a_source_of_a_known_form_is_taken(source: str) -> None:
    assert re.fullmatch(SOURCE, source)


@pytest.mark.parametrize(
    "source",
    [
        "meta-llama/Llama",
        "hf://name",
        "hf://-o/name",
        "hf://org/--trust-remote-code",
        "https://example.com/weights",
        "pvc://weights/../secrets",
        "pvc://weights/.hidden",
        "pvc:///etc",
        "pvc://Weights",
        "oci://",
        "oci://-image",
        "oci://image tag",
        "hf://org/name@a b",
        "hf://org/name\n",
    ],
)
def test_a_source_that_could_mean_something_else_is_refused(source: str) -> None:
    assert re.fullmatch(SOURCE, source) is None


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.name)
def test_a_sample_is_what_the_types_say(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        if document["kind"] in KINDS:
            assert (
                KINDS[document["kind"]].model_validate(document).metadata.name == document["metadata"]["name"]
            )


@pytest.mark.parametrize("page", ["llamadeployment.md", "gpupool.md"])
def test_the_example_of_a_page_is_what_the_types_say(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    document = yaml.safe_load(example)

    assert KINDS[document["kind"]].model_validate(document).metadata.name == document["metadata"]["name"]
