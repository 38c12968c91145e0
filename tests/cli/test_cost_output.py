"""``docs/cost-output.md`` tells what ``llamafleet cost`` prints: every key with its type, and the views."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from builders import NOW, ROOT
from cli.pages import enter_folder_of, rows, table_after
from llamafleet.api.base import Record
from llamafleet.cli import main
from llamafleet.cli.cost_output import ApiCost, BudgetCost, CostOutput

PAGE = (ROOT / "docs" / "cost-output.md").read_text("utf-8")
VIEWS = re.findall(r"```console\n\$ llamafleet (.+)\n((?:.*\n)+?)```", PAGE)
ON_THE_COMMAND_LINE = (ROOT / "docs" / "cost.md").read_text("utf-8").partition("## On the command line")[2]
PARTS = re.findall(
    r"```console\n\$ llamafleet (.+) \| (head|tail) -n (\d+)\n((?:.*\n)+?)```", ON_THE_COMMAND_LINE
)
TOKENS = ["--tokens-per-month", "250M"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the manifests that the page speaks of."""
    enter_folder_of(PAGE, tmp_path, monkeypatch)
    return tmp_path


@pytest.mark.parametrize(
    ("heading", "record"),
    [("## JSON and YAML", CostOutput), ("`apis[]`:", ApiCost), ("`budget`:", BudgetCost)],
    ids=["the answer", "an API", "a budget"],
)
def test_the_page_has_every_key_with_its_type(heading: str, record: type[Record]) -> None:
    assert table_after(PAGE, heading) == rows(record)


@pytest.mark.parametrize(("command", "view"), VIEWS, ids=[command for command, _ in VIEWS])
def test_the_page_shows_what_is_printed(command: str, view: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(command), now=NOW) == 0
    assert capsys.readouterr().out == view


def test_the_page_shows_a_fleet_with_a_budget() -> None:
    assert [command for command, _ in VIEWS] == ["cost night.yaml --tokens-per-month 250M"]


@pytest.mark.parametrize(("command", "end", "lines", "view"), PARTS, ids=["head", "tail"])
def test_the_page_of_costs_shows_parts_of_what_is_printed(
    command: str, end: str, lines: str, view: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(command), now=NOW) == 0
    printed = capsys.readouterr().out.splitlines(keepends=True)
    assert "".join(printed[: int(lines)] if end == "head" else printed[-int(lines) :]) == view


def test_every_answer_has_every_key_in_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    main(["cost", "night.yaml", *TOKENS, "-o", "json"], now=NOW)
    text = capsys.readouterr().out
    read = CostOutput.model_validate_json(text, strict=True, extra="forbid")
    assert read.model_dump(mode="json", by_alias=True) == json.loads(text)
    assert [*json.loads(text)] == [row.split("`")[1] for row in table_after(PAGE, "## JSON and YAML")]


def test_yaml_says_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["cost", "night.yaml", *TOKENS, "-o", "json"], now=NOW)
    as_json = json.loads(capsys.readouterr().out)
    main(["cost", "night.yaml", *TOKENS, "-o", "yaml"], now=NOW)
    assert yaml.safe_load(capsys.readouterr().out) == as_json
