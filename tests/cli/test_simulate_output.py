"""``docs/simulate-output.md`` tells what ``llamafleet simulate`` prints: every key with its type."""

import json
import re
from pathlib import Path

import pytest

from builders import NOW, ROOT
from cli.pages import rows, table_after
from llamafleet.api.base import Record
from llamafleet.cli import main
from llamafleet.cli.arguments import POLICIES
from llamafleet.cli.simulate_output import DecidedBy, ModelUsed, SeriesPoint, SimulateOutput, WaitSeconds

PAGE = (ROOT / "docs" / "simulate-output.md").read_text("utf-8")
TRACE = "azure-conv-2023.csv.gz"
QUICK = ["simulate", "chat.yaml", "--trace", TRACE, "--start", "2026-11-23T09:00:00+01:00"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page speaks of."""
    (tmp_path / "chat.yaml").write_text(PAGE.partition("```yaml\n")[2].partition("```")[0])
    (tmp_path / TRACE).symlink_to(ROOT / "tests" / "traces" / TRACE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("## JSON and YAML", SimulateOutput),
        ("`waitSeconds`:", WaitSeconds),
        ("`model`:", ModelUsed),
        ("`decidedBy[]`:", DecidedBy),
        ("`series[]`:", SeriesPoint),
    ],
    ids=["the answer", "waits", "the model", "what decided", "the series"],
)
def test_the_page_has_every_key_with_its_type(heading: str, record: type[Record]) -> None:
    assert table_after(PAGE, heading) == rows(record)


def test_every_answer_has_every_key_in_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    main([*QUICK, "-o", "json"], now=NOW)
    text = capsys.readouterr().out
    read = SimulateOutput.model_validate_json(text, extra="forbid")
    assert read.model_dump(mode="json", by_alias=True) == json.loads(text)
    assert [*json.loads(text)] == [row.split("`")[1] for row in table_after(PAGE, "## JSON and YAML")]


def test_the_policies_of_the_page_are_those_of_the_command() -> None:
    table = PAGE.partition("| `--policy` | What decides |\n| --- | --- |\n")[2].partition("\n\n")[0]
    named = [word for row in table.splitlines() for word in re.findall(r"`([a-z-]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(POLICIES)
