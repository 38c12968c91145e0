"""A laptop and the API server give the same verdict on the same manifest, and the same words for a rule."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cases.bad import BAD
from cases.good import GOOD
from cases.manifests import exception, llama, model, pool, resources, serving
from llamafleet.api.crd import KINDS, schema
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.reading import read_strictly
from llamafleet.errors import InvalidSpec

TAKEN_ON_A_LAPTOP = {"an unknown GPU": "a values file may add it to the catalogue; the planner decides"}
"""What only the API server refuses, with the reason."""

REFUSED_EVERYWHERE = [case for case in BAD if case.id not in TAKEN_ON_A_LAPTOP]
REFUSED_BY_THE_API_SERVER_ONLY = [case.values[0] for case in BAD if case.id in TAKEN_ON_A_LAPTOP]


def messages(node: dict[str, Any]) -> Iterator[str]:
    """What every rule of a schema says."""
    yield from (rule["message"] for rule in node.get("x-kubernetes-validations", []))
    inner = [node[word] for word in ("items", "additionalProperties") if isinstance(node.get(word), dict)]
    for below in (*node.get("properties", {}).values(), *inner):
        yield from messages(below)


RULES = sorted({message for kind in KINDS for message in messages(schema(kind))})


def read(body: dict[str, Any]) -> LlamaDeployment | GpuPool:
    """The resource of a manifest, as a laptop reads it."""
    if body["kind"] == "GpuPool":
        return read_strictly(GpuPool, body)
    return read_strictly(LlamaDeployment, body)


def refusal(body: dict[str, Any]) -> str:
    """What a laptop says of a bad manifest."""
    with pytest.raises(InvalidSpec) as problem:
        read(body)
    return str(problem.value)


@pytest.mark.parametrize("body", GOOD)
def test_what_the_api_server_takes_is_taken(body: dict[str, Any]) -> None:
    assert read(body).metadata.name == body["metadata"]["name"]


@pytest.mark.parametrize(("body", "said", "field"), REFUSED_EVERYWHERE)
def test_what_the_api_server_refuses_is_refused_at_the_same_field(
    body: dict[str, Any], said: str, field: str
) -> None:
    with pytest.raises(InvalidSpec) as problem:
        read(body)

    assert problem.value.field == field
    same_words = [message.endswith(problem.value.rule) for message in RULES if said in message]
    assert any(same_words) or not same_words, "a rule of ours has the same words everywhere"


@pytest.mark.parametrize("body", REFUSED_BY_THE_API_SERVER_ONLY)
def test_what_only_the_api_server_refuses_is_taken(body: dict[str, Any]) -> None:
    assert read(body).metadata.name == body["metadata"]["name"]


@pytest.mark.parametrize("message", RULES)
def test_every_rule_has_a_manifest_that_breaks_it(message: str) -> None:
    assert any(said in message for _, said, _ in (case.values for case in BAD))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            llama(model={"variant": "behemoth"}),
            "spec.model.variant = behemoth: must be a model that was released: Llama 4 Behemoth was "
            "announced in April 2025 (288 B active of about 2 T parameters) and never released: there are no "
            "weights to serve",
            id="a model without weights",
        ),
        pytest.param(
            llama(replicas=2, scaling={}),
            "spec.replicas = 2: spec.replicas and spec.scaling exclude each other: replicas is for kubectl "
            "scale or an external autoscaler, scaling for the operator's own",
            id="two fields that exclude each other",
        ),
        pytest.param(
            llama(gpu={"count": 3}),
            "spec.gpu.count = 3: must be a power of two, such as 2, 4 or 8: tensor parallelism splits the "
            "attention heads of a Llama evenly over its GPUs",
            id="a number of GPUs that heads cannot be split over",
        ),
        pytest.param(
            model(source="hf://a/b"),
            "spec.model.quantization = (absent): must be named when spec.model.source is given: Auto chooses "
            "among the catalogue's own checkpoints",
            id="a field that is missing because of another",
        ),
        pytest.param(
            llama(gpu={"capacityType": "spot"}),
            "spec.gpu.capacityType = spot: must be 'OnDemand', 'Spot' or 'SpotPreferred'",
            id="a word that is none of the few",
        ),
        pytest.param(
            llama(gpu={"count": "8"}),
            'spec.gpu.count = "8": must be a whole number',
            id="a number as text",
        ),
        pytest.param(
            llama(sclaing={"minReplicas": 2}),
            'spec.sclaing = {"minReplicas": 2}: must be left out: there is no field of that name here',
            id="a misspelt field",
        ),
        pytest.param(
            serving(extraArgs=["--seed=7", "--seed=7\n"]),
            'spec.serving.extraArgs[1] = "--seed=7\\n": must be --flag or --flag=value, without control '
            "characters",
            id="a value that would break the line",
        ),
        pytest.param(
            serving(extraArgs=["--seed=ä\x9b2J\u202e"]),
            'spec.serving.extraArgs[0] = "--seed=ä\\x9b2J\\u202e": must be --flag or --flag=value, without '
            "control characters",
            id="a value that a terminal would act on",
        ),
        pytest.param(
            llama() | {"spec": {"modle": {"variant": "scout"}}},
            'spec.modle = {"variant": "scout"}: must be left out: there is no field of that name here',
            id="a misspelt field that is required",
        ),
        pytest.param(
            llama(gpu={"pools": ["a-pool-of-gpus"] * 33}),
            'spec.gpu.pools = ["a-pool-of-gpus", "a-pool-of-gpus", "a-pool-of-gpus", "a-pool-of-gpus", '
            '"a-pool…: must have at most 32 items, not 33',
            id="a long value",
        ),
        pytest.param(
            llama(model={"variant": ""}) | {"apiVersion": "llamafleet.io/v2"},
            "apiVersion = llamafleet.io/v2: must be llamafleet.io/v1alpha1",
            id="another version",
        ),
        pytest.param(
            llama() | {"spce": 1},
            "spce = 1: must be left out: there is no field of that name here",
            id="a field at the top",
        ),
        pytest.param(llama() | {"spec": "scout"}, 'spec = "scout": must be a map of fields', id="no map"),
        pytest.param(llama() | {"metadata": None}, "metadata = (absent): must be given", id="no metadata"),
        pytest.param(
            exception(date=[]),
            "spec.schedule.exceptions[0].date = []: must be a day of the calendar, such as 2026-12-24",
            id="a list for a day",
        ),
    ],
)
def test_the_author_is_told_field_value_and_rule(body: dict[str, Any], said: str) -> None:
    assert refusal(body) == said


def test_null_is_absent_as_it_is_to_the_api_server() -> None:
    assert read(llama(serving={"concurrency": None}, cost=None)) == read(llama())


def test_what_yaml_makes_of_plain_dates_is_taken_as_kubectl_takes_it() -> None:
    by_day = read(exception(date=date(2026, 12, 24)))
    by_hour = read(
        exception(
            **{"from": datetime(2026, 12, 24, 18, tzinfo=UTC), "to": datetime(2026, 12, 25, tzinfo=UTC)}
        )
    )

    assert by_day == read(exception(date="2026-12-24"))
    assert by_hour == read(exception(**{"from": "2026-12-24T18:00:00Z", "to": "2026-12-25T00:00:00Z"}))


def test_keys_that_yaml_reads_as_other_types_are_text_as_kubectl_takes_them() -> None:
    read_pool = read(pool(nodeSelector={1: "a", False: "b"}))

    assert isinstance(read_pool, GpuPool)
    assert read_pool.spec.node_selector == {"1": "a", "false": "b"}


def test_metadata_and_status_of_a_stored_object_are_no_reason_to_refuse_it() -> None:
    stored = llama() | {"status": {"ofTomorrow": True}}
    stored["metadata"] |= {"labels": {"team": "a"}, "resourceVersion": "7", "managedFields": [{}]}

    assert read(stored).spec == read(llama()).spec


def test_a_manifest_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)

    assert refusal(llama(gpu={"pools": loop})).startswith("LlamaDeployment = (as written): must be texts,")


@pytest.mark.parametrize("number", [2**63, -1, 1.5, True])
def test_an_amount_that_no_quantity_can_have_is_refused(number: object) -> None:
    assert "must be a Kubernetes quantity of zero or more" in refusal(resources(requests={"memory": number}))
