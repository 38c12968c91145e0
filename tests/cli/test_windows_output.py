"""``docs/windows-output.md`` tells what ``llamafleet windows`` prints: every key with its type, and views."""

import json
from pathlib import Path

import pytest
import yaml

from builders import NOW, ROOT
from cli.pages import enter_folder_of, rows, table_after
from llamafleet.api.base import Record
from llamafleet.cli import main
from llamafleet.cli.windows_output import HabitCost, OpenInterval, WindowsOutput

PAGE = (ROOT / "docs" / "windows-output.md").read_text("utf-8")
RANGE = ["--from", "2026-03-23", "--to", "2026-04-06"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the manifests that the page speaks of."""
    enter_folder_of(PAGE, tmp_path, monkeypatch)
    return tmp_path


@pytest.mark.parametrize(
    ("heading", "record"),
    [("## JSON and YAML", WindowsOutput), ("`intervals[]`:", OpenInterval), ("`comparison[]`:", HabitCost)],
    ids=["the answer", "an interval", "a comparison"],
)
def test_the_page_has_every_key_with_its_type(heading: str, record: type[Record]) -> None:
    assert table_after(PAGE, heading) == rows(record)


def test_every_answer_has_every_key_in_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    main(["windows", "night.yaml", *RANGE, "-o", "json"], now=NOW)
    text = capsys.readouterr().out
    read = WindowsOutput.model_validate_json(text, strict=True, extra="forbid")
    assert read.model_dump(mode="json", by_alias=True) == json.loads(text)
    assert [*json.loads(text)] == [row.split("`")[1] for row in table_after(PAGE, "## JSON and YAML")]
    assert [*json.loads(text)["intervals"][0]] == ["start", "end", "window", "minReplicas", "maxReplicas"]


def test_yaml_says_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["windows", "night.yaml", *RANGE, "-o", "json"], now=NOW)
    as_json = json.loads(capsys.readouterr().out)
    main(["windows", "night.yaml", *RANGE, "-o", "yaml"], now=NOW)
    assert yaml.safe_load(capsys.readouterr().out) == as_json
