"""``llamafleet windows``, as its user meets it: what it answers, how it refuses, and how it ends."""

import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from builders import NOW, ROOT
from cli.ended import Ended
from cli.nights import L40S, LLAMA
from llamafleet.cli import main

SCOUT = str(ROOT / "manifests" / "samples" / "scout.yaml")

NIGHTLY = '{name: nightly, start: "0 1 * * *", duration: 4h}'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user works in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@dataclass(frozen=True)
class Shell:
    """Runs the command on a manifest."""

    captured: pytest.CaptureFixture[str]

    def run(self, manifest: str, *options: str, now: datetime = NOW) -> Ended:
        Path("cr.yaml").write_text(manifest)
        code = main(["windows", "cr.yaml", *options], now=now)
        return Ended(code, *self.captured.readouterr())

    def json(self, spec: str, *options: str, now: datetime = NOW) -> dict[str, Any]:
        ended = self.run(LLAMA.format(spec=spec), *options, "-o", "json", now=now)
        assert (ended.code, ended.err) == (0, "")
        return ended.json


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def schedule(*windows: str, zone: str = "Europe/Berlin", more: str = "") -> str:
    """A schedule on one line; more are further fields of it."""
    return f"schedule: {{timeZone: {zone}, windows: [{', '.join(windows)}]{more}}}"


APRIL = ("--from", "2026-04-01", "--to", "2026-05-01")
MARCH = ("--from", "2026-03-01", "--to", "2026-04-01")


def test_thirty_days_always_on_cost_856_80_and_four_hours_a_night_142_80(shell: Shell) -> None:
    always = shell.json("replicas: 1", *APRIL)
    assert (always["openHours"], always["usd"], always["usdMax"]) == ("720.00", "856.80", "856.80")
    assert (always["openings"], always["preWarmUsd"]) == (0, "0.00")
    assert always["comparison"] == [
        {"name": "continuously", "hours": "720.00", "usd": "856.80"},
        {"name": "8 hours a day", "hours": "240.00", "usd": "285.60"},
        {"name": "4 hours a night", "hours": "120.00", "usd": "142.80"},
    ]
    nightly = shell.json(schedule(NIGHTLY), *APRIL)
    assert (nightly["openHours"], nightly["usd"], nightly["openings"]) == ("120.00", "142.80", 30)
    assert nightly["comparison"] == always["comparison"]


def test_without_a_schedule_there_is_one_interval(shell: Shell) -> None:
    assert shell.json("scaling: {minReplicas: 0, maxReplicas: 3}", *APRIL)["intervals"] == [
        {
            "start": "2026-04-01T00:00:00Z",
            "end": "2026-05-01T00:00:00Z",
            "window": "always",
            "minReplicas": 0,
            "maxReplicas": 3,
        }
    ]


def test_a_fleet_that_may_sleep_counts_with_one_replica(shell: Shell) -> None:
    printed = shell.json("scaling: {minReplicas: 0, maxReplicas: 3}", *APRIL)
    assert (printed["usd"], printed["usdMax"], printed["comparedReplicas"]) == ("856.80", "2570.40", 1)


BOUNDS = {
    "neither": ("suspend: false", (1, 1)),
    "spec.replicas": ("replicas: 3", (3, 3)),
    "spec.scaling": ("scaling: {minReplicas: 2, maxReplicas: 4}", (2, 4)),
    "a half of spec.scaling": ("scaling: {minReplicas: 2}", (2, 10)),
}


@pytest.mark.parametrize(("spec", "bounds"), BOUNDS.values(), ids=BOUNDS.keys())
def test_a_window_without_bounds_has_those_of_the_spec(
    shell: Shell, spec: str, bounds: tuple[int, int]
) -> None:
    spec += "\n  " + schedule(NIGHTLY)
    (first, *_) = shell.json(spec, *APRIL)["intervals"]
    assert (first["minReplicas"], first["maxReplicas"]) == bounds


def test_a_window_has_its_own_bounds_first(shell: Shell) -> None:
    spec = schedule('{name: big, start: "0 1 * * *", duration: 4h, minReplicas: 5, maxReplicas: 6}')
    (first, *_) = shell.json(f"replicas: 2\n  {spec}", *APRIL)["intervals"]
    assert (first["window"], first["minReplicas"], first["maxReplicas"]) == ("big", 5, 6)


def test_days_are_those_of_the_zone_and_intervals_are_in_utc(shell: Shell) -> None:
    """Clocks go forward on 29 March: the same wall time is an hour earlier in UTC, the month shorter."""
    printed = shell.json(schedule(NIGHTLY), *MARCH)
    starts = [one["start"] for one in printed["intervals"]]
    assert starts[0] == "2026-03-01T00:00:00Z"
    assert starts[-3:] == ["2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z", "2026-03-30T23:00:00Z"]
    assert len(starts) == 31
    assert (printed["timeZone"], printed["from"], printed["to"]) == (
        "Europe/Berlin",
        "2026-03-01",
        "2026-04-01",
    )
    assert printed["comparison"][0]["hours"] == "743.00"


def test_an_interval_is_cut_at_the_days_and_does_not_open_there(shell: Shell) -> None:
    over_midnight = '{name: late, start: "0 22 * * *", duration: 4h}'
    printed = shell.json(schedule(over_midnight, zone="UTC"), "--from", "2026-04-01", "--to", "2026-04-02")
    assert [(one["start"], one["end"]) for one in printed["intervals"]] == [
        ("2026-04-01T00:00:00Z", "2026-04-01T02:00:00Z"),
        ("2026-04-01T22:00:00Z", "2026-04-02T00:00:00Z"),
    ]
    assert (printed["openings"], printed["openHours"], printed["usd"]) == (1, "4.00", "4.76")


def test_overlapping_windows_count_once_with_the_larger_bounds(shell: Shell) -> None:
    """From 1 to 3 one replica, from 3 to 5 three, from 5 to 7 three: 2 + 6 + 6 hours of replicas."""
    wide = '{name: wide, start: "0 1 * * *", duration: 4h, minReplicas: 1, maxReplicas: 4}'
    tall = '{name: tall, start: "0 3 * * *", duration: 4h, minReplicas: 3, maxReplicas: 3}'
    printed = shell.json(schedule(wide, tall), "--from", "2026-04-01", "--to", "2026-04-02")
    assert [one["window"] for one in printed["intervals"]] == ["wide", "tall"]
    assert (printed["openHours"], printed["openings"]) == ("6.00", 1)
    assert printed["usd"] == "16.66"  # 14 x 1.19
    assert printed["usdMax"] == "26.18"  # (4 x 4 + 2 x 3) x 1.19
    assert printed["comparedReplicas"] == 3
    assert printed["comparison"][0]["usd"] == "85.68"  # 24 x 3 x 1.19


def test_opening_early_costs_openings_times_lead_times_price_times_replicas(shell: Shell) -> None:
    spec = schedule(NIGHTLY, more=", preWarm: 30m")
    printed = shell.json(f"replicas: 2\n  {spec}", *APRIL)
    assert (printed["openings"], printed["preWarmSeconds"]) == (30, 1800)
    assert printed["preWarmUsd"] == "35.70"  # 30 x 0.5 h x 2 x 1.19
    assert printed["usd"] == "285.60"


def test_no_replica_starts_before_the_fleet_has_closed(shell: Shell) -> None:
    """Ten minutes lie between the two: the second one begins no earlier than that."""
    soon = '{name: soon, start: "10 5 * * *", duration: 1h}'
    spec = schedule(NIGHTLY, soon, more=", preWarm: 30m")
    printed = shell.json(spec, "--from", "2026-04-01", "--to", "2026-04-02")
    assert (printed["openings"], printed["preWarmUsd"]) == (2, "0.79")  # 40 minutes of 1.19


def test_auto_takes_what_a_start_is_taken_for_before_one_was_watched(shell: Shell) -> None:
    seconds = shell.json(schedule(NIGHTLY), *APRIL)["preWarmSeconds"]
    assert 600 < seconds < 7200


def test_an_exception_closes_and_opens(shell: Shell) -> None:
    exceptions = (
        ', exceptions: [{date: "2026-04-02", state: Closed}, '
        '{from: "2026-04-04T10:00:00Z", to: "2026-04-04T12:30:00Z", state: Open}]'
    )
    spec = schedule(NIGHTLY, more=exceptions)
    printed = shell.json(spec, "--from", "2026-04-02", "--to", "2026-04-05")
    assert [(one["start"], one["window"]) for one in printed["intervals"]] == [
        ("2026-04-02T23:00:00Z", "nightly"),
        ("2026-04-03T23:00:00Z", "nightly"),
        ("2026-04-04T10:00:00Z", "exception"),
    ]
    assert printed["openHours"] == "10.50"


RANGES = {
    "the present month": ((), "2026-11-01", "2026-12-01"),
    "the month of its beginning": (("--from", "2026-02-10"), "2026-02-10", "2026-03-01"),
    "the month that ends there": (("--to", "2026-03-01"), "2026-02-01", "2026-03-01"),
    "the month of its end": (("--to", "2026-03-05"), "2026-03-01", "2026-03-05"),
    "the end of a year": (("--from", "2026-12-31"), "2026-12-31", "2027-01-01"),
}


@pytest.mark.parametrize(("options", "first", "end"), RANGES.values(), ids=RANGES.keys())
def test_what_is_left_out_makes_it_a_month(
    shell: Shell, options: tuple[str, ...], first: str, end: str
) -> None:
    printed = shell.json(schedule(NIGHTLY), *options)
    assert (printed["from"], printed["to"]) == (first, end)


def test_the_present_month_is_that_of_the_zone(shell: Shell) -> None:
    turning = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert shell.json(schedule(NIGHTLY), now=turning)["from"] == "2026-12-01"
    assert shell.json("suspend: false", now=turning)["from"] == "2026-11-01"


REFUSED = {
    "days in the wrong order": (
        "suspend: false",
        ("--from", "2026-04-01", "--to", "2026-04-01"),
        "llamafleet: --to = 2026-04-01: must be a day after --from, which is 2026-04-01\n",
    ),
    "too many days": (
        "suspend: false",
        ("--from", "2026-04-01", "--to", "2046-04-01"),
        "llamafleet: --to = 2046-04-01: must be at most 3660 days after --from, which is 2026-04-01\n",
    ),
    "an unknown zone": (
        schedule(NIGHTLY, zone="Europe/Bonn"),
        (),
        "llamafleet: cr.yaml: LlamaDeployment night: spec.schedule.timeZone = Europe/Bonn: must be a name ",
    ),
    "a start that never comes": (
        schedule('{name: never, start: "0 1 30 2 *", duration: 4h}'),
        (),
        "llamafleet: cr.yaml: LlamaDeployment night: spec.schedule.windows[0].start = 0 1 30 2 *: must ",
    ),
}


@pytest.mark.parametrize(("spec", "options", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_ends_with_1_and_one_line(
    shell: Shell, spec: str, options: tuple[str, ...], message: str
) -> None:
    ended = shell.run(LLAMA.format(spec=spec), *options)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert ended.err.startswith(message)


@pytest.mark.parametrize(
    "day", ["2026-3-1", "2026-02-30", "1969-12-31", "2900-01-01", "tomorrow", "20260301"]
)
def test_what_is_no_day_ends_with_2(shell: Shell, day: str) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.run(LLAMA.format(spec="suspend: false"), "--from", day)
    assert ended.value.code == 2
    said = shell.captured.readouterr().err
    assert f"must be a day of the years 1970 to 2899, such as 2026-03-01, not '{day}'" in said


def test_where_nothing_fits_the_windows_are_told_without_money(shell: Shell) -> None:
    Path("pools.yaml").write_text(L40S)
    manifest = LLAMA.format(spec=schedule(NIGHTLY))
    ended = shell.run(manifest, "--pools", "pools.yaml", *APRIL, "-o", "json")
    assert (ended.code, ended.err) == (3, "")
    printed = ended.json
    assert (printed["feasible"], len(printed["intervals"]), printed["openHours"]) == (False, 30, "120.00")
    assert {printed[key] for key in ("usd", "usdMax", "preWarmUsd", "hourlyUsdPerReplica")} == {None}
    assert {one["usd"] for one in printed["comparison"]} == {None}
    assert printed["warnings"][0].startswith("spec.model.variant = scout: must fit on GPUs")
    table = shell.run(manifest, "--pools", "pools.yaml", *APRIL)
    assert table.code == 3
    assert "open, at minReplicas      120.00         1  unknown" in table.out


def test_an_unknown_price_is_null_and_named(shell: Shell) -> None:
    Path("pools.yaml").write_text(
        L40S.replace("gpu: l40s", "gpu: custom-80gb").replace(', price: {onDemand: "0.79"}', "")
    )
    Path("values.yaml").write_text('gpus: {custom-80gb: {memoryGiB: "80", products: [OWN]}}')
    printed = shell.json(schedule(NIGHTLY), "--pools=pools.yaml", "--values=values.yaml", *APRIL)
    assert (printed["feasible"], printed["usd"], printed["preWarmUsd"]) == (True, None, None)
    assert "The price of pool l40s is not known" in printed["warnings"][0]


def test_warnings_tell_what_keeps_it_from_opening(shell: Shell) -> None:
    short = '{name: short, start: "0 1 * * *", duration: 5m}'
    printed = shell.json("suspend: true\n  " + schedule(short), *APRIL)
    assert printed["warnings"][0] == (
        "spec.suspend is true: nothing runs and nothing is paid until that is changed."
    )
    assert printed["warnings"][1].startswith(
        "Window short is open for 5m, which is shorter than a cold start ("
    )


def test_a_fleet_that_is_never_open_says_so(shell: Shell) -> None:
    leap = schedule('{name: leap, start: "0 0 29 2 *", duration: 4h}')
    printed = shell.json(leap, *MARCH)
    assert (printed["intervals"], printed["openHours"], printed["usd"]) == ([], "0.00", "0.00")
    assert printed["warnings"] == ["The fleet is never open from 2026-03-01 until 2026-04-01."]
    assert "Never open" in shell.run(LLAMA.format(spec=leap), *MARCH).out


def week(shell: Shell, spec: str, *options: str) -> tuple[str, list[str]]:
    """The heading of the week in the view, and its seven rows without their day."""
    lines = shell.run(LLAMA.format(spec=spec), *options).out.splitlines()
    (heading,) = [number for number, line in enumerate(lines) if line.startswith("The week")]
    return lines[heading], [line[13:] for line in lines[heading + 2 : heading + 9]]


def test_the_first_full_week_is_drawn(shell: Shell) -> None:
    heading, rows = week(shell, schedule(NIGHTLY, more=", preWarm: 1h"), *APRIL)
    assert heading == "The week from Mon 2026-04-06 in Europe/Berlin, the first full week of these days"
    assert rows == ["░░████████" + "·" * 38] * 7


def test_without_a_full_week_that_of_the_first_day_is_drawn(shell: Shell) -> None:
    heading, rows = week(shell, schedule(NIGHTLY), "--from", "2026-04-08", "--to", "2026-04-12")
    assert heading == (
        "The week from Mon 2026-04-06 in Europe/Berlin, the week of the first day, which is not full"
    )
    assert len(rows) == 7


def test_a_skipped_hour_is_empty_and_one_that_comes_twice_is_one_cell(shell: Shell) -> None:
    early = '{name: early, start: "0 1 * * *", duration: 2h}'
    spec = schedule(early, more=", preWarm: 0s")
    _, spring = week(shell, spec, "--from", "2026-03-23", "--to", "2026-03-30")
    assert [spring[5][:12], spring[6][:12]] == ["··████······", "··██  ██····"]
    _, autumn = week(shell, spec, "--from", "2026-10-19", "--to", "2026-10-26")
    assert [autumn[5][:8], autumn[6][:8]] == ["··████··", "··██" + "█▒" + "··"]


def test_a_week_without_blocks_has_letters(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)
    shell.run(
        LLAMA.format(spec=schedule('{name: n, start: "15 1 * * *", duration: 1h}', more=", preWarm: 1h")),
        *APRIL,
    )
    out.seek(0)
    text = out.read()
    assert "  Mon 04-06  --+#+" + "." * 43 + "\n" in text
    assert "  +  open for a part of the half hour\n" in text


def test_seconds_are_shown_where_there_are_any(shell: Shell) -> None:
    exceptions = ', exceptions: [{from: "2026-04-04T10:00:30Z", to: "2026-04-04T12:30:00Z", state: Open}]'
    spec = schedule(NIGHTLY, more=exceptions)
    out = shell.run(LLAMA.format(spec=spec), *APRIL).out
    assert "04-04 10:00:30" in out
    assert "Sat 04-04 12:00:30" in out


def test_the_year_is_shown_where_the_days_are_of_more_than_one(shell: Shell) -> None:
    spec = LLAMA.format(spec=schedule(NIGHTLY))
    within = shell.run(spec, "--from", "2026-12-20", "--to", "2027-01-01").out
    assert "  12-31 00:00  12-31 04:00  Thu 12-31 01:00  12-31 05:00   4.00     1  nightly\n" in within
    beyond = shell.run(spec, "--from", "2026-12-20", "--to", "2027-01-02").out
    assert "  2026-12-31 00:00  12-31 04:00" in beyond


@pytest.mark.parametrize("at", ["00", "59"], ids=["whole minutes", "seconds"])
def test_a_narrow_terminal_cuts_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    exceptions = (
        f', exceptions: [{{from: "2026-04-04T10:00:{at}Z", to: "2027-04-04T12:30:{at}Z", state: Open}}]'
    )
    big = '{name: a-window-with-a-long-name, start: "0 1 * * *", duration: 4h, maxReplicas: 1000}'
    manifest = LLAMA.format(
        spec=schedule(NIGHTLY, big, zone="America/Argentina/Buenos_Aires", more=exceptions)
    )
    views = []
    for columns in ("60", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        out = shell.run(manifest, "--from", "2026-04-01", "--to", "2027-05-01").out
        views.append(re.sub("\x1b\\[[0-9;]*m", "", out))
    narrow, wide = views
    assert "…" not in narrow
    assert sorted("".join(narrow.split())) == sorted("".join(wide.split()))
