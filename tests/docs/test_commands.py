"""Every command on every page is one that its program takes, about things that exist."""

import re
from pathlib import Path
from typing import Any

import pytest

from docs import llamafleet_commands
from docs.markdown import PAGES, Block, every_block, name, words_in_code
from docs.programs import CHECKS, UNCHECKED
from docs.sandbox import commands_of, furnish
from docs.shell import Command, commands, holds_commands
from llamafleet.cli.commands_page import commands_of as known_commands
from llamafleet.cli.main import command_line

pytestmark = pytest.mark.programs

WITH_COMMANDS = [page for page in PAGES if commands_of(page)]
LANGUAGES = {"bash", "console", "dockerfile", "indented", "json", "sh", "text", "yaml"}
GENERATED = {"docs/commands.md"}
"""Where usage is made from the parsers."""


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name)
def test_every_command_of_a_page_can_be_given(page: Path, tmp_path: Path) -> None:
    furnish(page, tmp_path)
    wrong = [said for command in commands_of(page) if (said := _said_against(command, tmp_path))]
    assert wrong == [], "\n".join(wrong)


def _said_against(command: Command, folder: Path) -> str:
    if command.program in UNCHECKED:
        return ""
    if command.program not in CHECKS:
        return f"{command.text}\n  nobody knows how to check {command.program}"
    try:
        CHECKS[command.program](command, folder)
    except (AssertionError, StopIteration) as error:
        return f"{command.text}\n  {error}"
    return ""


def test_no_program_is_excused_that_no_page_names() -> None:
    assert (
        UNCHECKED.keys()
        == {command.program for page in PAGES for command in commands_of(page)} - CHECKS.keys()
    )


def test_every_block_says_what_it_is_in() -> None:
    """A command in a block of no language would be checked by nobody."""
    assert [block.where for block in every_block() if block.language not in LANGUAGES] == []
    shy = [
        block.where
        for block in every_block("text")
        if re.match(r"(kubectl|helm|make|llamafleet) [a-z]", block.text)
    ]
    assert {where.partition(":")[0] for where in shy} <= GENERATED, "these are commands: call them bash"


def in_sentences(*programs: str) -> list[Any]:
    """What stands between backticks in the text of a page and begins with one of these programs."""
    return [
        pytest.param(page, words, id=f"{name(page)}, {words}")
        for page in PAGES
        for words in dict.fromkeys(words_in_code(page))
        if words.partition(" ")[0] in programs and len(words.split()) > 2
    ]


@pytest.mark.parametrize(("page", "words"), in_sentences("llamafleet"))
def test_a_command_of_ours_in_a_sentence_has_its_options(page: Path, words: str) -> None:
    """Its files are not the reader's yet, so it is not run."""
    assert page.is_file()
    _, command, *rest = words.split()
    assert command in known_commands(command_line())
    given = {word.partition("=")[0] for word in rest if word.startswith("--")}
    assert given <= llamafleet_commands.options(command), words


@pytest.mark.parametrize(("page", "words"), in_sentences("kubectl", "helm", "make"))
def test_a_command_in_a_sentence_can_be_given(page: Path, words: str, tmp_path: Path) -> None:
    furnish(page, tmp_path)
    for command in commands(Block(page, 0, "bash", words)):
        CHECKS[command.program](command, tmp_path)


def test_blocks_of_commands_are_found() -> None:
    assert sum(holds_commands(block) for block in every_block()) > 50
