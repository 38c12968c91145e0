"""What a page shows below a command of ours is what the command prints, to the letter.

``pytest tests/docs/test_outputs.py --update-golden`` writes what is printed now into the pages.
What only a cluster can print is shown as text, and not as console.
"""

from itertools import islice
from pathlib import Path

import pytest

from docs.llamafleet_commands import run
from docs.markdown import PAGES, name
from docs.sandbox import commands_of, furnish
from docs.shell import Command

SHOWN = [command for page in PAGES for command in commands_of(page) if command.output is not None]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colours, whatever the terminal of the tests wants."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.mark.parametrize("command", SHOWN, ids=lambda command: command.text)
def test_a_page_shows_what_is_printed(command: Command, tmp_path: Path, *, update_golden: bool) -> None:
    assert command.program == "llamafleet", "nobody can tell what another program prints"
    furnish(command.block.page, tmp_path)
    _, printed = run(command.words[1:], tmp_path)
    for follower in command.piped:
        printed = _cut(printed, follower)
    if update_golden:
        _write(command, printed)
        return
    assert printed == command.output


def _cut(text: str, words: tuple[str, ...]) -> str:
    """What ``head -n`` or ``tail -n`` leaves of a text."""
    program, option, count = words
    assert option == "-n"
    lines = text.splitlines(keepends=True)
    return "".join(islice(lines, int(count)) if program == "head" else lines[-int(count) :])


def _write(command: Command, printed: str) -> None:
    page, before = command.block.page, command.block.text
    after = (
        before.replace(command.output or "", printed) if command.output else f"{before.rstrip()}\n{printed}"
    )
    page.write_text(page.read_text("utf-8").replace(before, after, 1), "utf-8")


def test_outputs_are_found() -> None:
    assert {name(command.block.page) for command in SHOWN} >= {"docs/plan-output.md", "docs/budget.md"}
