"""``docs/simulate-output.md`` tells what ``llamafleet simulate`` prints: every key with its type, a view.

``pytest tests/rendering tests/cli/test_simulate_output.py --update-golden`` writes what is printed now,
into this page and into the README.
"""

import json
import re
import shlex
from pathlib import Path

import pytest

from builders import NOW, ROOT
from cli.pages import rows, table_after
from llamafleet.api.base import Record
from llamafleet.cli import main
from llamafleet.cli.arguments import POLICIES
from llamafleet.cli.simulate_output import DecidedBy, ModelUsed, SeriesPoint, SimulateOutput, WaitSeconds

FILE = ROOT / "docs" / "simulate-output.md"
PAGE = FILE.read_text("utf-8")
README = ROOT / "README.md"
SUMS = re.compile(r"llamafleet (simulate .+)\n\n```text\n((?:.*\n)*?)…\n```\n")
VIEW = re.compile(r"```console\n\$ llamafleet (.+)\n((?:.*\n)*?)```")
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


def test_the_page_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    (found,) = VIEW.finditer(PAGE)
    command, view = found.groups()
    assert main(shlex.split(command), now=NOW) == 0
    printed = capsys.readouterr().out
    if request.config.getoption("--update-golden", default=False):
        FILE.write_text(PAGE[: found.start(2)] + printed + PAGE[found.end(2) :], "utf-8")
        return
    assert printed == view


def test_the_readme_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The sums, without what follows them."""
    monkeypatch.chdir(ROOT)
    page = README.read_text("utf-8")
    (found,) = SUMS.finditer(page)
    command, sums = found.groups()
    assert main(shlex.split(command), now=NOW) == 0
    printed = capsys.readouterr().out.partition("\nWhat decided")[0]
    if request.config.getoption("--update-golden", default=False):
        README.write_text(page[: found.start(2)] + printed + page[found.end(2) :], "utf-8")
        return
    assert printed == sums


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
