"""The operator and ``llamafleet plan`` give one answer: the same figures, sentences and command line."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from builders import ROOT, SAMPLES
from llamafleet.cli import main
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

Asked = tuple[int, dict[str, Any]]
Ask = Callable[[Llama], Asked]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Plans a resource and the pools of its cluster as kubectl shows them; exit code and document."""

    def asked(llama: Llama) -> Asked:
        there = {"kind": "List", "items": [llama.get(), *llama.cluster.get("gpupools")["items"]]}
        file = tmp_path / "cluster.json"
        file.write_text(json.dumps(there))
        code = main(["plan", str(file), "-o", "json"])
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return code, document

    return asked


def agree(llama: Llama, told: dict[str, Any]) -> None:
    """The status and the pods say what the command line says."""
    status = llama.get()["status"]
    plan = status["plan"]
    explanation = plan.pop("explanation")
    assert {figure: told.get(figure) for figure in plan} == plan
    assert explanation == llama.condition("Sized")["message"]
    assert " ".join(told["reasons"]).startswith(explanation.removesuffix(" …"))
    assert told["reasons"][-len(status["reasons"]) :] == [reason["message"] for reason in status["reasons"]]
    assert told["replicas"] == status["desiredReplicas"]
    each, count = Decimal(told["hourlyUsdPerReplica"]), told["replicas"]
    assert Decimal(status["cost"]["hourlyRate"]) == each * count
    containers = llama.get("deployment")["spec"]["template"]["spec"]["containers"]
    assert told["vllmArgs"] == containers[0]["args"]


@pytest.mark.parametrize("name", [path.stem for path in SAMPLES])
def test_a_sample_is_planned_alike_without_a_pool(
    installed: ControlPlane, namespace: str, name: str, ask: Ask
) -> None:
    llama = Llama(installed, namespace, name)
    llama.apply_sample()
    llama.wait_for("Sized", "True", "Fits")
    code, told = ask(llama)
    assert (code, told["pool"], told["feasible"]) == (0, "a100-80gb", True)
    agree(llama, told)


@pytest.mark.parametrize("capacity", ["OnDemand", "SpotPreferred"])
def test_a_sample_is_planned_alike_on_the_pools_of_a_cluster(
    installed: ControlPlane, namespace: str, capacity: str, ask: Ask
) -> None:
    sample = ROOT / "manifests" / "samples" / "gpupool.yaml"
    installed.kubectl("apply", "--server-side", "-f", str(sample))
    spot = pool("mixed", "2.00", "h100-80gb", price={"onDemand": "2.00", "spot": "0.755"})
    try:
        with pools(installed, spot, pool("small", "0.90", "l40s", gpusPerNode=4)):
            llama = Llama(installed, namespace, "many")
            llama.apply(model={"variant": "llama-3.3-70b"}, gpu={"capacityType": capacity}, replicas=3)
            llama.wait_for("Sized", "True", "Fits")
            code, told = ask(llama)
            assert (code, told["capacityType"]) == (0, capacity)
            assert len({one["pool"] for one in told["candidates"]}) == 3
            agree(llama, told)
    finally:
        installed.kubectl("delete", "-f", str(sample))


def test_what_fits_nowhere_is_refused_with_the_same_sentence(
    installed: ControlPlane, namespace: str, ask: Ask
) -> None:
    llama = Llama(installed, namespace, "impossible")
    llama.apply(model={"variant": "maverick", "quantization": "BF16"}, gpu={"hostOffload": "Never"})
    message = llama.wait_for("Sized", "False", "DoesNotFit")
    code, told = ask(llama)
    assert (code, told["feasible"], told["reasons"]) == (3, False, [message])


def test_a_price_that_changes_while_a_fleet_runs_changes_both_answers(
    installed: ControlPlane, namespace: str, ask: Ask
) -> None:
    llama = Llama(installed, namespace, "small")
    with pools(installed, pool("ours", "2.00")):
        llama.apply()
        llama.wait_for("Ready", "True", "AllReplicasReady")
        agree(llama, ask(llama)[1])
        installed.apply(pool("ours", "1.50"))
        until(lambda: llama.get()["status"]["cost"]["hourlyRate"] == "1.50", SETTLE_SECONDS, "the new price")
        agree(llama, ask(llama)[1])
