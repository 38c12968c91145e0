"""``llamafleet simulate``, as its user meets it: what it answers, how it refuses, and how it ends."""

import gzip
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import NOW
from cli.ended import Ended
from llamafleet.cli import main

LLAMA = """
apiVersion: llamafleet.io/v1alpha1
kind: LlamaDeployment
metadata: {{name: chat}}
spec:
  model: {{variant: scout, quantization: INT4}}
  serving: {{contextLength: 32768}}
  {spec}
"""
HEAD = "arrival_s,input_tokens,output_tokens"

NIGHTLY = (
    "schedule: {timeZone: Europe/Berlin, preWarm: 3m, "
    "windows: [{name: nightly, start: '0 1 * * *', duration: 4h}]}"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def write_trace(rows: Iterable[tuple[float, int, int]], name: str = "trace.csv.gz") -> None:
    """A trace of these arrivals, prompts and answers."""
    text = "\n".join([HEAD, *(f"{at:.3f},{prompt},{output}" for at, prompt, output in rows)]) + "\n"
    Path(name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


@dataclass(frozen=True)
class Shell:
    """Runs the command on a manifest."""

    captured: pytest.CaptureFixture[str]

    def run(self, spec: str, *options: str) -> Ended:
        Path("cr.yaml").write_text(LLAMA.format(spec=spec))
        code = main(["simulate", "cr.yaml", "--trace", "trace.csv.gz", *options], now=NOW)
        return Ended(code, *self.captured.readouterr())

    def json(self, spec: str, *options: str) -> dict[str, Any]:
        ended = self.run(spec, *options, "-o", "json")
        assert (ended.code, ended.err) == (0, "")
        return ended.json


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def every(seconds: float, until: float, start: float = 0.0) -> list[tuple[float, int, int]]:
    """Small requests, one after the other."""
    count = int((until - start) / seconds)
    return [(start + number * seconds, 100, 10) for number in range(count)]


def test_a_constant_fleet_costs_its_time(shell: Shell) -> None:
    write_trace(every(10, 3610))
    printed = shell.json("replicas: 2", "--policy", "static")
    assert printed["gpuHours"] == pytest.approx(2 * printed["seconds"] / 3600)
    assert printed["usd"] == "2.38"  # two replicas at 1.19 for an hour
    assert (printed["requests"], printed["finished"], printed["refused"]) == (361, 361, 0)
    assert (printed["scaleEvents"], printed["replicasStarted"]) == (0, 0)
    assert printed["waitSeconds"] == {"p50": 0, "p95": 0, "p99": 0, "max": 0, "mean": 0}
    assert printed["sloAttainment"] == 1


def test_static_without_replicas_is_the_smallest_fleet_in_time(shell: Shell) -> None:
    """Twenty long requests at once, of which a replica holds a few."""
    write_trace([(0.0, 30_000, 1000)] * 20)
    spec = "scaling: {minReplicas: 0, maxReplicas: 9}"
    found = [shell.json(spec, "--policy", "static", "--slo", slo)["mostReplicas"] for slo in ("0", "3600")]
    assert found[0] > found[1] == 1


def test_a_fleet_at_rest_wakes_for_a_request_which_waits_for_the_cold_start(shell: Shell) -> None:
    write_trace([(0.0, 100, 10), (7200.0, 100, 10)])
    printed = shell.json("scaling: {minReplicas: 0, maxReplicas: 3}", "--cold-start", "300")
    assert 300 <= printed["waitSeconds"]["max"] <= 302  # and the second after which a waker is heard
    assert printed["gpuHours"] < 1
    assert printed["coldStartSeconds"] == 300


def test_min_replicas_are_there_all_the_time(shell: Shell) -> None:
    write_trace([(0.0, 100, 10), (7200.0, 100, 10)])
    printed = shell.json("scaling: {minReplicas: 1, maxReplicas: 3}")
    assert printed["waitSeconds"]["max"] == 0
    assert printed["gpuHours"] == pytest.approx(2, abs=0.02)


def test_who_comes_while_a_window_is_closed_is_refused(shell: Shell) -> None:
    """The window is open from 00:00 to 04:00 UTC; the trace begins at 22:00."""
    write_trace(every(60, 8 * 3600 + 30, start=30))
    printed = shell.json(
        f"{NIGHTLY}\n  scaling: {{minReplicas: 1, maxReplicas: 3}}", "--start", "2026-11-21T22:00:00Z"
    )
    assert printed["refused"] == 4 * 60
    assert printed["sloAttainment"] == 1
    assert printed["gpuHours"] == pytest.approx(4.1, abs=0.1)  # and the start before the window
    ready = [one["at"] for one in printed["series"] if one["ready"]]
    assert ready[0] <= 2 * 3600 < ready[-1] <= 6 * 3600 + 60
    assert {one["step"] for one in printed["decidedBy"]} >= {"within_window"}


def test_the_hourly_limit_holds_the_fleet_back(shell: Shell) -> None:
    write_trace(sorted((float(at), 30_000, 1000) for at in range(0, 3600, 5)))
    scaling = "scaling: {minReplicas: 1, maxReplicas: 9}"
    free = shell.json(scaling)
    held = shell.json(f'{scaling}\n  cost: {{hourlyLimit: "3.00"}}')
    assert free["mostReplicas"] > held["mostReplicas"] == 2
    assert held["waitSeconds"]["p95"] > free["waitSeconds"]["p95"]


def test_the_monthly_budget_ends_it_and_then_requests_are_refused(shell: Shell) -> None:
    write_trace(every(60, 24 * 3600))
    printed = shell.json(
        'scaling: {minReplicas: 1, maxReplicas: 1}\n  cost: {monthlyBudget: "11.90"}',
        "--start",
        "2026-11-29T12:00:00Z",
    )
    assert 9 * 1.19 < float(printed["usd"]) <= 11.90
    assert printed["refused"] > 13 * 60
    assert printed["requests"] == printed["finished"] + printed["refused"]


def test_a_limit_below_the_price_of_a_replica_is_told(shell: Shell) -> None:
    write_trace(every(60, 3600))
    printed = shell.json('scaling: {minReplicas: 1, maxReplicas: 2}\n  cost: {hourlyLimit: "0.50"}')
    assert (printed["refused"], printed["usd"]) == (60, "0.00")
    (said,) = printed["warnings"]
    assert said.startswith("spec.cost.hourlyLimit = 0.50: must be at least 1.19, the price of one replica")


def test_without_anything_that_scales_it_a_fleet_has_one_replica(shell: Shell) -> None:
    """Although the first ten minutes keep more than one busy."""
    write_trace(sorted((float(at), 30_000, 1000) for at in range(0, 600, 5)))
    printed = shell.json("")
    assert (printed["mostReplicas"], printed["scaleEvents"]) == (1, 0)
    assert shell.json("scaling: {minReplicas: 1, maxReplicas: 9}")["series"][0]["ready"] > 1


def test_zero_replicas_by_hand_refuse_all_as_the_waker_does(shell: Shell) -> None:
    write_trace(every(60, 3600))
    printed = shell.json("replicas: 0")
    assert (printed["refused"], printed["unserved"], printed["gpuHours"]) == (60, 0, 0)


def test_a_suspended_fleet_refuses_all(shell: Shell) -> None:
    write_trace(every(60, 3600))
    printed = shell.json("suspend: true\n  scaling: {minReplicas: 1, maxReplicas: 2}")
    assert (printed["refused"], printed["finished"], printed["gpuHours"]) == (60, 0, 0)
    assert (printed["waitSeconds"], printed["sloAttainment"]) == (None, None)


@pytest.mark.parametrize("policy", ["hpa", "hpa-active", "keda", "keda-active", "kubeai"])
def test_another_autoscaler_acts_inside_the_windows(shell: Shell, policy: str) -> None:
    write_trace(every(60, 8 * 3600))
    spec = f"{NIGHTLY}\n  scaling: {{minReplicas: 1, maxReplicas: 3}}"
    printed = shell.json(spec, "--start", "2026-11-21T22:00:00Z", "--policy", policy)
    assert printed["policy"] == policy
    assert printed["finished"] >= 4 * 60 - 2
    assert printed["refused"] >= 4 * 60 - 2
    assert printed["gpuHours"] < 6


@pytest.mark.parametrize("policy", ["hpa", "hpa-active", "keda", "keda-active", "kubeai"])
@pytest.mark.parametrize(("low", "waits"), [(0, True), (1, False), (2, False)])
def test_another_autoscaler_keeps_to_min_replicas(
    shell: Shell, policy: str, low: int, *, waits: bool
) -> None:
    """None of them is made to look worse than its user would set it up. An HPA keeps one in any case."""
    write_trace([(0.0, 100, 10), (7200.0, 100, 10)])
    printed = shell.json(f"scaling: {{minReplicas: {low}, maxReplicas: 3}}", "--policy", policy)
    fewest = max(low, 1) if policy.startswith("hpa") else low
    assert min(one["wanted"] for one in printed["series"]) == fewest
    assert (printed["waitSeconds"]["max"] > 0) == (waits and fewest == 0)


def test_the_same_question_has_the_same_answer(shell: Shell) -> None:
    write_trace([*every(1, 60), *every(1, 7260, 7200)])
    spec = "scaling: {minReplicas: 0, maxReplicas: 6}"
    varied = ["--cold-start-spread", "0.5", "--seed"]
    first = shell.json(spec, *varied, "7")
    assert first == shell.json(spec, *varied, "7")
    assert first["gpuHours"] != shell.json(spec, *varied, "8")["gpuHours"]


def test_the_series_covers_the_time_in_equal_parts(shell: Shell) -> None:
    write_trace(every(5, 7200))
    printed = shell.json("scaling: {minReplicas: 1, maxReplicas: 6}")
    at = [one["at"] for one in printed["series"]]
    assert at == [15.0 * number for number in range(len(at))] or at[0] == 15.0
    assert at[-1] >= printed["seconds"] - 30
    assert len(at) <= 1008


def test_nothing_that_fits_ends_with_3(shell: Shell) -> None:
    write_trace(every(60, 600))
    Path("pools.yaml").write_text(
        "apiVersion: llamafleet.io/v1alpha1\nkind: GpuPool\nmetadata: {name: small}\n"
        "spec: {gpu: l40s, gpusPerNode: 1}\n"
    )
    ended = shell.run("replicas: 1", "--pools", "pools.yaml", "-o", "json")
    assert ended.code == 3
    printed = ended.json
    assert (printed["feasible"], printed["gpuHours"], printed["series"]) == (False, None, [])
    assert shell.run("replicas: 1", "--pools", "pools.yaml").code == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "trace.csv.gz"),
        ("a,b\n1,2\n", "trace.csv.gz, line 1"),
        (f"{HEAD}\n1,2,x\n", "trace.csv.gz, line 2, output_tokens = x"),
        (f"{HEAD}\n", "trace.csv.gz"),
    ],
    ids=["empty", "other columns", "no number", "no request"],
)
def test_a_bad_trace_ends_with_1_and_one_line(shell: Shell, text: str, why: str) -> None:
    Path("trace.csv.gz").write_bytes(gzip.compress(text.encode()))
    ended = shell.run("replicas: 1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"llamafleet: {why}")
    assert ended.err.count("\n") == 1


def test_a_standard_input_that_is_closed_ends_with_1(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ended = shell.run("replicas: 1", "--trace", "-")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "llamafleet: standard input: must be a trace of requests, and it is closed\n"


@pytest.mark.parametrize("options", [["-"], ["cr.yaml", "--pools", "-"]], ids=["the resource", "pools"])
def test_standard_input_is_read_once(options: list[str], shell: Shell) -> None:
    assert main(["simulate", *options, "--trace", "-"], now=NOW) == 1
    ended = shell.captured.readouterr()
    assert (ended.out, ended.err) == (
        "",
        "llamafleet: --trace = -: must be a file where standard input is a manifest\n",
    )


def test_a_trace_may_come_from_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trace(every(60, 600))
    with Path("trace.csv.gz").open("rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        printed = shell.json("replicas: 1", "--trace", "-")
    assert (printed["trace"], printed["finished"]) == ("standard input", 10)


def test_a_missing_trace_ends_with_1(shell: Shell) -> None:
    ended = shell.run("replicas: 1")
    assert (ended.code, ended.out) == (1, "")
    assert "trace.csv.gz" in ended.err
    assert "No such file or directory" in ended.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--cold-start", "-1"], "must be a whole number of seconds from 0 to 86,400"),
        (["--cold-start", "1.5"], "must be a whole number of seconds from 0 to 86,400"),
        (["--slo", "ten"], "must be a whole number of seconds from 0 to 86,400"),
        (["--start", "2026-11-21"], "must be an instant with its offset from UTC"),
        (["--start", "1969-01-01T00:00:00Z"], "must be an instant with its offset from UTC"),
        (["--start", "9999-12-31T23:59:59-12:00"], "must be an instant with its offset from UTC"),
        (["--seed", "-3"], "must be a whole number from 0 to"),
        (["--cold-start-spread", "3"], "must be a number from 0 to 2"),
        (["--cold-start-spread", "-1"], "must be a number from 0 to 2"),
        (["--cold-start-spread", "1e-1"], "must be a number from 0 to 2"),
        (["--policy", "magic"], "invalid choice"),
        (["--plot", "out.pdf"], "must be the name of a file that ends in .png or .svg"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_a_wrong_option_ends_with_2(options: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "cr.yaml", "--trace", "trace.csv.gz", *options], now=NOW)
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_without_a_trace_it_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "cr.yaml"], now=NOW)
    assert ended.value.code == 2
    assert "--trace" in capsys.readouterr().err


def test_a_bad_schedule_names_the_file_and_the_field(shell: Shell) -> None:
    write_trace(every(60, 600))
    ended = shell.run("schedule: {timeZone: Mars/Olympus, windows: []}")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("llamafleet: cr.yaml: LlamaDeployment chat: spec.schedule")


def test_a_plain_trace_is_read_as_well(shell: Shell) -> None:
    write_trace(every(60, 600), "plain.csv")
    Path("trace.csv.gz").write_bytes(Path("plain.csv").read_bytes())
    assert shell.json("replicas: 1")["finished"] == 10


def test_a_trace_of_one_request_has_a_view_without_empty_tables(shell: Shell) -> None:
    write_trace([(0.0, 100, 10)])
    view = shell.run("scaling: {minReplicas: 0, maxReplicas: 2}").out
    assert "of 1 request\n" in view
    assert "What decided" not in view
    assert "Replicas over time" not in view


def test_yaml_says_the_same_as_json(shell: Shell) -> None:
    write_trace(every(60, 600))
    printed = shell.json("replicas: 1")
    assert yaml.safe_load(shell.run("replicas: 1", "-o", "yaml").out) == printed


def test_the_view_has_the_figures_of_the_json(shell: Shell) -> None:
    write_trace(every(0.5, 3600))
    spec = "scaling: {minReplicas: 0, maxReplicas: 6}"
    printed, view = shell.json(spec), shell.run(spec).out
    assert f"{printed['gpuHours']:.1f}" in view
    assert printed["usd"] in view
    assert f"{printed['requests']:,} requests" in view
    waits = printed["waitSeconds"]
    assert " / ".join(f"{waits[key]:,.1f}" for key in ("p50", "p95", "p99", "max")) in view
    assert printed["simulated"].split(".")[0] in " ".join(view.split())
