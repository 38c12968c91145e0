"""``docs/plan-output.md`` tells what ``llamafleet plan`` prints: every key with its type, and the views."""

import json
from pathlib import Path

import pytest
import yaml

from builders import NOW, ROOT
from cli.pages import rows, table_after, word
from llamafleet.api.base import Record
from llamafleet.api.status import StatusPlan
from llamafleet.cli import main
from llamafleet.cli.output import Candidate, MonthlyUsd, Output

PAGE = (ROOT / "docs" / "plan-output.md").read_text()
SAMPLES = ROOT / "manifests" / "samples"


@pytest.mark.parametrize(
    ("heading", "record"),
    [("## JSON and YAML", Output), ("`monthlyUsdPerReplica`:", MonthlyUsd), ("`candidates[]`:", Candidate)],
    ids=["the answer", "a month", "a candidate"],
)
def test_the_page_has_every_key_with_its_type(heading: str, record: type[Record]) -> None:
    assert table_after(PAGE, heading) == rows(record)


def test_the_plan_of_a_status_has_the_same_keys_and_types() -> None:
    """But for its explanation, whose sentences are among the reasons."""

    def types(record: type[Record]) -> dict[str, str]:
        fields = record.model_json_schema()["properties"].items()
        return {key: word(field).removesuffix(" or null") for key, field in fields}

    status, output = types(StatusPlan), types(Output)
    assert status.pop("explanation") == "string"
    assert {key: output.get(key) for key in status} == status


L40S = """
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {name: l40s}
spec: {gpu: l40s, gpusPerNode: 1, price: {onDemand: "0.79"}}
"""

SPOT = """
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {name: spot}
spec: {gpu: a100-80gb, price: {onDemand: "1.19", spot: "0.60"}}
---
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {name: amd}
spec: {gpu: mi300x, price: {onDemand: "2.00"}}
---
apiVersion: llamafleet.io/v1alpha1
kind: LlamaDeployment
metadata: {name: night, namespace: team-a}
spec:
  model: {variant: scout}
  serving: {contextLength: 65536}
  gpu: {capacityType: Spot}
  scaling: {minReplicas: 2}
  schedule:
    timeZone: Europe/Berlin
    windows: [{name: nightly, start: "0 22 * * *", duration: 4h}]
"""

CASES = {
    "a shape that fits": (str(SAMPLES / "scout.yaml"), []),
    "experts in host memory": (str(SAMPLES / "maverick.yaml"), []),
    "nothing fits": (str(SAMPLES / "scout.yaml"), ["--pools", "l40s.yaml"]),
    "spot capacity in windows": ("night.yaml", []),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "l40s.yaml").write_text(L40S)
    (tmp_path / "night.yaml").write_text(SPOT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("manifests", "more"), CASES.values(), ids=CASES.keys())
@pytest.mark.usefixtures("folder")
def test_every_answer_has_every_key_in_its_type(
    manifests: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["plan", manifests, *more, "-o", "json"], now=NOW)
    text = capsys.readouterr().out
    printed = json.loads(text)
    read = Output.model_validate_json(text, strict=True, extra="forbid")
    assert read.model_dump(mode="json", by_alias=True) == printed
    assert [*printed] == [row.split("`")[1] for row in table_after(PAGE, "## JSON and YAML")]


@pytest.mark.parametrize(("manifests", "more"), CASES.values(), ids=CASES.keys())
@pytest.mark.usefixtures("folder")
def test_yaml_says_the_same_as_json(
    manifests: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["plan", manifests, *more, "-o", "json"], now=NOW)
    as_json = json.loads(capsys.readouterr().out)
    main(["plan", manifests, *more, "-o", "yaml"], now=NOW)
    assert yaml.safe_load(capsys.readouterr().out) == as_json


@pytest.mark.usefixtures("folder")
def test_spot_windows_and_unusable_pools_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "night.yaml", "-o", "json"], now=NOW) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["name"] == "night"
    assert printed["namespace"] == "team-a"
    assert printed["capacityType"] == "Spot"
    assert printed["hourlyUsdPerReplica"] == "0.60"
    assert printed["replicas"] == 2
    assert printed["monthlyUsdPerReplica"] == {
        "alwaysOn": "432.00",
        "insideWindows": "72.00",
        "openHours": "120.00",
        "days": 30,
        "from": "2026-11-20T23:00:00Z",
    }
    assert printed["notInEffect"] == []
    assert printed["candidates"][-1] == {
        "pool": "amd",
        "gpu": None,
        "gpusPerReplica": None,
        "tensorParallel": None,
        "pipelineParallel": None,
        "quantization": None,
        "hostOffloadGiBPerGpu": None,
        "kvCacheGiBPerGpu": None,
        "hourlyUsdPerReplica": None,
        "feasible": False,
        "chosen": False,
        "reason": "its spec.nodeSelector must be given, because no product label is known for mi300x",
    }
