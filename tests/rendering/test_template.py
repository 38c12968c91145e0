"""A release that renders pods differently restarts none that runs. What its author changes takes effect."""

import json
from typing import Any, Final

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from builders import gpu_pool, plan_of, raw_llama
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import TEMPLATE_ANNOTATION, TEMPLATE_SEAL_ANNOTATION
from llamafleet.errors import InvalidSpec
from llamafleet.rendering import environment, template
from llamafleet.rendering.deployment import deployment
from llamafleet.rendering.sleep import asleep, shortened

SPEC: Final[dict[str, Any]] = {
    "replicas": 2,
    "gpu": {"pools": ["own"]},
    "schedule": {"timeZone": "UTC", "windows": [{"name": "n", "start": "0 0 * * *", "duration": "24h"}]},
}
POOL: Final[dict[str, Any]] = {"nodeSelector": {"pool": "own"}, "price": {"onDemand": "2.00"}}


def wanted(
    spec: dict[str, Any] | None = None,
    pool: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    live: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The Deployment that is asked for, when it is this one now."""
    merged = {**SPEC, **(spec or {})}
    raw = raw_llama(None, **{field: value for field, value in merged.items() if value is not None})
    raw["metadata"]["annotations"] = annotations or {}
    resource = LlamaDeployment.model_validate(raw)
    pools = [gpu_pool("own", **{**POOL, **(pool or {})})]
    made = deployment(resource, plan_of(resource, 2, pools), live)
    return dict(json.loads(json.dumps(made)))


def is_new(made: dict[str, Any]) -> bool:
    """Whether a Deployment has the template of the newer release, and says so."""
    pods = made["spec"]["template"]
    assert json.loads(made["metadata"]["annotations"][TEMPLATE_ANNOTATION]) == pods
    return "NEWER" in {item["name"] for item in pods["spec"]["containers"][0]["env"]}


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the older release has made; from now on the newer one is at work."""
    made = wanted()
    assert not is_new(made)
    monkeypatch.setitem(environment.FIXED, "NEWER", "1")
    return made


def test_a_newer_release_asks_for_the_very_same_deployment(live: dict[str, Any]) -> None:
    assert wanted(live=live) == live
    assert is_new(wanted()), "a Deployment that does not exist yet gets the new one"


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 5},
        {"scaling": {"minReplicas": 1, "maxReplicas": 4}, "replicas": None},
        {"cost": {"monthlyBudget": "5000"}},
        {"suspend": False},
        {"schedule": {**SPEC["schedule"], "preWarm": "30m"}},
        {"schedule": None},
        {"serving": {}},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_what_no_pod_depends_on_changes_nothing_of_the_pods(
    live: dict[str, Any], spec: dict[str, Any]
) -> None:
    assert not is_new(wanted(spec, live=live))


def test_a_price_moves_no_pod(live: dict[str, Any]) -> None:
    assert not is_new(wanted(pool={"price": {"onDemand": "1.50"}}, live=live))


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"serving": {"contextLength": 16384}}},
        {"spec": {"serving": {"extraArgs": ["--seed=1"]}}},
        {"spec": {"quantization": "INT4"}},
        {"spec": {"tokenSecretRef": {"name": "hub", "key": "token"}}},
        {"spec": {"gpu": {"pools": ["own"], "count": 2}}},
        {"spec": {"schedule": {**SPEC["schedule"], "drainTimeout": "20m"}}},
        {"pool": {"nodeSelector": {"pool": "another"}}},
        {"pool": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}},
        {"pool": {"resourceName": "example.com/a100"}},
        {"pool": {"price": {"onDemand": "2.00", "spot": "0.50"}}},
        {"annotations": {"llamafleet.io/renew": "2026-11-21"}},
    ],
    ids=str,
)
def test_what_a_person_changes_of_the_pods_takes_effect_as_the_newer_release_makes_it(
    live: dict[str, Any], change: dict[str, Any]
) -> None:
    made = wanted(**change, live=live)
    assert is_new(made)
    assert wanted(**change, live=made) == made, "once"


def test_a_fleet_at_zero_starts_as_the_newer_release_makes_it(live: dict[str, Any]) -> None:
    live["spec"]["replicas"] = 0
    assert is_new(wanted(live=live))


@pytest.mark.parametrize("text", [None, "", "{}", "[", '{"metadata":{"labels":{}}}', "null"])
@pytest.mark.parametrize("key", [TEMPLATE_ANNOTATION, TEMPLATE_SEAL_ANNOTATION])
def test_what_somebody_did_to_the_annotations_is_not_believed(
    live: dict[str, Any], key: str, text: str | None
) -> None:
    live["metadata"]["annotations"] |= {key: text}
    if text is None:
        del live["metadata"]["annotations"][key]
    assert is_new(wanted(live=live))


def test_what_somebody_did_to_the_template_is_undone_and_nothing_else(live: dict[str, Any]) -> None:
    before = json.loads(json.dumps(live))
    live["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/evil:1"
    live["metadata"]["labels"] = {}
    assert wanted(live=live) == before


def test_a_template_whose_labels_this_release_does_not_know_is_not_kept(
    live: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "child_labels", lambda name: {"newer": name})
    assert is_new(wanted(live=live))


def test_a_fleet_that_is_put_to_sleep_or_made_smaller_without_a_plan_keeps_the_annotations(
    live: dict[str, Any],
) -> None:
    children = {"Deployment": live}
    for made in (*asleep(children), *shortened(children, 1)):
        assert made["metadata"]["annotations"] == live["metadata"]["annotations"]


SPECS = st.fixed_dictionaries(
    {
        "variant": st.sampled_from(["llama-3.1-8b", "scout", "maverick"]),
        "quantization": st.sampled_from(["Auto", "INT4"]),
        "serving": st.fixed_dictionaries(
            {
                "contextLength": st.sampled_from([8192, 16384]),
                "concurrency": st.sampled_from([1, 4]),
                "vision": st.booleans(),
                "toolCalling": st.booleans(),
                "extraArgs": st.sampled_from([[], ["--seed=1"]]),
            }
        ),
        "gpu": st.fixed_dictionaries(
            {"pools": st.just(["own"]), "capacityType": st.sampled_from(["OnDemand", "SpotPreferred"])},
            optional={"count": st.sampled_from([1, 2, 4])},
        ),
        "schedule": st.sampled_from([SPEC["schedule"], {**SPEC["schedule"], "drainTimeout": "20m"}]),
        "scaling": st.sampled_from([None, {"minReplicas": 1, "maxReplicas": 4, "queueDepth": 2}]),
        "cost": st.sampled_from([None, {"hourlyLimit": "100"}]),
        "replicas": st.none(),
    }
)
POOLS = st.fixed_dictionaries(
    {
        "gpu": st.sampled_from(["a100-80gb", "h100-80gb"]),
        "gpusPerNode": st.sampled_from([4, 8]),
        "nodeSelector": st.sampled_from([{"pool": "own"}, {"pool": "other"}]),
        "price": st.sampled_from([{"onDemand": "2.00"}, {"onDemand": "2.00", "spot": "0.50"}]),
        "hostMemoryPerGpu": st.sampled_from(["60Gi", "120Gi", "400Gi"]),
    }
)


FIELDS = st.sampled_from(
    [
        *("quantization", "serving", "gpu", "schedule", "scaling", "cost"),
        *("pool.gpu", "pool.gpusPerNode", "pool.nodeSelector", "pool.price", "pool.hostMemoryPerGpu"),
    ]
)


@given(SPECS, POOLS, SPECS, POOLS, FIELDS)
@settings(max_examples=300)
def test_within_one_release_whatever_changes_takes_effect(
    spec: dict[str, Any], pool: dict[str, Any], other: dict[str, Any], other_pool: dict[str, Any], field: str
) -> None:
    """What is kept is what would be made: nothing that pods depend on is missing among the wishes."""
    of_pool = field.removeprefix("pool.")
    if of_pool == field:
        spec_now, pool_now = {**spec, field: other[field]}, pool
    else:
        spec_now, pool_now = spec, {**pool, of_pool: other_pool[of_pool]}
    try:
        live = wanted(spec, pool)
        now = wanted(spec_now, pool_now)
    except InvalidSpec:
        reject()
    assert wanted(spec_now, pool_now, live=live) == now
