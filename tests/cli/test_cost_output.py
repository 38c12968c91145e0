"""``docs/cost-output.md`` tells what ``llamafleet cost`` prints: every key with its type."""

import json
from pathlib import Path

import pytest
import yaml

from builders import NOW, ROOT
from cli.pages import enter_folder_of, rows, table_after
from llamafleet.api.base import Record
from llamafleet.cli import main
from llamafleet.cli.cost_output import ApiCost, BudgetCost, CostOutput, SpentCost

PAGE = (ROOT / "docs" / "cost-output.md").read_text("utf-8")
TOKENS = ["--tokens-per-month", "250M"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the manifests that the page speaks of."""
    enter_folder_of(PAGE, tmp_path, monkeypatch)
    return tmp_path


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("## JSON and YAML", CostOutput),
        ("`apis[]`:", ApiCost),
        ("`budget`:", BudgetCost),
        ("`spent`:", SpentCost),
    ],
    ids=["the answer", "an API", "a budget", "what was spent"],
)
def test_the_page_has_every_key_with_its_type(heading: str, record: type[Record]) -> None:
    assert table_after(PAGE, heading) == rows(record)


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
