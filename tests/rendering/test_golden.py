"""Everything that is rendered, as files that a person can read and review in a diff.

A change on purpose: ``pytest tests/rendering --update-golden``, then read the diff.
"""

import difflib
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from builders import SAMPLES, gpu_pool, llama, plan_of
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


class ReadableDumper(yaml.SafeDumper):
    """Texts of several lines as blocks; no anchors, because each object is read by itself."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


ReadableDumper.add_representer(str, _text)


def rendered(case: Case) -> str:
    objects = children(case.resource, plan_of(case.resource, pools=case.pools), "llamafleet-system")
    deployment = objects[-1]
    annotations = deployment["metadata"]["annotations"]
    assert json.loads(annotations[TEMPLATE_ANNOTATION]) == deployment["spec"]["template"]
    annotations[TEMPLATE_ANNOTATION] = "the template below, as JSON"
    return yaml.dump_all(objects, Dumper=ReadableDumper, sort_keys=False, explicit_start=True, width=100)


@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_those_of_the_golden_file(name: str, *, update_golden: bool) -> None:
    path, text = GOLDEN / f"{name}.yaml", rendered(CASES[name])
    if update_golden:
        path.write_text(text, encoding="utf-8")
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    diff = difflib.unified_diff(known.splitlines(), text.splitlines(), str(path), "rendered", lineterm="")
    assert known == text, "rewrite with --update-golden, or mend the code:\n" + "\n".join(diff)


def test_every_golden_file_has_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_golden_file_holds_the_objects_in_the_order_in_which_they_are_applied(name: str) -> None:
    kinds = [item["kind"] for item in yaml.safe_load_all((GOLDEN / f"{name}.yaml").read_text())]
    assert kinds == ["ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service", "Deployment"]
