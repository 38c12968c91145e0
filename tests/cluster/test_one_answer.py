"""The operator and the command line give one answer: the same figures, sentences, hours and sums."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import ROOT, SAMPLES
from llamafleet.cli import main
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

BERLIN = ZoneInfo("Europe/Berlin")

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


def agree(llama: Llama, told: dict[str, Any]) -> bool:
    """The status and the pods say what the command line says; else an AssertionError."""
    status = llama.get()["status"]
    plan = status["plan"]
    explanation = plan.pop("explanation")
    assert {figure: told.get(figure) for figure in plan} == plan
    assert explanation == llama.condition("Sized")["message"]
    assert " ".join(told["reasons"]).startswith(explanation.removesuffix(" …"))
    if "schedule" not in status:
        assert told["replicas"] == status["desiredReplicas"]
        # The command line plans a start; a fleet that runs, and whose queue cannot be read, stays as it is.
        counts = [reason["message"].replace("stays at", "starts with") for reason in status["reasons"]]
        assert told["reasons"][-len(counts) :] == counts
    elif not status["schedule"]["open"]:
        assert told["replicas"] >= 1, "the command line plans for the next opening"
    each = Decimal(told["hourlyUsdPerReplica"])
    assert Decimal(status["cost"]["hourlyRate"]) == each * status["desiredReplicas"]
    containers = llama.get("deployment")["spec"]["template"]["spec"]["containers"]
    assert told["vllmArgs"] == containers[0]["args"]
    return True


@pytest.mark.parametrize("name", [path.stem for path in SAMPLES])
def test_a_sample_is_planned_alike_without_a_pool(
    installed: ControlPlane, namespace: str, name: str, ask: Ask
) -> None:
    llama = Llama(installed, namespace, name)
    llama.apply_sample()
    llama.wait_for("Sized", "True", "Fits")
    code, told = ask(llama)
    assert (code, told["pool"], told["feasible"]) == (0, "a100-80gb", True)
    assert agree(llama, told)


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
            # The operator may see the fleet before the last of the pools.
            until(lambda: agree(llama, told), SETTLE_SECONDS, "one answer")
    finally:
        installed.kubectl("delete", "-f", str(sample))


def test_what_fits_nowhere_is_refused_with_the_same_sentence(
    installed: ControlPlane, namespace: str, ask: Ask
) -> None:
    llama = Llama(installed, namespace, "impossible")
    llama.apply(model={"variant": "maverick", "quantization": "BF16"}, gpu={"hostOffload": "Never"})
    llama.wait_for("Sized", "False", "DoesNotFit")
    code, told = ask(llama)
    assert (code, told["feasible"]) == (3, False)
    # The operator may still know a pool that was removed just now.
    until(lambda: told["reasons"] == [llama.condition("Sized")["message"]], SETTLE_SECONDS, "one answer")


def test_a_price_that_changes_while_a_fleet_runs_changes_both_answers(
    installed: ControlPlane, namespace: str, ask: Ask
) -> None:
    llama = Llama(installed, namespace, "small")
    with pools(installed, pool("ours", "2.00")):
        llama.apply()
        llama.wait_for("Ready", "True", "AllReplicasReady")
        assert agree(llama, ask(llama)[1])
        installed.apply(pool("ours", "1.50"))
        until(lambda: llama.get()["status"]["cost"]["hourlyRate"] == "1.50", SETTLE_SECONDS, "the new price")
        assert agree(llama, ask(llama)[1])


Tell = Callable[..., dict[str, Any]]


@pytest.fixture
def tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tell:
    """What a command says of a resource, with these options, as a document."""

    def told(llama: Llama, command: str, *options: str) -> dict[str, Any]:
        file = tmp_path / "llama.json"
        file.write_text(json.dumps(llama.get()))
        assert main([command, str(file), *options, "-o", "json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return told


def part_time(starts_in: timedelta, **cost: str) -> dict[str, Any]:
    """A spec that is open for two hours a day, from so long from now on."""
    start = (datetime.now(UTC) + starts_in).astimezone(BERLIN)
    window = {"name": "daily", "start": f"{start.minute} {start.hour} * * *", "duration": "2h"}
    return {
        "scaling": {"minReplicas": 2, "maxReplicas": 3},
        "schedule": {"timeZone": BERLIN.key, "preWarm": "15m", "windows": [window]},
        "cost": {"compareWith": "openai/gpt-4.1", **cost},
    }


def days() -> tuple[str, str]:
    """Options that ask for yesterday, today, and two days more."""
    today = datetime.now(BERLIN).date()
    return f"--from={today - timedelta(days=1)}", f"--to={today + timedelta(days=3)}"


def test_an_open_fleet_is_open_by_both(installed: ControlPlane, namespace: str, tell: Tell) -> None:
    llama = Llama(installed, namespace, "small")
    llama.apply(**part_time(timedelta(minutes=-3), monthlyBudget="900.00"))
    llama.wait_for("Ready", "True", "AllReplicasReady")
    status, now = llama.status(), text(datetime.now(UTC))
    (here,) = (
        one for one in tell(llama, "windows", *days())["intervals"] if one["start"] <= now < one["end"]
    )
    assert status["schedule"] == {"open": True, "window": here["window"], "nextTransition": here["end"]}
    plan = tell(llama, "plan")
    assert plan["replicas"] == status["desiredReplicas"] == here["minReplicas"]
    (hour,) = (one["message"] for one in status["reasons"] if one["step"] == "within_window")
    assert hour in plan["reasons"]


def test_a_closed_fleet_opens_and_costs_alike_by_both(
    installed: ControlPlane, namespace: str, tell: Tell
) -> None:
    llama = Llama(installed, namespace, "small")
    llama.apply(**part_time(timedelta(hours=12), monthlyBudget="5.00", hourlyLimit="2.50"))
    llama.wait_for("WindowOpen", "False", "Closed")
    status, now = llama.status(), text(datetime.now(UTC))
    coming = [one for one in tell(llama, "windows", *days())["intervals"] if one["start"] > now]
    assert status["schedule"] == {"open": False, "window": "", "nextTransition": coming[0]["start"]}
    month, cost = tell(llama, "windows"), tell(llama, "cost")
    price = Decimal(status["plan"]["hourlyUsdPerReplica"])
    assert price == Decimal(month["hourlyUsdPerReplica"]) == Decimal(cost["hourlyUsdPerReplica"])
    left = sum((hours(one) for one in month["intervals"] if one["start"] > now), Decimal(0))
    assert abs(Decimal(status["cost"]["projectedMonth"]) - left * 2 * price) <= Decimal("0.005")
    (dear,) = (one for one in cost["budget"]["sentences"] if "hourlyLimit" in one and "more than" in one)
    said = llama.condition("CeilingWithinBudget")
    assert said["message"].startswith(dear) or (not left and said["status"] == "True"), "nothing is ahead"


def hours(interval: dict[str, Any]) -> Decimal:
    """For how long each replica costs in an open time, with the quarter of an hour before it."""
    start, end = (datetime.fromisoformat(interval[name]) for name in ("start", "end"))
    return Decimal(int((end - start + timedelta(minutes=15)).total_seconds())) / 3600


def text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
