"""Everything that is rendered, as files that a person can read and review in a diff.

A change on purpose: ``pytest tests/rendering --update-golden``, then read the diff.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from builders import SAMPLES, gpu_pool, llama, plan_of
from goldens import compare, readable
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import TEMPLATE_ANNOTATION
from llamafleet.rendering.children import children

GOLDEN = Path(__file__).parent / "golden"


class Case(NamedTuple):
    """A resource and the pools that it may choose from; none for the built-in one."""

    resource: LlamaDeployment
    pools: tuple[GpuPool, ...] = ()


CASES = {
    **{path.stem: Case(llama(path)) for path in SAMPLES},
    "weights-on-a-volume": Case(
        llama(
            variant="llama-3.1-8b",
            quantization="FP8",
            source="pvc://models/8b/fp8",
            tokenSecretRef={"name": "hub", "key": "token"},
            serving={
                "toolCalling": True,
                "resources": {"requests": {"cpu": 6, "memory": "40Gi"}, "limits": {"memory": "48Gi"}},
            },
        )
    ),
    "spot-nodes-if-there-are-any": Case(
        llama(variant="llama-3.1-8b", gpu={"capacityType": "SpotPreferred"}),
        (gpu_pool(price={"onDemand": "2.5", "spot": "0.9"}),),
    ),
    "nodes-of-an-own-pool": Case(
        llama(variant="llama-3.1-70b", replicas=3, gpu={"pools": ["own"]}),
        (
            gpu_pool(
                nodeSelector={"team": "research", "example.com/rack": "7"},
                tolerations=[{"key": "team", "value": "research", "effect": "NoSchedule"}],
                resourceName="example.com/a100",
                price={"onDemand": "2.5"},
            ),
        ),
    ),
}


def rendered(case: Case) -> str:
    objects = children(case.resource, plan_of(case.resource, pools=case.pools), "llamafleet-system")
    deployment = objects[-1]
    annotations = deployment["metadata"]["annotations"]
    assert json.loads(annotations[TEMPLATE_ANNOTATION]) == deployment["spec"]["template"]
    annotations[TEMPLATE_ANNOTATION] = "the template below, as JSON"
    return readable(objects)


@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_those_of_the_golden_file(name: str, *, update_golden: bool) -> None:
    compare(GOLDEN / f"{name}.yaml", rendered(CASES[name]), update=update_golden)


def test_every_golden_file_has_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_golden_file_holds_the_objects_in_the_order_in_which_they_are_applied(name: str) -> None:
    kinds = [item["kind"] for item in yaml.safe_load_all((GOLDEN / f"{name}.yaml").read_text())]
    assert kinds == ["ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service", "Deployment"]
