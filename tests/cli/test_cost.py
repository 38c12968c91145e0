"""``llamafleet cost``, as its user meets it: what it answers, how it refuses, and how it ends."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW
from cli.ended import Ended
from cli.nights import L40S, LLAMA
from llamafleet.catalogue import catalogue
from llamafleet.cli import main
from llamafleet.cli.cost_words import tokens_text

NIGHTLY = (
    "schedule: {timeZone: Europe/Berlin, preWarm: 30m, windows: "
    '[{name: nightly, start: "0 1 * * *", duration: 4h}]}'
)


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

    def run(self, spec: str, *options: str) -> Ended:
        Path("cr.yaml").write_text(LLAMA.format(spec=spec))
        code = main(["cost", "cr.yaml", *options], now=NOW)
        return Ended(code, *self.captured.readouterr())

    def json(self, spec: str, *options: str) -> dict[str, Any]:
        ended = self.run(spec, *options, "-o", "json")
        assert (ended.code, ended.err) == (0, "")
        return ended.json


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def api(printed: dict[str, Any], key: str) -> dict[str, Any]:
    """The API of this name."""
    found: list[dict[str, Any]] = [one for one in printed["apis"] if one["api"] == key]
    (only,) = found
    return only


def test_a_month_costs_what_plan_says(shell: Shell) -> None:
    printed = shell.json("scaling: {minReplicas: 2, maxReplicas: 3}")
    assert (printed["days"], printed["from"], printed["openHours"]) == (30, "2026-11-21T00:00:00Z", "720.00")
    assert (printed["monthlyUsd"], printed["monthlyUsdMax"]) == ("1713.60", "2570.40")
    assert (printed["preWarmUsd"], printed["budget"], printed["compareWith"]) == ("0.00", None, None)


def test_inside_windows_a_month_costs_their_hours(shell: Shell) -> None:
    printed = shell.json(NIGHTLY)
    assert (printed["openHours"], printed["monthlyUsd"]) == ("120.00", "142.80")
    assert printed["preWarmUsd"] == "17.85"  # 30 x 0.5 h x 1.19


def test_the_break_even_is_the_month_by_the_blended_price(shell: Shell) -> None:
    """gpt-4.1 asks 2.00 and 8.00: at a quarter of prompts 6.50, and 856.80 / 6.50 are 131.815384… million."""
    printed = shell.json("replicas: 1")
    theirs = api(printed, "openai/gpt-4.1")
    assert theirs["usdPerMillion"] == "6.5000"
    assert theirs["breakEvenTokensPerMonth"] == 131_815_385
    assert (theirs["monthlyUsd"], theirs["cheaper"], theirs["compared"]) == (None, None, False)
    half = shell.json("replicas: 1", "--input-share", "2/3".replace("2/3", "0.666667"))
    assert half["inputShare"] == "0.666667"
    assert (
        "Below 214.2 M tokens a month openai/gpt-4.1 is cheaper"
        in shell.run(
            'replicas: 1\n  cost: {hourlyLimit: "9", compareWith: openai/gpt-4.1}',
            "--input-share",
            "0.666667",
        ).out
    )


@pytest.mark.parametrize(("share", "blended"), [("0", "8.0000"), ("1", "2.0000"), ("0.5", "5.0000")])
def test_the_input_share_blends_both_prices(shell: Shell, share: str, blended: str) -> None:
    printed = shell.json("replicas: 1", "--input-share", share)
    assert api(printed, "openai/gpt-4.1")["usdPerMillion"] == blended


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("250M", 250_000_000),
        ("1.5B", 1_500_000_000),
        ("1e9", 10**9),
        ("2.5e3", 2500),
        ("12k", 12_000),
        ("12K", 12_000),
        ("0.001T", 10**9),
        ("42", 42),
        ("1000T", 10**15),
    ],
)
def test_numbers_of_tokens_may_be_short(shell: Shell, text: str, tokens: int) -> None:
    assert shell.json("replicas: 1", "--tokens-per-month", text)["tokensPerMonth"] == tokens


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e", "1.0001k", "M", "2000T", "1e99", "ten", "1 M", ""])
def test_what_is_no_number_of_tokens_ends_with_2(shell: Shell, text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.run("replicas: 1", f"--tokens-per-month={text}")
    assert ended.value.code == 2
    assert (
        f"must be a whole number from 1 to 1,000,000,000,000,000, such as 250M, 1.5B or 1e9, not '{text}'"
    ) in shell.captured.readouterr().err


@pytest.mark.parametrize("text", ["1.1", "-0.1", "25%", ".5", "", "0.1234567"])
def test_what_is_no_share_ends_with_2(shell: Shell, text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.run("replicas: 1", f"--input-share={text}")
    assert ended.value.code == 2
    said = shell.captured.readouterr().err
    assert f"must be a decimal from 0 to 1 with at most six decimals, such as 0.25, not '{text}'" in said


def test_tokens_tell_the_price_of_a_million_and_which_apis_ask_less(shell: Shell) -> None:
    printed = shell.json("replicas: 1", "--tokens-per-month", "250M")
    assert printed["usdPerMillionTokens"] == "3.4272"  # 856.80 / 250
    assert (api(printed, "openai/gpt-4.1")["monthlyUsd"], api(printed, "openai/gpt-4.1")["cheaper"]) == (
        "1625.00",
        False,
    )
    cheaper = [one for one in printed["apis"] if one["cheaper"]]
    assert all(one["breakEvenTokensPerMonth"] > 250_000_000 for one in cheaper)
    assert (
        "For 250 M tokens a month the fleet costs 3.4272 USD per million tokens; "
        f"{len(cheaper)} of {len(printed['apis'])} listed APIs ask less."
    ) in printed["advice"]


def test_every_api_of_the_catalogue_is_there_the_dearest_first(shell: Shell) -> None:
    printed = shell.json("replicas: 1")
    assert {one["api"] for one in printed["apis"]} == {price.key for price in catalogue().api_prices}
    blended = [Decimal(one["usdPerMillion"]) for one in printed["apis"]]
    assert blended == sorted(blended, reverse=True)
    points = [one["breakEvenTokensPerMonth"] for one in printed["apis"]]
    assert points == sorted(points)


def test_without_compare_with_the_advice_is_about_all_of_them(shell: Shell) -> None:
    printed = shell.json("replicas: 1")
    assert printed["advice"] == [
        "Below 36.1 M tokens a month openai/gpt-5.5 is cheaper, above that your own fleet.",
        (
            "Below 24.5 B tokens a month deepinfra/meta-llama/meta-llama-3.1-8b-instruct-turbo is cheaper, "
            "above that your own fleet."
        ),
        "All 45 listed APIs are cheaper below the first number, and none above the last.",
        (
            "The break-even assumes that the fleet, at its minReplicas, can serve so many tokens: how many a "
            "replica serves was not measured, and more replicas cost more."
        ),
    ]


def test_compare_with_is_marked_and_advised(shell: Shell) -> None:
    spec = 'replicas: 1\n  cost: {hourlyLimit: "9", compareWith: openai/gpt-4.1}'
    printed = shell.json(spec, "--tokens-per-month", "100M")
    assert printed["compareWith"] == "openai/gpt-4.1"
    assert printed["breakEvenTokensPerMonth"] == 131_815_385
    assert [one["api"] for one in printed["apis"] if one["compared"]] == ["openai/gpt-4.1"]
    assert printed["advice"][0] == (
        "Below 131.8 M tokens a month openai/gpt-4.1 is cheaper, above that your own fleet."
    )
    assert "openai/gpt-4.1 asks 650.00 USD for them, and the fleet costs 856.80." in printed["advice"]
    marked = [line for line in shell.run(spec).out.splitlines() if line.startswith("  > ")]
    assert [line.split()[:2] for line in marked] == [[">", "openai/gpt-4.1"]]


def test_an_unknown_api_is_refused(shell: Shell) -> None:
    ended = shell.run('cost: {hourlyLimit: "9", compareWith: openai/gpt-9}')
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "llamafleet: cr.yaml: LlamaDeployment night: spec.cost.compareWith = openai/gpt-9: must be the name "
        "of an API price of the catalogue or of a values file, such as openai/gpt-4.1; llamafleet prices "
        "--api lists them\n"
    )


def test_a_values_file_brings_apis_of_its_own(shell: Shell) -> None:
    Path("values.yaml").write_text(
        "apiPrices:\n"
        '  - {provider: acme, model: half, inputUsdPerMillion: "1.00"}\n'
        '  - {provider: acme, model: free, inputUsdPerMillion: "0", outputUsdPerMillion: "0"}\n'
    )

    def advised(model: str, *options: str) -> str:
        spec = f'cost: {{hourlyLimit: "99", compareWith: acme/{model}}}'
        advice: list[str] = shell.json(spec, "--values", "values.yaml", *options)["advice"]
        return advice[0]

    assert (
        advised("half") == "What acme/half asks for tokens of answers is not known, so nothing can be said."
    )
    assert advised("half", "--input-share", "1") == (
        "Below 856.8 M tokens a month acme/half is cheaper, above that your own fleet."
    )
    assert advised("free") == "acme/free asks nothing for tokens and is always cheaper."


BUDGETS = {
    "both within": (
        'cost: {hourlyLimit: "9.99", monthlyBudget: "9999"}',
        [
            "minReplicas cost up to 2.38 USD/h, within spec.cost.hourlyLimit 9.99.",
            "maxReplicas cost up to 3.57 USD/h, within spec.cost.hourlyLimit 9.99.",
            "minReplicas cost up to 1713.60 USD for 30 days, within spec.cost.monthlyBudget 9999.00.",
            "maxReplicas cost up to 2570.40 USD for 30 days, within spec.cost.monthlyBudget 9999.00.",
        ],
    ),
    "the ceiling above": (
        'cost: {hourlyLimit: "3", monthlyBudget: "2000"}',
        [
            "minReplicas cost up to 2.38 USD/h, within spec.cost.hourlyLimit 3.00.",
            "minReplicas cost up to 1713.60 USD for 30 days, within spec.cost.monthlyBudget 2000.00.",
            "3 replicas cost 3.57 USD/h, more than spec.cost.hourlyLimit 3.00.",
            (
                "Up to 3 replicas in 720.0 open hours of 30 days cost 2570.40 USD, more than "
                "spec.cost.monthlyBudget 2000.00."
            ),
        ],
    ),
    "both above": (
        'cost: {monthlyBudget: "100", onExhausted: Warn}',
        [
            "minReplicas cost up to 1713.60 USD for 30 days, more than spec.cost.monthlyBudget 100.00.",
            (
                "Up to 3 replicas in 720.0 open hours of 30 days cost 2570.40 USD, more than "
                "spec.cost.monthlyBudget 100.00."
            ),
        ],
    ),
}


@pytest.mark.parametrize(("spec", "sentences"), BUDGETS.values(), ids=BUDGETS.keys())
def test_the_budget_is_beside_floor_and_ceiling(shell: Shell, spec: str, sentences: list[str]) -> None:
    printed = shell.json(f"scaling: {{minReplicas: 2, maxReplicas: 3}}\n  {spec}")
    assert printed["budget"]["sentences"] == sentences
    assert {key: printed["budget"][key] for key in ("floorUsd", "ceilingUsd")} == {
        "floorUsd": "1713.60",
        "ceilingUsd": "2570.40",
    }


def test_the_budget_pays_for_opening_early(shell: Shell) -> None:
    printed = shell.json(f'replicas: 1\n  {NIGHTLY}\n  cost: {{monthlyBudget: "150"}}')
    assert (printed["monthlyUsd"], printed["preWarmUsd"]) == ("142.80", "17.85")
    assert (printed["budget"]["floorUsd"], printed["budget"]["ceilingUsd"]) == ("160.65", "160.65")


def test_where_nothing_fits_the_apis_are_told_without_a_break_even(shell: Shell) -> None:
    Path("pools.yaml").write_text(L40S)
    options = ("--pools", "pools.yaml", "--tokens-per-month", "1M", "--plot", "out.png", "-o", "json")
    ended = shell.run('cost: {hourlyLimit: "9"}', *options)
    assert (ended.code, ended.err, Path("out.png").exists()) == (3, "", False)
    printed = json.loads(ended.out)
    assert (printed["feasible"], printed["monthlyUsd"], printed["usdPerMillionTokens"]) == (False, None, None)
    assert {one["breakEvenTokensPerMonth"] for one in printed["apis"]} == {None}
    assert {one["cheaper"] for one in printed["apis"]} == {None}
    assert printed["advice"] == []
    assert printed["budget"]["hourlyLimit"] == "9.00"
    assert printed["budget"]["ceilingUsd"] is None
    assert shell.run("replicas: 1", "--pools", "pools.yaml").code == 3


def test_a_fleet_that_costs_nothing_is_never_undercut(shell: Shell) -> None:
    Path("pools.yaml").write_text(L40S.replace("l40s", "a100-80gb").replace("0.79", "0"))
    printed = shell.json("replicas: 1", "--pools", "pools.yaml", "--tokens-per-month", "1M")
    assert (printed["monthlyUsd"], printed["usdPerMillionTokens"]) == ("0.00", "0.0000")
    assert printed["advice"][:2] == [
        "The fleet costs nothing; no listed API is cheaper.",
        (
            "For 1 M tokens a month the fleet costs 0.0000 USD per million tokens; none of 45 listed APIs "
            "ask less."
        ),
    ]


def test_a_fleet_that_is_never_open_is_compared_with_nothing(shell: Shell) -> None:
    leap = 'schedule: {windows: [{name: leap, start: "0 0 29 2 *", duration: 4h}]}'
    printed = shell.json(leap, "--tokens-per-month", "1M")
    assert (printed["monthlyUsd"], printed["advice"]) == ("0.00", [])
    assert {one["breakEvenTokensPerMonth"] for one in printed["apis"]} == {None}
    assert printed["warnings"] == ["The fleet is not open in these 30 days: there is nothing to compare."]


def test_a_fleet_of_zero_replicas_is_compared_as_one_everywhere(shell: Shell) -> None:
    printed = shell.json('replicas: 0\n  cost: {monthlyBudget: "900"}')
    assert (printed["monthlyUsd"], printed["monthlyUsdMax"]) == ("856.80", "856.80")
    assert (printed["budget"]["floorUsd"], printed["budget"]["ceilingUsd"]) == ("856.80", "856.80")


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1 k"),
        (131_815_385, "131.8 M"),
        (250_000_000, "250 M"),
        (999_990_000, "1.0 B"),
        (24_480_000_000, "24.5 B"),
        (10**15, "1,000 T"),
    ],
)
def test_tokens_are_told_in_short(tokens: int, text: str) -> None:
    assert tokens_text(tokens) == text


@given(st.integers(1, 10**15))
def test_a_short_number_is_never_off_by_more_than_a_nineteenth(tokens: int) -> None:
    """The worst is 950 million, told as one billion."""
    number, _, unit = tokens_text(tokens).partition(" ")
    told = Decimal(number.replace(",", "")) * {"": 1, "k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}[unit]
    assert abs(told - tokens) <= Decimal(tokens) / 19
    assert len(number) <= 7


def test_a_budget_below_one_hour_of_one_replica_is_refused_as_in_a_cluster(shell: Shell) -> None:
    ended = shell.run('cost: {monthlyBudget: "1.18"}')
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "LlamaDeployment night: spec.cost.monthlyBudget = 1.18: must pay for" in ended.err


def test_a_narrow_terminal_cuts_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    views = []
    for columns in ("60", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        out = shell.run('cost: {monthlyBudget: "900"}', "--tokens-per-month", "250M").out
        views.append(re.sub("\x1b\\[[0-9;]*m", "", out))
    narrow, wide = views
    assert "…" not in narrow
    assert sorted("".join(narrow.split())) == sorted("".join(wide.split()))


def test_both_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "windows when the fleet is open from one day to another, and what that costs" in said
    assert "cost what the fleet costs per token, and from how many on it pays" in said
